/*
 * report/outlet: output that never makes the run wait.
 */
#include "base/base.h"

#include "report/outlet.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/strbuf.h"
#include "tap.h"

/* Add LINES lines of 100 bytes as far as there is room; returns how many
 * had none. */
static unsigned
add_lines(struct outlet *o, unsigned lines)
{
	char line[100];
	unsigned without = 0;

	memset(line, 'x', sizeof(line));
	line[sizeof(line) - 1] = '\n';
	for (; lines; lines--) {
		if (!outlet_has_room(o)) {
			outlet_leave_out(o, 1);
			without++;
			continue;
		}
		outlet_add_notice(o, false);
		outlet_add(o, line, sizeof(line));
	}
	return without;
}

/* Read what FD has, without waiting. */
static void
read_all(int fd, struct strbuf *sb)
{
	char buf[4096];
	ssize_t n;

	fcntl(fd, F_SETFL, O_NONBLOCK);
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		strbuf_add(sb, buf, (size_t)n);
}

/* Let a reader of the descriptors PAIR stop, and go on. */
static void
test_slow_reader(int pair[2], const char *kind)
{
	struct outlet *o = outlet_new(pair[1], false);
	struct strbuf got = STRBUF_INIT;
	unsigned without, i;

	without = add_lines(o, 20000);
	outlet_flush(o);
	ok(without > 5000 && without < 15000,
	   "a %s that nobody reads gets a queue with a bound", kind);
	ok(outlet_is_behind(o), "%s: flushing does not wait", kind);
	ok(!(fcntl(pair[1], F_GETFL) & O_NONBLOCK),
	   "%s: the flags of the descriptor are left alone", kind);
	for (i = 0; i < 1000 && outlet_is_behind(o); i++) {
		read_all(pair[0], &got);
		outlet_flush(o);
	}
	read_all(pair[0], &got);
	add_lines(o, 1);
	outlet_drain(o, 1000);
	read_all(pair[0], &got);
	ok(strstr(got.buf, " lines not shown\n") != NULL,
	   "%s: when it is read on, it says how many lines are missing", kind);
	ok(got.len > 100 && !strcmp(got.buf + got.len - 2, "x\n"),
	   "%s: and goes on", kind);
	outlet_free(o);
	close(pair[0]);
	close(pair[1]);
	strbuf_release(&got);
}

static void
test_gone_reader(int pair[2], const char *kind)
{
	struct outlet *o = outlet_new(pair[1], false);

	close(pair[0]);
	add_lines(o, 10);
	outlet_flush(o);
	ok(!outlet_is_read(o) && !outlet_error(o),
	   "a %s whose reader went away takes nothing more, without error",
	   kind);
	add_lines(o, 10);
	outlet_drain(o, -1);
	ok(!outlet_is_behind(o), "%s: and never makes anyone wait", kind);
	outlet_free(o);
	close(pair[1]);
}

static void
test_files(void)
{
	int null = open("/dev/null", O_WRONLY), full = open("/dev/full",
							    O_WRONLY);
	struct outlet *o = outlet_new(null, false);

	ok(!outlet_is_read(o), "nobody reads /dev/null");
	outlet_free(o);
	o = outlet_new(full, false);
	add_lines(o, 1);
	outlet_flush(o);
	is_int(outlet_error(o), ENOSPC, "a full disk is an error");
	outlet_free(o);
	close(null);
	close(full);
}

static void
test_patient(void)
{
	struct strbuf got = STRBUF_INIT;
	struct outlet *o;
	unsigned without;
	int pair[2];
	pid_t pid;

	if (pipe(pair) < 0)
		return;
	pid = fork();
	if (!pid) {
		close(pair[0]);
		o = outlet_new(pair[1], true);
		without = add_lines(o, 20000);
		outlet_drain(o, -1);
		outlet_free(o);
		_exit(without ? 1 : 0);
	}
	close(pair[1]);
	while (got.len < 2000000) {
		char buf[4096];
		ssize_t n = read(pair[0], buf, sizeof(buf));

		if (n <= 0)
			break;
		strbuf_add(&got, buf, (size_t)n);
	}
	is_int((intmax_t)got.len, 2000000, "a patient outlet leaves out nothing");
	close(pair[0]);
	strbuf_release(&got);
}

int
main(void)
{
	int pair[2];

	signal(SIGPIPE, SIG_IGN);
	if (pipe(pair) == 0)
		test_slow_reader(pair, "pipe");
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0)
		test_slow_reader(pair, "socket");
	if (pipe(pair) == 0)
		test_gone_reader(pair, "pipe");
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0)
		test_gone_reader(pair, "socket");
	test_files();
	test_patient();
	return done_testing();
}
