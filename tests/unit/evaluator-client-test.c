/*
 * The evaluator's client.
 */
#include "base/base.h"

#include <signal.h>

#include "base/cbor.h"
#include "base/clock.h"
#include "fake-evaluator.h"
#include "flow/evaluator.h"
#include "model/rules.h"
#include "sys/loop.h"
#include "work-dir.h"

static struct loop *loop;

/* ---- loading ---- */

static int
load(struct evaluator *e, const char *file, const bool *interrupted)
{
	struct evaluator_load how = { .file = file };
	struct rules rules;
	int rc;

	rules_init(&rules);
	rc = evaluator_load(e, &how, &rules, interrupted, &err);
	if (!rc)
		is_str(rules.flow, "fake", "and its rules come");
	rules_release(&rules);
	return rc;
}

/* Whether loading FILE, whose memo is kept in cache/, says that the answer is
 * damaged. */
static bool
is_damaged(const char *file)
{
	struct evaluator_load how = { .file = file, .cache_dir = "cache" };
	struct evaluator *e = evaluator_new(loop);
	struct rules rules;
	int rc;

	rules_init(&rules);
	rc = evaluator_load(e, &how, &rules, NULL, &err);
	rules_release(&rules);
	evaluator_free(e);
	return rc && failed_with(&err, "answer of the evaluator is damaged");
}

static struct evaluator *
start(void)
{
	return evaluator_new(loop);
}

static void
interrupt(void *data)
{
	*(bool *)data = true;
}

static void
test_load(void)
{
	struct loop_timer timer = LOOP_TIMER_INIT;
	struct evaluator *e = start();
	bool interrupted = false;

	ok(!load(e, "good", NULL), "a Flowfile is loaded");
	evaluator_free(e);
	e = start();
	ok(load(e, "bad", NULL) < 0 && err.has_place &&
	   failed_with(&err, "bad:1:2: missing parenthesis"),
	   "a mistake in it comes with its place");
	evaluator_free(e);
	e = start();
	ok(load(e, "crash", NULL) < 0 &&
	   failed_with(&err, "the evaluator ended unexpectedly: killed by "
			     "signal 11 (segmentation fault)"),
	   "an evaluator that crashes is named");
	ok(load(e, "good", NULL) < 0 &&
	   failed_with(&err, "the evaluator ended unexpectedly"),
	   "and of no use any more");
	evaluator_free(e);
	must(mkdir("cache", 0777));
	put("damaged", "; a flow\n");
	ok(is_damaged("damaged") && is_damaged("damaged"),
	   "an answer that is damaged is not remembered");
	e = start();
	loop_timer_start(loop, &timer, 0, interrupt, &interrupted);
	ok(load(e, "endless", &interrupted) < 0 &&
	   failed_with(&err, "interrupted"),
	   "loading that goes on for ever can be interrupted");
	evaluator_free(e);
	setenv("FLOWMAKE_LIBEXEC", "/nowhere", 1);
	e = evaluator_new(loop);
	ok(load(e, "good", NULL) < 0 &&
	   failed_with(&err, "cannot start the evaluator"),
	   "one that is not there is named");
	evaluator_free(e);
	setenv("FLOWMAKE_LIBEXEC", work_dir, 1);
}

/* ---- evaluating ---- */

struct heard {
	unsigned constants, rows, ends, failures;
	size_t constant_count;
	struct strbuf log;
	struct eval_child *child;
	bool free_at_row;
};

static void
on_constants(void *data, const char *row, size_t len, size_t count)
{
	struct heard *h = data;
	struct cbor c;

	cbor_init(&c, row, len);
	if (cbor_get_uint(&c) == 42)
		h->constants++;
	h->constant_count = count;
}

static void
on_row(void *data, uint32_t item, const char *elements, size_t elements_len,
       const char *values, size_t values_len)
{
	struct heard *h = data;
	struct cbor c;
	size_t len;
	const char *s;

	h->rows++;
	cbor_init(&c, elements, elements_len);
	s = cbor_get_text(&c, &len);
	strbuf_addf(&h->log, "%u:%.*s:", item, (int)len, s);
	cbor_init(&c, values, values_len);
	strbuf_addf(&h->log, "%d;", (int)cbor_get_uint(&c));
	if (h->free_at_row) {
		eval_child_free(h->child);
		h->child = NULL;
	}
}

static void
on_item_end(void *data, uint32_t item)
{
	struct heard *h = data;

	h->ends++;
	strbuf_addf(&h->log, "end %u;", item);
}

static void
on_failed(void *data, const struct error *why)
{
	struct heard *h = data;

	h->failures++;
	strbuf_addf(&h->log, "%s%s", why->has_place ? "(place) " : "",
		    why->text);
}

static const struct eval_events eval_events = {
	.constants = on_constants,
	.row = on_row,
	.item_end = on_item_end,
	.failed = on_failed,
};

static void
open_job(struct eval_child *c, unsigned step)
{
	struct strbuf sb = STRBUF_INIT;

	cbor_put_map(&sb, 1);
	cbor_put_str(&sb, "step");
	cbor_put_uint(&sb, step);
	eval_child_job(c, sb.buf, sb.len);
	strbuf_release(&sb);
}

/* COUNT items of one name, which is the item's number; the first has none. */
static void
send_items(struct eval_child *c, size_t count)
{
	struct strbuf sb = STRBUF_INIT;

	cbor_put_array(&sb, count);
	for (size_t i = 0; i < count; i++) {
		cbor_put_array(&sb, i ? 1 : 0);
		if (i)
			cbor_put_uint(&sb, i);
	}
	eval_child_items(c, sb.buf, sb.len);
	strbuf_release(&sb);
}

static void
begin(struct evaluator *e, struct heard *h, unsigned step)
{
	memset(h, 0, sizeof(*h));
	strbuf_init(&h->log);
	h->child = eval_child_new(e, &eval_events, h, &err);
	if (!h->child)
		must(-1);
	open_job(h->child, step);
}

static void
wait_failure(struct heard *h)
{
	while (!h->failures)
		must(loop_turn(loop, true, &err));
}

/* What an evaluation of STEP says when it fails. */
static void
fails(struct evaluator *e, unsigned step, int64_t limit_ns, const char *text,
      const char *title)
{
	struct error what = ERROR_INIT;
	struct heard h;

	error_place(&what, "F", 1, 2, "the foreach");
	begin(e, &h, step);
	eval_child_limit(h.child, limit_ns, &what);
	wait_failure(&h);
	is_str(h.log.buf, text, title);
	eval_child_free(h.child);
	strbuf_release(&h.log);
	error_release(&what);
}

static void
test_eval(void)
{
	struct evaluator *e = start();
	struct heard h;

	begin(e, &h, FAKE_ANSWER);
	send_items(h.child, 3);
	while (h.ends < 3)
		must(loop_turn(loop, true, &err));
	is_int(h.constants, 1, "a job is answered by its constants");
	is_int((intmax_t)h.constant_count, 2, "which are counted");
	is_str(h.log.buf, "end 0;1:element:1;end 1;2:element:2;end 2;",
	       "items by their rows, in order");
	h.ends = 0;
	send_items(h.child, 1000);
	send_items(h.child, 1000);
	while (h.ends < 2000)
		must(loop_turn(loop, true, &err));
	ok(h.rows == 2 + 2 * 999, "a thousand items go at a time");
	eval_child_free(h.child);
	strbuf_release(&h.log);

	begin(e, &h, FAKE_ANSWER);
	h.free_at_row = true;
	send_items(h.child, 100);
	while (h.child)
		must(loop_turn(loop, true, &err));
	is_int(h.rows, 1, "a child can be let go from its own event");
	strbuf_release(&h.log);

	fails(e, FAKE_ERROR, 0, "(place) Flowfile:3:4: it went wrong",
	      "an error of the user's code comes with its place");
	fails(e, FAKE_EXIT, 0, "(place) F:1:2: the foreach ended its process: "
	      "status 3", "code that exits harms its child only");
	fails(e, FAKE_CRASH, 0, "(place) F:1:2: the foreach ended its process: "
	      "killed by signal 11 (segmentation fault)",
	      "code that crashes too");
	fails(e, FAKE_HANG, 20 * NS_PER_MS, "(place) F:1:2: the foreach gave no "
	      "answer within 0.0s", "code that hangs has a limit");
	begin(e, &h, FAKE_GARBAGE);
	wait_failure(&h);
	ok(h.failures == 1, "what is no message is an error");
	eval_child_free(h.child);
	strbuf_release(&h.log);
	begin(e, &h, FAKE_ANSWER);
	send_items(h.child, 2);
	while (h.ends < 2)
		must(loop_turn(loop, true, &err));
	ok(true, "and the next child is well");
	eval_child_free(h.child);
	strbuf_release(&h.log);
	evaluator_free(e);
}

/* ---- recipes ---- */

struct ended {
	int64_t pid;
	struct strbuf results, error;
	bool exited, lost;
	int wait_status;
	struct rusage usage;
};

static void
on_started(void *data, int64_t pid)
{
	((struct ended *)data)->pid = pid;
}

static void
on_results(void *data, const char *cbor, size_t len)
{
	strbuf_add(&((struct ended *)data)->results, cbor, len);
}

static void
on_error(void *data, const char *text, size_t len)
{
	strbuf_add(&((struct ended *)data)->error, text, len);
}

static void
on_exited(void *data, int wait_status, const struct rusage *usage, bool lost)
{
	struct ended *d = data;

	d->exited = true;
	d->lost = lost;
	d->wait_status = wait_status;
	d->usage = *usage;
}

static const struct recipe_events recipe_events = {
	on_started, on_results, on_error, on_exited
};

static struct recipe_child *
start_recipe(struct evaluator *e, unsigned step, int out, struct ended *d)
{
	struct strbuf sb = STRBUF_INIT;
	struct recipe_child *c;

	memset(d, 0, sizeof(*d));
	strbuf_init(&d->results);
	strbuf_init(&d->error);
	cbor_put_map(&sb, 1);
	cbor_put_str(&sb, "step");
	cbor_put_uint(&sb, step);
	c = recipe_child_start(e, sb.buf, sb.len, out, out, &recipe_events, d,
			       &err);
	if (!c)
		must(-1);
	strbuf_release(&sb);
	return c;
}

static void
wait_exit(struct ended *d)
{
	while (!d->exited)
		must(loop_turn(loop, true, &err));
}

static void
release(struct ended *d)
{
	strbuf_release(&d->results);
	strbuf_release(&d->error);
}

static void
test_recipes(void)
{
	struct evaluator *e = start();
	struct recipe_child *c;
	struct ended d, many[50];
	char buf[100] = "";
	int fds[2], good = 0;

	if (pipe2(fds, O_CLOEXEC) < 0)
		bug("no pipe");
	start_recipe(e, FAKE_ANSWER, fds[1], &d);
	wait_exit(&d);
	ok(d.pid > 0 && !d.wait_status && d.results.len && !d.lost,
	   "a recipe runs and its results come before its end");
	ok(read(fds[0], buf, sizeof(buf)) == 11 && !strcmp(buf, "# recipe 0\n"),
	   "its output goes where it should");
	ok(d.usage.ru_maxrss == 1234 && d.usage.ru_utime.tv_usec == 2500,
	   "what it used is known");
	release(&d);
	start_recipe(e, FAKE_ERROR, fds[1], &d);
	wait_exit(&d);
	is_str(d.error.buf, "Flowfile:3:4: it went wrong",
	       "a recipe's error comes in words");
	is_int(WEXITSTATUS(d.wait_status), 1, "with status 1");
	release(&d);
	c = start_recipe(e, FAKE_HANG, fds[1], &d);
	while (!d.pid)
		must(loop_turn(loop, true, &err));
	recipe_child_kill(c, SIGTERM);
	wait_exit(&d);
	is_int(WTERMSIG(d.wait_status), SIGTERM, "a recipe can be signalled");
	release(&d);
	for (int i = 0; i < 50; i++)
		start_recipe(e, FAKE_ANSWER, fds[1], &many[i]);
	for (int i = 0; i < 50; i++) {
		wait_exit(&many[i]);
		good += !many[i].wait_status && many[i].results.len;
		release(&many[i]);
	}
	is_int(good, 50, "fifty run at once");
	c = start_recipe(e, FAKE_HANG, fds[1], &d);
	recipe_child_free(c);
	release(&d);
	start_recipe(e, FAKE_HANG, fds[1], &d);
	evaluator_free(e);
	ok(d.exited && d.lost, "those that still run when it is freed are "
			       "lost");
	release(&d);
	close(fds[0]);
	close(fds[1]);
}

static void
test_death(void)
{
	struct evaluator *e = start();
	int out = open("/dev/null", O_WRONLY | O_CLOEXEC);
	struct heard h;
	struct ended d;

	start_recipe(e, FAKE_HANG, out, &d);
	begin(e, &h, FAKE_HANG);
	while (!d.pid)
		must(loop_turn(loop, true, &err));
	must(load(e, "crash", NULL) < 0 ? 0 : -1);
	error_release(&err);
	wait_exit(&d);
	ok(d.lost, "a recipe whose evaluator dies is lost");
	is_int(h.failures, 1, "an evaluation too");
	eval_child_free(h.child);
	ok(!eval_child_new(e, &eval_events, &h, &err) &&
	   failed_with(&err, "ended unexpectedly"), "no more can be begun");
	strbuf_release(&h.log);
	release(&d);
	evaluator_free(e);
	close(out);
}

int
main(int argc, char **argv)
{
	(void)argc;
	be_fake_evaluator(argv);
	enter_work_dir();
	use_fake_evaluator();
	loop = loop_new(&clock_system, &err);
	test_load();
	test_eval();
	test_recipes();
	test_death();
	loop_free(loop);
	leave_work_dir();
	return done_testing();
}
