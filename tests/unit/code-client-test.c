/*
 * The client of flowmake-git.
 */
#include "base/base.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>

#include "base/cbor.h"
#include "base/clock.h"
#include "base/path.h"
#include "base/strbuf.h"
#include "base/strvec.h"
#include "flow/code.h"
#include "model/code-wire.h"
#include "store/store.h"
#include "sys/frame.h"
#include "sys/loop.h"
#include "work-dir.h"

enum { HELPER_FD = 3 };

/* What the helper does, by the number of the run. */
enum {
	FAKE_ANSWER = 1,
	FAKE_ERROR,
	FAKE_HANG,
	FAKE_CRASH,
	FAKE_GARBAGE,
	FAKE_LEAVE, /* without an answer */
	FAKE_HISTORY,
};

static char flow_file[] = "Flowfile";
static char *names[] = { flow_file, NULL };
static const struct strvec loaded = { .v = names, .count = 1 };
static struct loop *loop;

/* ---- the helper ---- */

static void
fake_send(unsigned type, struct strbuf *sb)
{
	if (frame_write(HELPER_FD, type, sb->buf, sb->len, NULL, 0, NULL) < 0)
		_exit(9);
	strbuf_reset(sb);
}

/* Ask about "made" and "mine". */
static void
fake_ask(struct strbuf *sb)
{
	struct strbuf answer = STRBUF_INIT;
	unsigned type;

	cbor_put_array(sb, 2);
	cbor_put_str(sb, "mine");
	cbor_put_str(sb, "made");
	fake_send(CODE_ASK, sb);
	/* [1] */
	if (frame_read(HELPER_FD, &type, &answer, NULL, 0, NULL, NULL) <= 0 ||
	    type != CODE_MADE || answer.len != 2 || answer.buf[1] != 1)
		_exit(8);
	strbuf_release(&answer);
}

static void
fake_taken(struct strbuf *sb)
{
	cbor_put_map(sb, 8);
	cbor_put_str(sb, "seen");
	cbor_put_bytes(sb, "Flowfile", 8);
	cbor_put_str(sb, "commit");
	cbor_put_null(sb);
	cbor_put_str(sb, "branch");
	cbor_put_str(sb, "main");
	cbor_put_str(sb, "of a later version");
	cbor_put_array(sb, 1);
	cbor_put_bool(sb, true);
	cbor_put_str(sb, "tree");
	cbor_put_str(sb, "0123");
	cbor_put_str(sb, "changed-count");
	cbor_put_uint(sb, 7);
	cbor_put_str(sb, "changed");
	cbor_put_array(sb, 0);
	cbor_put_str(sb, "left-out");
	cbor_put_array(sb, 1);
	cbor_put_str(sb, "data: 1 GB");
	fake_send(CODE_TAKEN, sb);
}

/* The number of the run that is asked for. */
static uint64_t
fake_run(const struct strbuf *payload)
{
	struct cbor c;
	size_t n, len;
	const char *key;

	cbor_init(&c, payload->buf, payload->len);
	for (n = cbor_get_map(&c); n; n--) {
		key = cbor_get_text(&c, &len);
		if (cbor_key_is(key, len, "run"))
			return cbor_get_uint(&c);
		cbor_skip(&c);
	}
	return 0;
}

static void
fake_commits(struct strbuf *sb)
{
	cbor_put_array(sb, 1);
	cbor_put_array(sb, 6);
	cbor_put_uint(sb, 1);
	cbor_put_str(sb, "abcd");
	cbor_put_uint(sb, 86400);
	cbor_put_str(sb, "Ann");
	cbor_put_str(sb, "More");
	cbor_put_bool(sb, true);
	fake_send(CODE_COMMITS, sb);
}

static int
fake_main(void)
{
	struct strbuf payload = STRBUF_INIT, sb = STRBUF_INIT;
	unsigned type;

	if (frame_read(HELPER_FD, &type, &payload, NULL, 0, NULL, NULL) <= 0)
		return 0;
	switch (type == CODE_HISTORY ? FAKE_HISTORY : fake_run(&payload)) {
	case FAKE_HISTORY:
		fake_commits(&sb);
		break;
	case FAKE_ANSWER:
		fake_ask(&sb);
		fake_taken(&sb);
		break;
	case FAKE_ERROR:
		cbor_put_str(&sb, "it went wrong");
		fake_send(CODE_ERROR, &sb);
		break;
	case FAKE_HANG:
		for (;;)
			pause();
	case FAKE_CRASH:
		signal(SIGSEGV, SIG_DFL);
		raise(SIGSEGV);
		break;
	case FAKE_GARBAGE:
		fake_send(CODE_TAKEN, &sb);
		break;
	}
	strbuf_release(&payload);
	strbuf_release(&sb);
	return 0;
}

/* ---- the tests ---- */

struct heard {
	unsigned asked;
	struct code_record record;
	size_t seen_len;
};

static bool
on_ask(void *data, const char *path)
{
	struct heard *h = data;

	h->asked++;
	return !strcmp(path, "made");
}

static void
on_taken(void *data, const struct code_record *c, const char *seen,
	 size_t seen_len)
{
	struct heard *h = data;

	h->record = *c;
	h->seen_len = seen && !memcmp(seen, "Flowfile", seen_len) ? seen_len
								   : 0;
	h->record.branch = xstrdup(c->branch);
	h->record.tree = xstrdup(c->tree);
}

static const struct code_events events = {
	.is_made = on_ask,
	.taken = on_taken,
};

/* Ask for the snapshot of RUN; the result of code_wait. */
static int
take(unsigned run, struct heard *h, int64_t limit_ns)
{
	struct code *c = code_start(loop, &events, h, &err);
	int rc;

	if (!c)
		must(-1);
	code_snapshot(c, run, 0, &loaded);
	rc = code_wait(c, limit_ns, NULL, &err);
	code_free(c);
	return rc;
}

static void
test_answer(void)
{
	struct heard h = { .asked = 0 };

	ok(!take(FAKE_ANSWER, &h, 0), "a snapshot is taken");
	ok(h.asked == 2, "the helper is told what tasks make");
	ok(h.record.run == FAKE_ANSWER && !h.record.commit &&
	   h.record.changed_count == 7 && h.record.left_out_len == 12,
	   "its record comes, and what is not known of it is skipped");
	is_str(h.record.branch, "main", "with the branch");
	is_str(h.record.tree, "0123", "and the tree");
	is_int((intmax_t)h.seen_len, 8, "and with what was looked at");
	free((char *)h.record.branch);
	free((char *)h.record.tree);
}

static void
on_changed(void *data, size_t i, const struct code_commit *c)
{
	*(bool *)data = i == 1 && !strcmp(c->id, "abcd") &&
		c->time_s == 86400 && !strcmp(c->author, "Ann") &&
		!strcmp(c->summary, "More") && c->is_undone;
}

static void
test_history(void)
{
	static const struct code_events changes = { .changed = on_changed };
	char a[] = "a", b[] = "b", *const paths[] = { a, b, NULL };
	bool heard = false;
	struct code *c = code_start(loop, &changes, &heard, &err);

	if (!c)
		must(-1);
	code_history(c, 15, "0123", "4567", paths);
	ok(!code_wait(c, 0, NULL, &err) && heard,
	   "the commits that changed a file are told");
	code_free(c);
}

static void
test_failures(void)
{
	struct heard h = { .asked = 0 };

	ok(take(FAKE_ERROR, &h, 0) < 0 && failed_with(&err, "it went wrong"),
	   "a failure comes in its words");
	ok(take(FAKE_CRASH, &h, 0) < 0 &&
	   failed_with(&err, "flowmake-git ended unexpectedly: killed by "
		       "signal 11"), "a helper that crashes is named");
	ok(take(FAKE_LEAVE, &h, 0) < 0 &&
	   failed_with(&err, "flowmake-git ended unexpectedly"),
	   "one that leaves without an answer, too");
	ok(take(FAKE_GARBAGE, &h, 0) < 0 &&
	   failed_with(&err, "a message from flowmake-git is damaged"),
	   "nonsense is no answer");
	ok(take(FAKE_HANG, &h, 30 * NS_PER_MS) < 0 &&
	   failed_with(&err, "it took more than 0.0s"),
	   "nobody waits for ever");
}

static void
interrupt(void *data)
{
	*(bool *)data = true;
}

static void
test_interrupt(void)
{
	struct loop_timer timer = LOOP_TIMER_INIT;
	struct heard h = { .asked = 0 };
	bool interrupted = false;
	struct code *c = code_start(loop, &events, &h, &err);

	if (!c)
		must(-1);
	code_snapshot(c, FAKE_HANG, 0, &loaded);
	loop_timer_start(loop, &timer, loop_now_ns(loop), interrupt,
			 &interrupted);
	ok(code_wait(c, 0, &interrupted, &err) < 0 &&
	   failed_with(&err, "interrupted"), "an interrupt ends the waiting");
	code_free(c);
	setenv("FLOWMAKE_LIBEXEC", work_dir, true);
	ok(!code_start(loop, &events, &h, &err) &&
	   failed_with(&err, "flowmake-git"), "a missing helper is named");
}

int
main(int argc, char **argv)
{
	char *dir, *self;

	if (argc && !strcmp(path_base(argv[0]), "flowmake-git"))
		return fake_main();
	enter_work_dir();
	self = realpath("/proc/self/exe", NULL);
	dir = path_join(work_dir, "libexec");
	if (!self || mkdir(dir, 0777) < 0 ||
	    symlink(self, "libexec/flowmake-git") < 0)
		bug("no helper");
	setenv("FLOWMAKE_LIBEXEC", dir, true);
	loop = loop_new(&clock_system, &err);
	if (!loop)
		must(-1);
	test_answer();
	test_history();
	test_failures();
	test_interrupt();
	loop_free(loop);
	free(dir);
	free(self);
	leave_work_dir();
	return done_testing();
}
