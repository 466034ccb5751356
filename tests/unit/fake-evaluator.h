/*
 * An evaluator without Scheme: the same messages, answers by the number of
 * the step.  A test becomes it when it is started under the evaluator's name.
 */
#ifndef FLOWMAKE_TESTS_UNIT_FAKE_EVALUATOR_H
#define FLOWMAKE_TESTS_UNIT_FAKE_EVALUATOR_H

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cbor.h"
#include "base/error.h"
#include "base/path.h"
#include "base/strbuf.h"
#include "model/wire.h"
#include "sys/frame.h"

/* What a step's evaluations and recipes do. */
enum {
	FAKE_ANSWER,   /* as they should */
	FAKE_ERROR,
	FAKE_EXIT,     /* status 3 */
	FAKE_HANG,
	FAKE_GARBAGE,
	FAKE_CRASH,    /* SIGSEGV */
	FAKE_FILES,    /* a recipe: results in files */
};

enum { FAKE_CONTROL = 3, FAKE_MAX_CHILDREN = 4096 };

static pid_t fake_pids[FAKE_MAX_CHILDREN]; /* by id */

static void
fake_send(int fd, unsigned type, struct strbuf *sb)
{
	if (frame_write(fd, type, sb->buf, sb->len, NULL, 0, NULL) < 0)
		_exit(9);
	strbuf_reset(sb);
}

static void
fake_error(int fd, const char *text)
{
	struct strbuf sb = STRBUF_INIT;

	cbor_put_map(&sb, 3);
	cbor_put_str(&sb, "place");
	cbor_put_bool(&sb, true);
	cbor_put_str(&sb, "text");
	cbor_put_str(&sb, text);
	cbor_put_str(&sb, "backtrace");
	cbor_put_null(&sb);
	fake_send(fd, WIRE_ERROR, &sb);
	strbuf_release(&sb);
}

/* The number of the pair KEY of a map; 0 when there is none. */
static uint64_t
fake_number(const struct strbuf *payload, const char *key)
{
	struct cbor c;
	size_t count, len;
	const char *k;

	cbor_init(&c, payload->buf, payload->len);
	for (count = cbor_get_map(&c); count && !c.failed; count--) {
		k = cbor_get_text(&c, &len);
		if (cbor_key_is(k, len, key))
			return cbor_get_uint(&c);
		cbor_skip(&c);
	}
	return 0;
}

/* A sanitizer would catch the signal. */
static void
fake_crash(void)
{
	signal(SIGSEGV, SIG_DFL);
	raise(SIGSEGV);
}

/* ---- children ---- */

static void
fake_misbehave(int fd, uint64_t step)
{
	char byte;

	if (step == FAKE_ERROR)
		fake_error(fd, "Flowfile:3:4: it went wrong");
	if (step == FAKE_EXIT)
		_exit(3);
	if (step == FAKE_CRASH)
		fake_crash();
	if (step == FAKE_GARBAGE && write(fd, "garbage garbage", 15) < 0)
		_exit(9);
	if (step == FAKE_HANG) {
		/* until nobody is there any more */
		while (read(fd, &byte, 1) > 0)
			;
		_exit(0);
	}
}

/* Answer ITEMS: one row for each, its values those of its names; an item of
 * no names has no row. */
static void
fake_rows(int fd, const struct strbuf *payload)
{
	struct strbuf sb = STRBUF_INIT;
	struct cbor c;
	size_t len, count;
	const char *item;

	cbor_init(&c, payload->buf, payload->len);
	count = cbor_get_array(&c);
	for (size_t i = 0; i < count; i++) {
		item = cbor_span(&c, &len);
		cbor_put_array(&sb, 3);
		cbor_put_uint(&sb, i);
		cbor_put_bool(&sb, true);
		cbor_put_array(&sb, len > 1);
		if (len > 1) {
			cbor_put_array(&sb, 2);
			cbor_put_array(&sb, 1);
			cbor_put_str(&sb, "element");
			strbuf_add(&sb, item, len);
		}
		fake_send(fd, WIRE_ROWS, &sb);
	}
	strbuf_release(&sb);
}

static void
fake_eval(int fd)
{
	struct strbuf payload = STRBUF_INIT, sb = STRBUF_INIT;
	unsigned type;
	size_t none;

	while (frame_read(fd, &type, &payload, NULL, 0, &none, NULL) > 0) {
		if (type == WIRE_ITEMS) {
			fake_rows(fd, &payload);
			continue;
		}
		fake_misbehave(fd, fake_number(&payload, "step"));
		cbor_put_array(&sb, 2);
		cbor_put_uint(&sb, 42);
		cbor_put_str(&sb, "constant");
		fake_send(fd, WIRE_CONSTANTS, &sb);
	}
	_exit(0);
}

/* A text of the pair KEY of a recipe's job. */
static char *
fake_text(struct cbor c, const char *key)
{
	size_t count, len;
	const char *k;

	for (count = cbor_get_map(&c); count && !c.failed; count--) {
		k = cbor_get_text(&c, &len);
		if (cbor_key_is(k, len, key))
			return cbor_get_str(&c);
		cbor_skip(&c);
	}
	return NULL;
}

/* One result for each format, in files. */
static void
fake_files(int fd, struct cbor job)
{
	static const char *const formats[] = { "text", "npy", "file" };
	char *dir = fake_text(job, "results");
	char *prefix = fake_text(job, "prefix");
	struct strbuf sb = STRBUF_INIT;

	cbor_put_array(&sb, 3);
	for (int i = 0; i < 3; i++) {
		char *path = xasprintf("%s/%s%d", dir, prefix, i);
		int out = open(path, O_WRONLY | O_CREAT | O_EXCL, 0666);

		if (out < 0 || write(out, formats[i], 3) < 0)
			_exit(9);
		close(out);
		cbor_put_array(&sb, 2);
		cbor_put_str(&sb, formats[i]);
		cbor_put_str(&sb, path);
		free(path);
	}
	fake_send(fd, WIRE_RESULTS, &sb);
	_exit(0);
}

static void
fake_recipe(int fd, struct cbor job)
{
	struct strbuf sb = STRBUF_INIT;
	uint64_t step;
	struct strbuf whole = { (char *)job.next,
				(size_t)(job.end - job.next), 0 };

	setpgid(0, 0);
	step = fake_number(&whole, "step");
	printf("# recipe %d\n", (int)step);
	fflush(stdout);
	if (step == FAKE_ERROR) {
		fprintf(stderr, "# Flowfile:3:4: it went wrong\n");
		fake_error(fd, "Flowfile:3:4: it went wrong");
		_exit(1);
	}
	fake_misbehave(fd, step);
	if (step == FAKE_FILES)
		fake_files(fd, job);
	cbor_put_array(&sb, 1);
	cbor_put_array(&sb, 2);
	cbor_put_str(&sb, "inline");
	cbor_put_uint(&sb, 42);
	fake_send(fd, WIRE_RESULTS, &sb);
	_exit(0);
}

/* ---- the zygote ---- */

static void
fake_fork(const struct strbuf *payload, const int *fds, size_t fd_count)
{
	struct strbuf sb = STRBUF_INIT;
	uint64_t id = fake_number(payload, "id");
	struct cbor job;
	size_t len;
	sigset_t none;
	pid_t pid;

	cbor_init(&job, payload->buf, payload->len);
	cbor_get_map(&job);
	for (int i = 0; i < 3; i++)
		cbor_span(&job, &len); /* "id", N, "recipe" */
	pid = fork();
	if (!pid) {
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		close(FAKE_CONTROL);
		if (fd_count == 1)
			fake_eval(fds[0]);
		dup2(fds[1], 1);
		dup2(fds[2], 2);
		close(fds[1]);
		close(fds[2]);
		fake_recipe(fds[0], job);
	}
	fake_pids[id] = pid;
	cbor_put_array(&sb, 2);
	cbor_put_uint(&sb, id);
	cbor_put_uint(&sb, (uint64_t)pid);
	fake_send(FAKE_CONTROL, WIRE_STARTED, &sb);
	strbuf_release(&sb);
}

static void
fake_reap(void)
{
	struct strbuf sb = STRBUF_INIT;
	int status, id;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (id = 0; fake_pids[id] != pid; id++)
			;
		fake_pids[id] = 0;
		cbor_put_array(&sb, 5);
		cbor_put_uint(&sb, (uint64_t)id);
		cbor_put_uint(&sb, (uint64_t)status);
		cbor_put_uint(&sb, 2500000);
		cbor_put_uint(&sb, 1500000);
		cbor_put_uint(&sb, 1234);
		fake_send(FAKE_CONTROL, WIRE_EXITED, &sb);
	}
	strbuf_release(&sb);
}

static void
fake_kill(const struct strbuf *payload)
{
	struct cbor c;
	uint64_t id;
	int signo;

	cbor_init(&c, payload->buf, payload->len);
	cbor_get_array(&c);
	id = cbor_get_uint(&c);
	signo = (int)cbor_get_uint(&c);
	if (fake_pids[id] && kill(-fake_pids[id], signo) < 0)
		kill(fake_pids[id], signo);
}

/* The name of the Flowfile says what loading does. */
static void
fake_load(const struct strbuf *payload)
{
	struct strbuf sb = STRBUF_INIT;
	struct cbor c;
	char *file;

	cbor_init(&c, payload->buf, payload->len);
	file = fake_text(c, "file");
	if (!strcmp(file, "bad"))
		fake_error(FAKE_CONTROL, "bad:1:2: missing parenthesis");
	if (!strcmp(file, "crash"))
		fake_crash();
	if (!strcmp(file, "damaged")) {
		cbor_put_uint(&sb, 1);
		fake_send(FAKE_CONTROL, WIRE_LOADED, &sb);
	}
	if (!strcmp(file, "good")) {
		cbor_put_map(&sb, 2);
		cbor_put_str(&sb, "flow");
		cbor_put_str(&sb, "fake");
		cbor_put_str(&sb, "manifest");
		cbor_put_array(&sb, 0);
		fake_send(FAKE_CONTROL, WIRE_LOADED, &sb);
	}
	free(file);
	strbuf_release(&sb);
}

/* Read one message.  False at the end. */
static bool
fake_message(struct strbuf *payload)
{
	int fds[3];
	unsigned type;
	size_t count;

	if (frame_read(FAKE_CONTROL, &type, payload, fds, 3, &count,
		       NULL) <= 0)
		return false;
	if (type == WIRE_LOAD)
		fake_load(payload);
	else if (type == WIRE_FORK)
		fake_fork(payload, fds, count);
	else if (type == WIRE_KILL)
		fake_kill(payload);
	while (count)
		close(fds[--count]);
	return true;
}

static void
fake_evaluator(void)
{
	struct strbuf payload = STRBUF_INIT;
	struct signalfd_siginfo info;
	struct pollfd p[2] = { { .fd = FAKE_CONTROL, .events = POLLIN },
			       { .events = POLLIN } };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	p[1].fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	for (;;) {
		poll(p, 2, -1);
		while (read(p[1].fd, &info, sizeof(info)) > 0)
			;
		fake_reap();
		if (p[0].revents && !fake_message(&payload))
			_exit(0);
	}
}

/* Call first in main: the test is its own evaluator. */
static void
be_fake_evaluator(char **argv)
{
	if (!strcmp(path_base(argv[0]), "flowmake-evaluator"))
		fake_evaluator();
}

/* Let our evaluator be found in the current directory. */
static void
use_fake_evaluator(void)
{
	char self[4096], here[4096];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n < 0 || !getcwd(here, sizeof(here)))
		bug("cannot find this program");
	self[n] = '\0';
	if (symlink(self, "flowmake-evaluator") < 0)
		bug("cannot link this program");
	setenv("FLOWMAKE_LIBEXEC", here, 1);
}

#endif
