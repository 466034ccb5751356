/*
 * Stamps of files.
 */
#include "base/base.h"

#include "base/clock.h"
#include "sys/stamp.h"
#include "tap.h"

static const struct stat st = {
	.st_size = 5,
	.st_mtim = { .tv_sec = 1, .tv_nsec = 2 },
	.st_ctim = { .tv_sec = 3, .tv_nsec = 4 },
	.st_ino = 7,
};

/* Check that what has the stat OTHER does not have the stamp of st. */
static void
is_other(const struct stat *other, const char *what)
{
	struct stamp a = stamp_of(&st), b = stamp_of(other);

	ok(!stamp_is_of(&a, other) && !stamp_equal(&a, &b), "%s counts", what);
}

int
main(void)
{
	struct stamp s = stamp_of(&st);
	struct stat other = st;

	other.st_mode = S_IFREG;
	other.st_nlink = 2;
	ok(stamp_is_of(&s, &other), "how many names a file has does not count");
	other = st;
	other.st_size++;
	is_other(&other, "its size");
	other = st;
	other.st_mtim.tv_nsec++;
	is_other(&other, "when it was written");
	other = st;
	other.st_ctim.tv_sec++;
	is_other(&other, "when it was changed in any way");
	other = st;
	other.st_ino++;
	is_other(&other, "which file it is");
	stamp_to_stat(&s, &other);
	ok(stamp_is_of(&s, &other) && other.st_ctim.tv_nsec == 4,
	   "the stat that a stamp gives has that stamp");
	s.mtime_ns = -NS_PER_S / 2;
	stamp_to_stat(&s, &other);
	ok(stamp_is_of(&s, &other), "also of a time before 1970");
	return done_testing();
}
