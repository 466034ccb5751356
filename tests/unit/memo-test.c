/*
 * Memos of pure Flowfiles: what of them is still true.
 */
#include "base/base.h"

#include "flow/memo.h"

#include <stdlib.h>
#include <string.h>

#include "base/cbor.h"
#include "base/strbuf.h"
#include "base/strvec.h"
#include "flow/evaluator.h"
#include "model/wire.h"
#include "sys/wildcard.h"
#include "work-dir.h"

extern char **environ;

static unsigned looks; /* at variables that a question is about */

/* In place of the C library's, so that looks can be counted. */
char *
getenv(const char *name)
{
	size_t len = strlen(name);
	char **v;

	looks += !strncmp(name, "ASKED_", 6);
	for (v = environ; v && *v; v++)
		if (!strncmp(*v, name, len) && (*v)[len] == '=')
			return *v + len + 1;
	return NULL;
}

static struct memo *
open_memo(void)
{
	const struct evaluator_load how = {
		.file = "Flowfile", .cache_dir = "cache",
	};

	return memo_open(&how);
}

/* ---- what was looked at ---- */

/* A manifest of one look at the variable ASKED_WHAT, which gave ANSWER. */
static struct strbuf
look(const char *what, const char *answer)
{
	struct strbuf sb = STRBUF_INIT;
	char *name = xasprintf("ASKED_%s", what);

	cbor_put_array(&sb, 1);
	cbor_put_array(&sb, 4);
	cbor_put_str(&sb, "getenv");
	cbor_put_str(&sb, name);
	cbor_put_str(&sb, answer);
	cbor_put_null(&sb);
	free(name);
	return sb;
}

static void
set(const char *what, const char *value)
{
	char *name = xasprintf("ASKED_%s", what);

	setenv(name, value, 1);
	free(name);
}

/* Let the Flowfile be loaded, which looks at one variable. */
static void
add_load(struct memo *m)
{
	struct strbuf seen = look("LOAD", "loaded");

	memo_add_load(m, WIRE_LOADED, "rules", 5);
	memo_add_manifest(m, seen.buf, seen.len);
	strbuf_release(&seen);
}

static struct digest
question(const char *name)
{
	return digest_of(name, strlen(name));
}

/* Let question NAME be answered by ANSWER, which looked at a variable of its
 * name, which said VALUE. */
static void
add(struct memo *m, const char *name, const char *value, const char *answer)
{
	struct strbuf seen = look(name, value);
	struct digest q = question(name);

	memo_add(m, &q, answer, strlen(answer), seen.buf, seen.len);
	strbuf_release(&seen);
}

/* Whether M says ANSWER (NULL: nothing) to question NAME. */
static bool
says(struct memo *m, const char *name, const char *answer)
{
	struct digest q = question(name);
	const char *frames;
	size_t len;

	frames = memo_find(m, &q, &len);
	if (!frames || !answer)
		return !frames && !answer;
	return len == strlen(answer) && !memcmp(frames, answer, len);
}

static bool
is_loaded(const struct memo *m)
{
	size_t len;

	return memo_load(m, &len);
}

/* A memo of two answers, just opened. */
static struct memo *
open_new(void)
{
	struct memo *m;

	must(file_remove_tree("cache", &err));
	must(mkdir("cache", 0777));
	set("LOAD", "loaded");
	set("A", "a");
	set("B", "b");
	m = open_memo();
	add_load(m);
	add(m, "A", "a", "answer A");
	add(m, "B", "b", "answer B");
	memo_close(m);
	return open_memo();
}

/* ---- tests ---- */

static void
test_known(void)
{
	struct memo *m = open_memo();

	ok(!is_loaded(m) && says(m, "A", NULL), "at first nothing is known");
	memo_close(m);
	m = open_new();
	ok(is_loaded(m) && says(m, "A", "answer A") &&
	   says(m, "B", "answer B"), "what was added is known");
	ok(says(m, "C", NULL), "what was not asked is not");
	memo_close(m);
}

static void
test_changes(void)
{
	struct memo *m = open_new();

	set("A", "other");
	ok(says(m, "A", NULL) && says(m, "B", "answer B"),
	   "what changes while it is open makes just its own answer unknown");
	set("A", "a");
	ok(says(m, "A", "answer A"), "until it is as it was");
	set("A", "other");
	memo_close(m);
	m = open_memo();
	ok(is_loaded(m) && says(m, "A", NULL) && says(m, "B", "answer B"),
	   "so does what changed before it is opened");
	add(m, "A", "other", "another answer A");
	memo_close(m);
	m = open_memo();
	ok(says(m, "A", "another answer A") && says(m, "B", "answer B"),
	   "the new answer is kept beside the others");
	set("LOAD", "other");
	memo_close(m);
	m = open_memo();
	ok(!is_loaded(m) && says(m, "B", NULL),
	   "what changes of what loading looked at makes all unknown");
	memo_close(m);
}

static void
test_replaced(void)
{
	struct digest q = question("A");
	const char *frames;
	struct memo *m;
	size_t len;

	m = open_new();
	frames = memo_find(m, &q, &len);
	set("A", "other");
	add(m, "A", "other", "another answer A");
	ok(says(m, "A", "another answer A"), "a new answer takes the place of "
					     "one that is not true any more");
	ok(len == 8 && !memcmp(frames, "answer A", len),
	   "which can still be told");
	memo_close(m);
}

static void
test_identity(void)
{
	struct digest first, again;
	struct memo *m = open_new();

	add(m, "A", "a", "answer A");
	ok(memo_identity(m, &first), "a memo has an identity");
	memo_close(m);
	m = open_memo();
	ok(memo_identity(m, &again) && digest_equal(&first, &again),
	   "the same when it is opened again");
	set("A", "other");
	add(m, "A", "other", "another answer A");
	ok(memo_identity(m, &first) && !digest_equal(&first, &again),
	   "another when something else was looked at");
	memo_close(m);
	m = open_memo();
	ok(memo_identity(m, &again) && digest_equal(&first, &again),
	   "in which what was replaced has no part");
	memo_close(m);
	set("A", "a");
	m = open_memo();
	ok(memo_identity(m, &again) && !digest_equal(&first, &again),
	   "another when what was looked at has changed since");
	memo_forget(m);
	ok(!memo_identity(m, &again), "none when it will not be kept");
	memo_close(m);
}

/* Looks are counted for COUNT questions, each about a variable of its own and
 * one that all look at. */
static void
test_looks(void)
{
	enum { COUNT = 200 };
	struct memo *m = open_new();
	struct strbuf both = STRBUF_INIT;
	int i, known = 0;

	set("ALL", "all");
	for (i = 0; i < COUNT; i++) {
		char *name = xasprintf("%d", i);
		struct strbuf own = look(name, "x"), all = look("ALL", "all");
		struct digest q = question(name);

		set(name, "x");
		strbuf_reset(&both);
		strbuf_add(&both, own.buf, own.len);
		strbuf_add(&both, all.buf, all.len);
		strbuf_add(&both, all.buf, all.len);
		memo_add(m, &q, name, strlen(name), both.buf, both.len);
		strbuf_release(&own);
		strbuf_release(&all);
		free(name);
	}
	strbuf_release(&both);
	memo_close(m);
	looks = 0;
	m = open_memo();
	is_int(looks, COUNT + 4, "opened, all is looked at once, however many "
				 "answers it is for");
	looks = 0;
	for (i = 0; i < COUNT; i++) {
		char *name = xasprintf("%d", i);

		known += says(m, name, name);
		free(name);
	}
	ok(known == COUNT && looks == 2 * COUNT,
	   "asked, each looks only at what was looked at for it, and once");
	memo_close(m);
}

/* The only memo in the cache. */
static char *
memo_file(void)
{
	struct strvec names = STRVEC_INIT;
	char *path;

	wildcard_list("cache/*.memo", &names);
	if (names.count != 1)
		bug("%zu memos", names.count);
	path = xstrdup(names.v[0]);
	strvec_release(&names);
	return path;
}

static void
test_damage(void)
{
	struct strbuf good = STRBUF_INIT, bad = STRBUF_INIT;
	size_t i, believed = 0;
	struct memo *m;
	char *path;

	m = open_new();
	memo_close(m);
	path = memo_file();
	must(file_read(path, &good, &err));
	for (i = 0; i < good.len; i += 5) {
		strbuf_reset(&bad);
		strbuf_add(&bad, good.buf, good.len);
		if (i % 2)
			strbuf_truncate(&bad, i);
		else
			bad.buf[i] ^= 0x20;
		must(file_replace(path, bad.buf, bad.len, false, &err));
		m = open_memo();
		believed += is_loaded(m);
		memo_close(m);
	}
	is_int((intmax_t)believed, 0, "a damaged or shortened file is not "
				      "believed");
	must(file_replace(path, good.buf, good.len, false, &err));
	put("Flowfile", "; another\n");
	m = open_memo();
	ok(!is_loaded(m), "nor one of another text of the Flowfile");
	memo_close(m);
	put("Flowfile", "; a flow\n");
	m = open_memo();
	ok(is_loaded(m), "but the good one again");
	add(m, "A", "a", "answer A");
	memo_close(m);
	free(path);
	strbuf_release(&good);
	strbuf_release(&bad);
}

/* Each run asks for A and something new. */
static void
test_forgetting(void)
{
	struct memo *m = open_new();
	bool known = true;
	int i;

	for (i = 0; i < 100; i++) {
		char *name = xasprintf("%d", i);

		known = known && says(m, "A", "answer A");
		set(name, "x");
		add(m, name, "x", name);
		memo_close(m);
		m = open_memo();
		known = known && says(m, name, name);
		free(name);
	}
	ok(known && says(m, "A", "answer A") && says(m, "95", "95"),
	   "what is asked for is kept");
	ok(says(m, "B", NULL) && says(m, "50", NULL),
	   "what is not asked for any more is forgotten in time");
	memo_close(m);
}

/* Manifests that cannot be read. */
static void
test_bad_manifests(void)
{
	struct memo *m = open_new();
	struct digest q = question("D");

	memo_add(m, &q, "answer D", 8, "\x81\x84", 2);
	ok(says(m, "D", NULL), "an answer that does not say what it looked at "
			       "is not taken");
	memo_add_manifest(m, "\x81\x01", 2);
	ok(!memo_identity(m, &q), "a load that does not is not kept");
	memo_close(m);
}

int
main(void)
{
	enter_work_dir();
	must(mkdir("cache", 0777));
	put("Flowfile", "; a flow\n");
	test_known();
	test_changes();
	test_replaced();
	test_identity();
	test_looks();
	test_damage();
	test_forgetting();
	test_bad_manifests();
	leave_work_dir();
	return done_testing();
}
