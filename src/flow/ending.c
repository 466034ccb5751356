/*
 * How a process ended, in words.
 */
#include "base/base.h"

#include "flow/ending.h"

#include <signal.h>
#include <sys/wait.h>

#include "base/strbuf.h"

/* A shell gives this much more than the signal that ended its command. */
enum { SHELL_SIGNAL_BASE = 128 };

struct signal_words {
	int signo;
	const char *name;   /* when it ended the process itself */
	const char *within; /* when a shell says so of one of its commands */
};

static const struct signal_words signals[] = {
	{ SIGHUP, "hangup", "a program was ended by a hangup" },
	{ SIGINT, "interrupt", "a program was interrupted" },
	{ SIGQUIT, "quit", "a program was told to quit" },
	{ SIGILL, "illegal instruction",
	  "a program executed an illegal instruction; was it built for "
	  "another processor?" },
	{ SIGTRAP, "trap", "a program stopped at a trap" },
	{ SIGABRT, "aborted", "a program aborted itself" },
	{ SIGBUS, "bus error", "a program ended with a bus error; a file that "
	  "it had mapped may have been cut off" },
	{ SIGFPE, "arithmetic exception",
	  "a program ended with an arithmetic exception" },
	{ SIGKILL, "killed; most often the memory was used up",
	  "a program was killed; most often the memory was used up" },
	{ SIGSEGV, "segmentation fault",
	  "a program ended with a segmentation fault" },
	{ SIGPIPE, "broken pipe",
	  "a program in the pipe wrote to one that had finished; head does "
	  "that" },
	{ SIGALRM, "alarm", "a program was ended by its alarm" },
	{ SIGTERM, "terminated", "a program was terminated" },
	{ SIGXCPU, "processor time limit",
	  "a program reached its limit of processor time" },
	{ SIGXFSZ, "file size limit",
	  "a program reached the limit of file size" },
	{ SIGSYS, "bad system call", "a program made a bad system call" },
};

static const struct signal_words *
find_signal(int signo)
{
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		if (signals[i].signo == signo)
			return &signals[i];
	return NULL;
}

/* What an exit status most often means, or NULL. */
static const char *
status_words(int status)
{
	const struct signal_words *words;

	if (status == 126)
		return "a program could not be executed; is it executable, "
		       "and for this machine?";
	if (status == 127)
		return "a program was not found";
	words = find_signal(status - SHELL_SIGNAL_BASE);
	return words ? words->within : NULL;
}

void
ending_add_words(struct strbuf *sb, int wait_status)
{
	const struct signal_words *words;
	const char *meaning;

	if (WIFSIGNALED(wait_status)) {
		words = find_signal(WTERMSIG(wait_status));
		strbuf_addf(sb, "killed by signal %d", WTERMSIG(wait_status));
		if (words)
			strbuf_addf(sb, " (%s)", words->name);
		return;
	}
	meaning = status_words(WEXITSTATUS(wait_status));
	strbuf_addf(sb, "status %d", WEXITSTATUS(wait_status));
	if (meaning)
		strbuf_addf(sb, ": %s", meaning);
}
