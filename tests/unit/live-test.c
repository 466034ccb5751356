/*
 * report/live: the display of a run, fed with news by hand.
 */
#include "base/base.h"

#include "report/live.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/strbuf.h"
#include "sys/loop.h"
#include "tap.h"

/* 2026-11-22 09:41:39.689 UTC */
#define REAL_NS INT64_C(1795340499689000000)

static int64_t now_ns = 5 * NS_PER_S;

static int64_t
fake_monotonic(struct clock *c)
{
	(void)c;
	return now_ns;
}

static int64_t
fake_real(struct clock *c)
{
	(void)c;
	return REAL_NS;
}

static struct clock fake_clock = { fake_monotonic, fake_real };

/* A display whose words go through pipes, or to a terminal. */
struct stage {
	struct live *live;
	struct loop *loop;
	int out[2];
	int err[2];
	struct strbuf got;
};

/* Begin with open descriptors. */
static void
stage_begin(struct stage *s)
{
	struct live_options o = { .command = "flowmake", .clock = &fake_clock };

	fcntl(s->out[0], F_SETFL, O_NONBLOCK);
	fcntl(s->err[0], F_SETFL, O_NONBLOCK);
	o.out_fd = s->out[1];
	o.err_fd = s->err[1];
	s->live = live_new(&o);
	s->loop = loop_new(&fake_clock, NULL);
	strbuf_init(&s->got);
}

static void
stage_init(struct stage *s)
{
	if (pipe(s->out) < 0 || pipe(s->err) < 0)
		exit(1);
	stage_begin(s);
}

/* The same with stdout on a terminal. */
static void
stage_init_terminal(struct stage *s)
{
	char path[64];

	s->out[0] = posix_openpt(O_RDWR | O_NOCTTY);
	if (s->out[0] < 0 || grantpt(s->out[0]) || unlockpt(s->out[0]) ||
	    ptsname_r(s->out[0], path, sizeof(path)))
		exit(1);
	s->out[1] = open(path, O_RDWR | O_NOCTTY);
	if (s->out[1] < 0 || pipe(s->err) < 0)
		exit(1);
	stage_begin(s);
}

static void
stage_release(struct stage *s)
{
	live_free(s->live);
	loop_free(s->loop);
	close(s->out[0]);
	close(s->out[1]);
	close(s->err[0]);
	close(s->err[1]);
	strbuf_release(&s->got);
}

/* What came out of FD since the last look. */
static const char *
words(struct stage *s, int fd)
{
	char buf[4096];
	ssize_t n;

	strbuf_reset(&s->got);
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		strbuf_add(&s->got, buf, (size_t)n);
	return s->got.buf;
}

static const struct task_news count_3 = {
	.run = 15, .number = 4, .attempt = 1, .name = "count/3",
	.step = "count", .split = "3", .element = "books/a.txt", .pid = 83812,
};

static void
say(struct stage *s, enum log_stream stream, const char *text)
{
	live_events.printed(s->live, &count_3, stream, REAL_NS, text,
			    strlen(text));
}

#define PREFIX "2026-11-22 09:41:39.689 [15/count/3 books/a.txt (pid 83812)] "

static void
test_lines(void)
{
	struct run_record run = { .number = 15 };
	struct stage s;

	stage_init(&s);
	live_events.begun(s.live, &run, s.loop);
	is_str(words(&s, s.out[0]), "", "the beginning needs no words");
	say(&s, LOG_STDOUT, "text\nmo");
	is_str(words(&s, s.out[0]), PREFIX "text\n",
	       "a line has its time, task, element and process before it");
	say(&s, LOG_STDERR, "other\n");
	is_str(words(&s, s.out[0]), PREFIX "other\n",
	       "a part of a line does not mix with another stream");
	say(&s, LOG_STDOUT, "re\033\n");
	is_str(words(&s, s.out[0]), PREFIX "more\\x1b\n",
	       "it waits for its end, and cannot disturb a terminal");
	live_events.note(s.live, "warning: 'a'");
	is_str(words(&s, s.err[0]),
	       "2026-11-22 09:41:39.689 [15] warning: 'a'\n",
	       "a note goes to stderr");
	stage_release(&s);
}

static void
test_progress(void)
{
	struct run_record run = { .number = 15 };
	struct stage s;

	stage_init(&s);
	live_events.begun(s.live, &run, s.loop);
	say(&s, LOG_STDERR, "\r 10%");
	say(&s, LOG_STDERR, "\r 20%");
	say(&s, LOG_STDOUT, "text\r\n");
	is_str(words(&s, s.out[0]), PREFIX "text\n",
	       "a carriage return before a newline is none of the line");
	now_ns += NS_PER_S;
	say(&s, LOG_STDERR, "\r 30%");
	is_str(words(&s, s.out[0]), PREFIX " 20%\n",
	       "a progress bar is seen when a second is over");
	say(&s, LOG_STDERR, "\r 40%\r 50%");
	is_str(words(&s, s.out[0]), "", "and no more often");
	say(&s, LOG_STDERR, "\r 60%\n");
	is_str(words(&s, s.out[0]), PREFIX " 60%\n", "its end always");
	stage_release(&s);
}

static void
test_failure(void)
{
	struct attempt_record a = {
		.run = 15, .task = 4, .attempt = 1, .step = "count",
		.split = "3", .outcome = TASK_RETRIED, .ended_ns = REAL_NS,
		.message = "status 1",
	};
	struct run_record run = { .number = 15 };
	struct task_news later = count_3;
	struct run_summary summary = {
		.run = { .number = 15, .started_ns = REAL_NS,
			 .ended_ns = REAL_NS + 3200 * NS_PER_MS },
		.counts = { .known = 101, .done = 57, .skipped = 1,
			    .failed = 1, .cancelled = 2 },
	};
	struct stage s;

	stage_init(&s);
	live_events.begun(s.live, &run, s.loop);
	live_events.over(s.live, &count_3, &a);
	is_str(words(&s, s.out[0]), PREFIX "status 1\n"
	       PREFIX "Task failed; it will be tried again.\n",
	       "a failure that is not final is said as such");
	later.pause_ns = 300 * NS_PER_S;
	live_events.over(s.live, &later, &a);
	is_str(words(&s, s.out[0]), PREFIX "status 1\n" PREFIX
	       "Task failed; it will be tried again in 5m 0s.\n",
	       "with the pause before the next attempt");
	say(&s, LOG_STDOUT, "no newline");
	a.outcome = TASK_FAILED;
	live_events.over(s.live, &count_3, &a);
	is_str(words(&s, s.out[0]), PREFIX "no newline\n" PREFIX "status 1\n"
	       PREFIX "Task failed.\n",
	       "the end of a task ends its last line");
	live_finish(s.live, &summary, NULL);
	is_str(words(&s, s.err[0]),
	       "Failed: 15/count/3 books/a.txt: status 1\n"
	       "    no newline\n"
	       "    the whole log: flowmake logs 15/count/3\n"
	       "Run 15: 1 of 101 tasks failed, 57 done, 1 skipped, "
	       "2 cancelled, 40 not started in 3.2s\n"
	       "Workflow failed.\n",
	       "the end of the run names what failed, and counts");
	is_str(words(&s, s.out[0]), "", "all of that on stderr");
	stage_release(&s);
}

/* Let SPLITS tasks of STEP fail, after a word of each. */
static void
fail_some(struct stage *s, const char *step, int splits)
{
	static uint32_t number = 100;
	struct attempt_record a = {
		.outcome = TASK_FAILED, .ended_ns = REAL_NS,
		.message = "status 1",
	};
	char name[32];
	struct task_news t = {
		.run = 15, .attempt = 1, .name = name, .step = step,
		.element = "",
	};
	int i;

	for (i = 0; i < splits; i++) {
		t.number = number++;
		snprintf(name, sizeof(name), "%s/%d", step, i);
		live_events.printed(s->live, &t, LOG_STDOUT, REAL_NS, "no\n",
				    3);
		live_events.over(s->live, &t, &a);
	}
}

static void
test_many_failures(void)
{
	struct run_summary summary = { .counts = { .failed = 1 } };
	struct run_record run = { .number = 15 };
	struct stage s;
	char step[32];
	char *end;
	int i;

	stage_init(&s);
	close(s.out[0]);
	s.out[0] = -1;
	live_events.begun(s.live, &run, s.loop);
	fail_some(&s, "a", 2);
	fail_some(&s, "b b", 1);
	fail_some(&s, "a", 1002);
	live_finish(s.live, &summary, NULL);
	words(&s, s.err[0]);
	end = strstr(s.got.buf, "Run 15:");
	if (end)
		*end = '\0';
#define FAILED(name) "Failed: 15/" name ": status 1\n    no\n" \
	"    the whole log: flowmake logs "
	is_str(s.got.buf, FAILED("a/0") "15/a/0\n" FAILED("a/1") "15/a/1\n"
	       FAILED("a/0") "15/a/0\n"
	       "1,001 more of step 'a': flowmake show 15/a\n"
	       FAILED("b b/0") "'15/b b/0'\n",
	       "of many failures the first of each step are named");
#undef FAILED
	stage_release(&s);

	stage_init(&s);
	close(s.out[0]);
	s.out[0] = -1;
	live_events.begun(s.live, &run, s.loop);
	for (i = 0; i < 60; i++) {
		snprintf(step, sizeof(step), "step%d", i);
		fail_some(&s, step, 2);
	}
	live_finish(s.live, &summary, NULL);
	words(&s, s.err[0]);
	ok(strstr(s.got.buf, "Failed: 15/step9/0: status 1\n    no\n    the "
		  "whole log: flowmake logs 15/step9/0\n1 more of step 'step9'"
		  ": flowmake show 15/step9\nFailed: 15/step10/0: status 1\n"
		  "1 more of step 'step10': flowmake show 15/step10\n"),
	   "of many steps some have their lines, others are only named");
	ok(strstr(s.got.buf, "1 more of step 'step49': flowmake show "
		  "15/step49\n20 more tasks of 10 more steps: flowmake show "
		  "15\nRun 15:"), "and the rest counted");
	stage_release(&s);
}

/* What the end says of count/3, which has failed. */
static const char *
last_lines(struct stage *s)
{
	struct attempt_record a = {
		.run = 15, .task = 4, .attempt = 1, .step = "count",
		.split = "3", .outcome = TASK_FAILED, .ended_ns = REAL_NS,
		.message = "status 1",
	};
	struct run_summary summary = { .counts = { .failed = 1 } };
	const char *got;
	char *end;

	live_events.over(s->live, &count_3, &a);
	live_finish(s->live, &summary, NULL);
	got = words(s, s->err[0]);
	end = strstr(got, "    the whole log:");
	if (end)
		*end = '\0';
	got = strchr(got, '\n');
	return got ? got + 1 : "";
}

static void
test_last_lines(void)
{
	struct run_record run = { .number = 15 };
	char line[4096];
	struct stage s;
	int i;

	stage_init(&s);
	live_events.begun(s.live, &run, s.loop);
	for (i = 0; i < 100; i++)
		say(&s, LOG_STDOUT, "much\n");
	say(&s, LOG_STDOUT, "be");
	say(&s, LOG_STDERR, "7\n8\n9\n");
	say(&s, LOG_STDOUT, "fore\nno\r 1%\rlast");
	is_str(last_lines(&s),
	       "    much\n    much\n    much\n    much\n    much\n"
	       "    7\n    8\n    9\n    before\n    last\n",
	       "the last lines come in the order in which they ended");
	stage_release(&s);

	stage_init(&s);
	close(s.out[0]);
	s.out[0] = -1;
	live_events.begun(s.live, &run, s.loop);
	memset(line, 'x', sizeof(line) - 2);
	strcpy(line + sizeof(line) - 2, "\n");
	for (i = 0; i < 1000; i++)
		say(&s, LOG_STDOUT, line);
	for (i = 0; i < 10; i++)
		say(&s, LOG_STDERR, "short\n");
	is_str(last_lines(&s),
	       "    short\n    short\n    short\n    short\n    short\n"
	       "    short\n    short\n    short\n    short\n    short\n",
	       "also when much was printed before, and nobody read it");
	stage_release(&s);
}

static void
test_said_message(void)
{
	struct attempt_record a = {
		.run = 15, .task = 4, .attempt = 1, .step = "count",
		.split = "3", .outcome = TASK_CAUGHT, .ended_ns = REAL_NS,
		.message = "Flowfile:1:2: no\nnot so",
	};
	struct run_record run = { .number = 15 };
	struct strbuf much = STRBUF_INIT;
	struct stage s;
	int i;

	stage_init(&s);
	live_events.begun(s.live, &run, s.loop);
	for (i = 0; i < 1000; i++)
		strbuf_adds(&much, "much ");
	say(&s, LOG_STDERR, much.buf);
	say(&s, LOG_STDERR, "\nFlowfile:1:2: no\nnot");
	say(&s, LOG_STDERR, " so\n");
	words(&s, s.out[0]);
	live_events.over(s.live, &count_3, &a);
	is_str(words(&s, s.out[0]),
	       PREFIX "Task failed; its step catches that.\n",
	       "a message that the task wrote itself is not said again");
	say(&s, LOG_STDERR, "Flowfile:1:2: no\nnot so\nmore\n");
	words(&s, s.out[0]);
	live_events.over(s.live, &count_3, &a);
	is_str(words(&s, s.out[0]), PREFIX "Flowfile:1:2: no\n" PREFIX
	       "not so\n" PREFIX "Task failed; its step catches that.\n",
	       "unless it was not the last that it wrote");
	strbuf_release(&much);
	stage_release(&s);
}

static void
test_success(void)
{
	struct run_record run = { .number = 15 };
	struct run_summary summary = {
		.run = { .number = 15, .state = RUN_DONE,
			 .started_ns = REAL_NS,
			 .ended_ns = REAL_NS + 3200 * NS_PER_MS },
		.counts = { .known = 101, .done = 101 },
		.had_results = 97,
	};
	struct stage s;

	stage_init(&s);
	live_events.begun(s.live, &run, s.loop);
	live_finish(s.live, &summary, NULL);
	is_str(words(&s, s.out[0]), "Done: run 15, 101 tasks in 3.2s; "
	       "97 had a good result already\n",
	       "a run that succeeds ends with one line");
	is_str(words(&s, s.err[0]), "", "and nothing on stderr");
	stage_release(&s);
}

static void
test_errors(void)
{
	struct run_record run = { .number = 15 };
	struct run_summary summary = { .run = run };
	struct stage s;

	stage_init(&s);
	live_finish(s.live, &summary,
		    "Flowfile:1:2: step 'a': no");
	is_str(words(&s, s.err[0]), "Flowfile:1:2: step 'a': no\n",
	       "an error before anything ran stands alone");
	stage_release(&s);
	stage_init(&s);
	live_events.begun(s.live, &run, s.loop);
	summary.interrupted = true;
	live_finish(s.live, &summary, NULL);
	is_str(words(&s, s.err[0]),
	       "Run 15: 0 of 0 tasks done\nWorkflow interrupted.\n",
	       "an interrupted run says so");
	stage_release(&s);
}

static void
test_overflow(void)
{
	struct run_record run = { .number = 15 };
	struct stage s;
	int i;

	stage_init(&s);
	live_events.begun(s.live, &run, s.loop);
	for (i = 0; i < 20000; i++)
		say(&s, LOG_STDOUT, "0123456789 0123456789 0123456789\n");
	for (i = 0; i < 1000; i++) {
		if (!*words(&s, s.out[0]))
			break;
		if (strstr(s.got.buf, " lines not shown\n"))
			break;
		say(&s, LOG_STDOUT, "on\n");
	}
	ok(strstr(s.got.buf, " lines not shown\n") != NULL,
	   "what a slow reader misses is counted");
	stage_release(&s);
}

static void
test_reader_goes_on(void)
{
	struct run_record run = { .number = 15 };
	struct stage s;
	int i;

	stage_init(&s);
	live_events.begun(s.live, &run, s.loop);
	for (i = 0; i < 2000; i++)
		say(&s, LOG_STDOUT, "0123456789 0123456789 0123456789\n");
	say(&s, LOG_STDOUT, "the last\n");
	for (i = 0; i < 1000; i++) {
		words(&s, s.out[0]);
		if (strstr(s.got.buf, "the last\n"))
			break;
		if (loop_turn(s.loop, false, NULL) < 0)
			break;
	}
	ok(strstr(s.got.buf, "the last\n") != NULL,
	   "a slow reader gets the rest when it goes on, without more news");
	stage_release(&s);
}

static void
test_status_time(void)
{
	struct run_counts counts = { .known = 3, .done = 1, .running = 2 };
	struct run_record run = { .number = 15 };
	struct stage s;

	setenv("TERM", "xterm", 1);
	setenv("COLUMNS", "80", 1);
	stage_init_terminal(&s);
	live_events.begun(s.live, &run, s.loop);
	live_events.progress(s.live, &counts, NULL);
	is_str(words(&s, s.out[0]), "[15] 1/3 done, 2 running, 0s",
	       "a terminal has a status line");
	now_ns += NS_PER_S - 1;
	loop_turn(s.loop, false, NULL);
	is_str(words(&s, s.out[0]), "", "which is not drawn for nothing");
	now_ns += 1;
	loop_turn(s.loop, false, NULL);
	is_str(words(&s, s.out[0]), "\r\033[K[15] 1/3 done, 2 running, 1s",
	       "but when a second is over although nothing happens");
	now_ns += 75 * NS_PER_S;
	loop_turn(s.loop, false, NULL);
	is_str(words(&s, s.out[0]), "\r\033[K[15] 1/3 done, 2 running, 1m 16s",
	       "and another");
	live_events.stopped(s.live, true);
	is_str(words(&s, s.out[0]), "\r\033[K",
	       "it makes way for the prompt of the shell after ^Z");
	live_events.stopped(s.live, false);
	is_str(words(&s, s.out[0]), "[15] 1/3 done, 2 running, 1m 16s",
	       "and comes back when the run is continued");
	stage_release(&s);
}

int
main(void)
{
	signal(SIGPIPE, SIG_IGN);
	setenv("TZ", "UTC", 1);
	test_lines();
	test_progress();
	test_failure();
	test_many_failures();
	test_last_lines();
	test_said_message();
	test_success();
	test_errors();
	test_overflow();
	test_reader_goes_on();
	test_status_time();
	return done_testing();
}
