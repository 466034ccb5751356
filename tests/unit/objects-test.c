/*
 * Objects, contents, and values in objects.
 */
#include "base/base.h"

#include <fcntl.h>

#include "base/arena.h"
#include "base/cbor.h"
#include "base/clock.h"
#include "base/path.h"
#include "base/strbuf.h"
#include "base/strvec.h"
#include "model/artifact.h"
#include "store/content.h"
#include "store/files.h"
#include "store/objects.h"
#include "store/store.h"
#include "store/values.h"
#include "work-dir.h"

static struct store *store;
static struct files *files;

/* The path of the object D; the caller frees it. */
static char *
object_path(const struct digest *d, const char *name)
{
	struct strbuf sb = STRBUF_INIT;

	object_add_path(&sb, d, name);
	return strbuf_detach(&sb, NULL);
}

static bool
exists(const char *path)
{
	return access(path, F_OK) == 0;
}

static mode_t
mode_of(const char *path)
{
	struct stat st;

	return lstat(path, &st) < 0 ? 0 : st.st_mode & 0777;
}

/* The digest of the file PATH. */
static struct digest
digest_file(const char *path)
{
	struct digest d;
	struct stat st;

	must(stat(path, &st));
	must(content_of_file(path, &st, &d, &err));
	return d;
}

/* The digest of the directory PATH. */
static struct digest
digest_tree(const char *path)
{
	struct digest d;
	uint64_t size;

	must(content_of_tree(path, NULL, NULL, &d, &size, &err));
	return d;
}

static void
test_bytes(void)
{
	struct strbuf sb = STRBUF_INIT;
	struct error e = ERROR_INIT;
	struct digest d, again, other = { { 1 } };
	char *path;

	must(object_put_bytes("hello", 5, &d, &err));
	path = object_path(&d, NULL);
	ok(object_exists(&d, NULL) && !object_exists(&other, NULL),
	   "an object is there once it was put");
	is_int(mode_of(path), 0444, "and is read-only");
	must(object_put_bytes("hello", 5, &again, &err));
	ok(digest_equal(&d, &again), "equal bytes are one object");
	strbuf_adds(&sb, "<");
	must(object_read(&d, &sb, &err));
	is_str(sb.buf, "<hello", "its content is appended when it is read");
	must(chmod(path, 0644));
	put(path, "jello");
	ok(object_read(&d, &sb, &e) < 0 && failed_with(&e, path),
	   "a damaged object is refused by name");
	is_str(sb.buf, "<hello", "and none of it is handed out");
	put(path, "");
	ok(!object_exists(&d, NULL), "one that a crash emptied is not there");
	must(object_put_bytes("hello", 5, &d, &err));
	ok(object_exists(&d, NULL), "and can be put again");
	must(object_put_bytes("", 0, &d, &err));
	ok(object_exists(&d, NULL), "one that is meant to be empty is there");
	ok(object_read(&other, &sb, &e) < 0 && failed_with(&e, "the store has lost "),
	   "what is not there cannot be read");
	free(path);
	strbuf_release(&sb);
}

static void
test_files(void)
{
	struct digest d, x;
	char *path, *named;
	struct strbuf sb = STRBUF_INIT;

	put("made", "content");
	d = digest_file("made");
	must(chmod("made", 0755));
	x = digest_file("made");
	ok(!digest_equal(&d, &x), "the executable bit is content");
	must(object_take("made", &x, NULL, files, &err));
	path = object_path(&x, NULL);
	is_int(mode_of(path), 0555, "an executable file stays one");
	must(object_read(&x, &sb, &err));
	is_str(sb.buf, "content", "and is verified as one");
	ok(!exists("made"), "a file that is taken is moved");
	put("made", "content");
	must(object_take("made", &d, "clip.mp4", files, &err));
	named = object_path(&d, "clip.mp4");
	free(path);
	path = object_path(&d, NULL);
	ok(exists(named) && exists(path) && object_exists(&d, "clip.mp4"),
	   "a result with a name has both paths");
	ok(strstr(named, "/clip.mp4"), "one of which ends in the name");
	is_int(mode_of(named), 0444, "both are read-only");
	put("twin", "content");
	must(object_take("twin", &d, "other.mp4", files, &err));
	ok(!exists("twin") && object_exists(&d, "other.mp4"),
	   "a twin is removed, and its name added");
	put("target", "far");
	must(symlink("target", "link"));
	x = digest_file("link");
	must(object_take("link", &x, NULL, files, &err));
	ok(exists("target") && mode_of("link") == 0 && object_exists(&x, NULL),
	   "of a symlink the content is taken, and what it points to stays");
	free(path);
	free(named);
	strbuf_release(&sb);
}

/* The ctime of PATH in ns. */
static int64_t
changed_ns(const char *path)
{
	struct stat st;

	must(lstat(path, &st));
	return st.st_ctim.tv_sec * NS_PER_S + st.st_ctim.tv_nsec;
}

/* Wait until a change gets another time than that of PATH. */
static void
next_tick(const char *path)
{
	int64_t then = changed_ns(path);

	do
		put("tick", "");
	while (changed_ns("tick") <= then);
}

static void
damage(const char *path, const char *text)
{
	int fd;

	must(chmod(path, 0644));
	fd = must(open(path, O_WRONLY | O_TRUNC));
	must(file_write_all(fd, text, strlen(text), &err));
	must(close(fd));
}

static void
test_twins(void)
{
	struct strbuf sb = STRBUF_INIT;
	struct digest d, bytes;
	char *path, *named;

	put("made", "once");
	d = digest_file("made");
	must(object_take("made", &d, "o.txt", files, &err));
	path = object_path(&d, NULL);
	named = object_path(&d, "o.txt");
	damage(path, "torn");
	put("made", "once");
	must(object_take("made", &d, "o.txt", files, &err));
	must(object_read(&d, &sb, &err));
	is_str(sb.buf, "once", "a damaged twin is replaced");
	strbuf_reset(&sb);
	must(file_read(named, &sb, &err));
	is_str(sb.buf, "once", "under its name too");
	must(unlink(named));
	put(named, "other");
	put("made", "once");
	must(object_take("made", &d, "o.txt", files, &err));
	strbuf_reset(&sb);
	must(file_read(named, &sb, &err));
	is_str(sb.buf, "once", "even where that is another file");
	must(object_put_bytes("value", 5, &bytes, &err));
	free(path);
	path = object_path(&bytes, NULL);
	damage(path, "velua");
	must(object_put_bytes("value", 5, &bytes, &err));
	strbuf_reset(&sb);
	must(object_read(&bytes, &sb, &err));
	is_str(sb.buf, "value", "so is that of a value");
	free(path);
	free(named);
	strbuf_release(&sb);
}

/* Make a file that is not hashed by the way. */
static void
put_large(const char *path)
{
	put(path, "kept");
	must(truncate(path, 2 * FILES_COSTLY_BYTES));
}

static void
test_kept(void)
{
	struct digest d, none = { { 9 } };
	struct stat st;
	int64_t then;
	char *path;

	put_large("made");
	d = digest_file("made");
	must(object_take("made", &d, "k.txt", files, &err));
	path = object_path(&d, NULL);
	next_tick(path);
	then = changed_ns(path);
	is_int(object_keep(&d, "k.txt", files, &err), 1,
	       "an object that is there is kept");
	ok(changed_ns(path) > then, "and its ctime says so");
	free(path);
	path = object_path(&d, "k.txt");
	ok(!files_is_costly(files, path, &st),
	   "for which nobody need hash it again");
	then = changed_ns(path);
	is_int(object_keep(&d, "l.txt", files, &err), 0,
	       "not under a name that it has not");
	is_int(object_keep(&none, NULL, files, &err), 0,
	       "nor one that is not there");
	next_tick(path);
	put_large("made");
	must(object_take("made", &d, NULL, files, &err));
	ok(changed_ns(path) > then, "to take its twin keeps it, too");
	free(path);
	must(object_put_bytes("kept value", 10, &d, &err));
	path = object_path(&d, NULL);
	next_tick(path);
	then = changed_ns(path);
	must(object_put_bytes("kept value", 10, &d, &err));
	ok(changed_ns(path) > then, "or to put its bytes again");
	free(path);
}

/* What has another name in the project must not be one file with the object. */
static void
test_links(void)
{
	struct digest d;
	struct file_state state;
	char *path, *inside;

	put("mine", "linked");
	must(link("mine", "made"));
	d = digest_file("made");
	must(object_take("made", &d, NULL, files, &err));
	path = object_path(&d, NULL);
	ok(!exists("made") && mode_of(path) == 0444 && mode_of("mine") == 0644,
	   "a file with another name is copied, and that left as it is");
	damage("mine", "edited");
	is_int(object_verify(&d, NULL, files, &err), 1,
	       "so that an edit there does no harm");
	free(path);
	must(mkdir("linked", 0777));
	must(link("mine", "linked/file"));
	must(files_digest(files, "linked", &state, &err));
	must(object_take("linked", &state.digest, NULL, files, &err));
	path = object_path(&state.digest, NULL);
	inside = path_join(path, "file");
	ok(mode_of(inside) == 0444 && mode_of("mine") == 0644,
	   "the same inside a directory");
	free(path);
	free(inside);
}

static void
test_bad_names(void)
{
	struct error e = ERROR_INIT;
	struct digest d;

	put("made", "x");
	d = digest_file("made");
	ok(object_take("made", &d, "../../up", files, &e) < 0 &&
		   failed_with(&e, "name of a file") && exists("made"),
	   "a name cannot lead out of the store");
	ok(object_take("made", &d, "..", files, &e) < 0 &&
		   failed_with(&e, "name of a file"),
	   "nor can two dots");
	ok(object_take("gone", &d, NULL, files, &e) < 0 &&
		   failed_with(&e, "'gone'"),
	   "a file that is not there is named");
}

/* Make a tree with one of each kind. */
static void
make_tree(const char *top)
{
	must(mkdir(top, 0777));
	must(chdir(top));
	must(file_make_dirs("a/empty", &err));
	put("a/file", "1");
	put("b", "2");
	must(symlink("../nowhere", "link"));
	must(chdir(".."));
}

static void
test_trees(void)
{
	struct digest d, e2;
	struct error e = ERROR_INIT;
	uint64_t size;
	char *path, *named;

	make_tree("t1");
	make_tree("t2");
	d = digest_tree("t1");
	e2 = digest_tree("t2");
	ok(digest_equal(&d, &e2), "equal trees have equal digests");
	must(rmdir("t2/a/empty"));
	e2 = digest_tree("t2");
	ok(!digest_equal(&d, &e2), "an empty directory is content");
	must(mkdir("t2/a/empty", 0777));
	must(unlink("t2/link"));
	must(symlink("../elsewhere", "t2/link"));
	e2 = digest_tree("t2");
	ok(!digest_equal(&d, &e2), "a symlink's target is content");
	must(mkfifo("t2/fifo", 0666));
	ok(content_of_tree("t2", NULL, NULL, &e2, &size, &e) < 0 &&
		   failed_with(&e, "'t2/fifo' is a fifo"),
	   "a fifo in a directory is refused by name");
	must(object_take("t1", &d, "frames", files, &err));
	named = object_path(&d, "frames");
	path = object_path(&d, NULL);
	ok(!exists("t1") && object_exists(&d, "frames"),
	   "a directory can be taken under a name");
	e2 = digest_tree(named);
	ok(digest_equal(&d, &e2), "with all that was in it");
	ok(object_exists(&d, NULL), "and can be found without the name");
	must(chdir(named));
	is_int(mode_of("a/file"), 0444, "its files are read-only");
	must(chdir(work_dir));
	make_tree("t1");
	must(object_take("t1", &d, "frames", files, &err));
	ok(!exists("t1"), "its twin is removed");
	make_tree("t1");
	must(object_take("t1", &d, NULL, files, &err));
	ok(!exists("t1") && object_exists(&d, NULL) &&
		   mode_of(path) == 0755,
	   "the same without a name is a directory of its own");
	free(path);
	free(named);
}

/* A tree much deeper than a stack frame a level would allow. */
static void
test_deep_tree(void)
{
	enum { DEPTH = 1500 };
	struct strbuf path = STRBUF_INIT;
	struct digest d;
	int i;

	strbuf_adds(&path, "deep");
	for (i = 0; i < DEPTH; i++)
		strbuf_adds(&path, "/d");
	must(file_make_dirs(path.buf, &err));
	d = digest_tree("deep");
	ok(!digest_is_zero(&d), "a tree may be very deep");
	strbuf_release(&path);
}

/* ---- values ---- */

/* Store VALUE and load it again; true when it comes back as it was. */
static bool
value_returns(const struct strbuf *value, enum artifact_format format)
{
	struct strbuf back = STRBUF_INIT;
	struct artifact a;
	struct arena arena;
	bool same;

	arena_init(&arena);
	must(artifact_from_value("x", value->buf, value->len, &arena, &a,
				 &err));
	must(artifact_load_value(&a, &back, &err));
	same = a.format == format && back.len == value->len &&
	       !memcmp(back.buf, value->buf, back.len);
	strbuf_release(&back);
	arena_release(&arena);
	return same;
}

static void
test_values(void)
{
	struct strbuf v = STRBUF_INIT;
	char text[2000];
	int i;

	cbor_put_int(&v, -5);
	ok(value_returns(&v, ARTIFACT_INLINE), "a small value stays inline");
	memset(text, 'x', sizeof(text));
	strbuf_reset(&v);
	cbor_put_text(&v, text, sizeof(text));
	ok(value_returns(&v, ARTIFACT_TEXT), "a long string is kept as text");
	text[77] = '\xff';
	strbuf_reset(&v);
	cbor_put_text(&v, text, sizeof(text));
	ok(value_returns(&v, ARTIFACT_TEXT), "also one that is not UTF-8");
	strbuf_reset(&v);
	cbor_put_bytes(&v, text, sizeof(text));
	ok(value_returns(&v, ARTIFACT_BYTES), "a bytevector as its bytes");
	strbuf_reset(&v);
	cbor_put_array(&v, 2000);
	for (i = 0; i < 2000; i++)
		cbor_put_int(&v, i);
	ok(value_returns(&v, ARTIFACT_CBOR), "anything else as CBOR");
	strbuf_release(&v);
}

/* Store a .npy file of version 1 and load its value into CBOR. */
static int
load_npy(const char *header, const void *data, size_t len, struct strbuf *cbor,
	 struct error *e)
{
	struct strbuf file = STRBUF_INIT;
	struct artifact a = { .name = "m", .format = ARTIFACT_NPY };

	strbuf_add(&file, "\x93NUMPY\x01\x00", 8);
	strbuf_addch(&file, (char)strlen(header));
	strbuf_addch(&file, 0);
	strbuf_adds(&file, header);
	strbuf_add(&file, data, len);
	must(object_put_bytes(file.buf, file.len, &a.digest, &err));
	a.size_bytes = file.len;
	strbuf_release(&file);
	strbuf_reset(cbor);
	return artifact_load_value(&a, cbor, e);
}

static void
test_arrays(void)
{
	static const double numbers[6] = { 1, 2, 3, 4, 5, 6 };
	struct strbuf cbor = STRBUF_INIT;
	struct error e = ERROR_INIT;
	struct artifact big = { .name = "m", .format = ARTIFACT_NPY,
				.size_bytes = UINT64_C(3) << 30 };
	struct cbor c;
	size_t len;

	must(load_npy("{'descr': '<f8', 'fortran_order': False, "
		      "'shape': (6,), }\n", numbers, 48, &cbor, &err));
	cbor_init(&c, cbor.buf, cbor.len);
	ok(cbor_next(&c).n == 86 &&
		   !memcmp(cbor_get_bytes(&c, &len), numbers, 48) &&
		   len == 48 && !cbor_finish(&c, "", NULL),
	   "a vector of doubles is a typed array");
	must(load_npy("{'descr': '<i4', 'fortran_order': True, "
		      "'shape': (3, 4), }\n", numbers, 48, &cbor, &err));
	cbor_init(&c, cbor.buf, cbor.len);
	ok(cbor_next(&c).n == 1040 && cbor_get_array(&c) == 2 &&
		   cbor_get_array(&c) == 2 && cbor_get_uint(&c) == 3 &&
		   cbor_get_uint(&c) == 4 && cbor_next(&c).n == 78,
	   "a matrix has its shape and order with it");
	ok(load_npy("{'descr': '<f8', 'fortran_order': False, 'shape': "
		    "(7,), }", numbers, 48, &cbor, &e) < 0 &&
		   failed_with(&e, "--file"),
	   "a shape that does not fit is refused");
	ok(load_npy("{'descr': '<c16', 'shape': (3,), }", numbers, 48, &cbor,
		    &e) < 0 && failed_with(&e, "--file"),
	   "so is a type without a counterpart");
	ok(artifact_load_value(&big, &cbor, &e) < 0 &&
		   failed_with(&e, "too large"),
	   "an array too large to show is not read");
	strbuf_release(&cbor);
}

static void
test_path(void)
{
	struct digest d = digest_of("x", 1), back;
	char *path = object_path(&d, NULL), *named = object_path(&d, "x");

	ok(object_path_digest(path, strlen(path), &back) &&
	   digest_equal(&d, &back), "the path of an object says its digest");
	ok(!object_path_digest(named, strlen(named), &back) &&
	   !object_path_digest(path, strlen(path) - 1, &back) &&
	   !object_path_digest("", 0, &back), "others say none");
	path[20] = 'g';
	ok(!object_path_digest(path, strlen(path), &back),
	   "nor do those that are not hexadecimal");
	free(path);
	free(named);
}

int
main(void)
{
	enter_work_dir();
	test_path();
	store = store_open(STORE_WRITE, &err);
	must(store ? 0 : -1);
	files = files_new(store, &clock_system);
	test_bytes();
	test_files();
	test_twins();
	test_kept();
	test_links();
	test_bad_names();
	test_trees();
	test_deep_tree();
	test_values();
	test_arrays();
	files_free(files);
	must(store_close(store, &err));
	leave_work_dir();
	return done_testing();
}
