/*
 * Programs executed in the place of a shell.
 */
#include "base/base.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/strvec.h"
#include "local-harness.h"
#include "sys/file.h"
#include "sys/reaper.h"

static char *const bash[] = {
	(char *)"bash", (char *)"-euo", (char *)"pipefail", (char *)"-c", NULL
};
static char *const dash[] = { (char *)"dash", (char *)"-euc", NULL };

/* Check that PATH holds WANT. */
static void
is_file(const char *path, const char *want, const char *title)
{
	struct strbuf sb = STRBUF_INIT;

	is_str(file_read(path, &sb, NULL) < 0 ? "(none)" : sb.buf, want,
	       title);
	strbuf_release(&sb);
}

/* A task of TEXT in SHELL. */
static struct trial *
text_of(char *const *shell_argv, const char *text)
{
	struct trial *t = shell(text);

	t->spec.argv = (char **)shell_argv;
	return t;
}

/* The same for certain in a shell: as a program that is executed. */
static struct trial *
real(char *const *shell_argv, const char *text)
{
	char *words[8];
	size_t n = 0;

	for (; shell_argv[n]; n++)
		words[n] = shell_argv[n];
	words[n] = (char *)text;
	words[n + 1] = NULL;
	return exec_words(words);
}

/* The lines of TEXT, sorted. */
static struct strvec
sorted_lines(char *text)
{
	struct strvec lines = STRVEC_INIT;
	char *save = NULL, *line;

	for (line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save))
		strvec_push(&lines, line);
	strvec_sort(&lines);
	return lines;
}

static void
test_environment(char *const *shell_argv)
{
	struct trial *direct = run(text_of(shell_argv, "env"));
	struct trial *shells = run(real(shell_argv, "env"));
	struct strvec a = sorted_lines(direct->out.buf);
	struct strvec b = sorted_lines(shells->out.buf);
	bool same = a.count == b.count;

	ok(a.count > 5, "a single program runs");
	for (size_t i = 0; same && i < a.count; i++)
		if (strcmp(a.v[i], b.v[i])) {
			printf("# %s\n# %s\n", a.v[i], b.v[i]);
			same = false;
		}
	ok(same, "and its environment is that which %s gives", *shell_argv);
	strvec_release(&a);
	strvec_release(&b);
}

/* Where there is no bash only its place can be taken. */
static void
test_without_bash(void)
{
	struct trial *t = text_of(bash, "show > shown");
	char *here = getcwd(NULL, 0), *path = xasprintf("%s/bin", here);

	must(file_make_dirs("bin", &err));
	put("bin/show", "#!/bin/sh\necho text\n");
	chmod("bin/show", 0700);
	t->variables[0] = (struct spec_variable){ "PATH", path };
	t->spec.environment_count = 1;
	succeeded(run(t), "a program runs in bash's place");
	is_file("shown", "text\n", "with a redirection, too");
	t = text_of(bash, ": ; show");
	t->variables[0] = (struct spec_variable){ "PATH", path };
	t->spec.environment_count = 1;
	is_int(run(t)->o.exit_status, 127, "which two commands need");
	free(path);
	free(here);
}

/* Dash stays while its program runs, so that shows who started it. */
static void
test_parent(void)
{
	struct trial *t;

	put("parent", "#!/bin/sh\ncat /proc/$PPID/comm\n");
	chmod("parent", 0700);
	t = run(text_of(dash, "./parent > who"));
	succeeded(t, "a program runs in dash's place");
	is_file("who", "in-place-test\n", "with a redirection");
	t = run(real(dash, "./parent"));
	is_str(t->out.buf, "dash\n", "which dash itself would not leave");
	t = run(text_of(dash, "./parent; :"));
	is_str(t->out.buf, "dash\n", "nor does it for two commands");
	t = text_of(dash, "./parent");
	t->variables[0] = (struct spec_variable){ "IFS", "x" };
	t->spec.environment_count = 1;
	is_str(run(t)->out.buf, "dash\n", "nor for a variable of its own");
	t = text_of((char *[]){ (char *)"dash", (char *)"-xc", NULL },
		    "./parent");
	is_str(run(t)->out.buf, "dash\n", "nor with another option");
}

static void
test_redirections(char *const *shell_argv)
{
	struct trial *t;

	put("source", "text\n");
	put("log", "before\n");
	put("why", "before\n");
	t = run(text_of(shell_argv, "tr a-z A-Z < source >> log 2> why"));
	succeeded(t, "a program reads and writes files");
	is_file("log", "before\nTEXT\n", "behind what is there");
	is_file("why", "", "or in its place");
	t = run(text_of(shell_argv, "cat no-such-file source > both 2>&1"));
	failed(t, OUTCOME_FAILED, "status 1", "a program fails");
	is_file("both", "cat: no-such-file: No such file or directory\ntext\n",
		"both streams in one file");
	t = run(text_of(shell_argv, "cat no-such-file 2>&1 < source"));
	is_str(t->out.buf, "cat: no-such-file: No such file or directory\n",
	       "or both in the log");
	t = run(text_of(shell_argv, "cat < gone > never"));
	ok(t->o.exit_status > 0 && strstr(t->err.buf, "gone") &&
	   access("never", F_OK) < 0, "a missing file stops in the shell");
	t = run(text_of(shell_argv, "cat < source > no/where"));
	ok(t->o.exit_status > 0 && strstr(t->err.buf, "no/where"),
	   "so does one that cannot be made");
	t = run(text_of(shell_argv, "no-such-program > never 2> why"));
	is_int(t->o.exit_status, 127, "so does a missing program");
	is_file("never", "", "which has its file by then");
	t = run(text_of(shell_argv, "cat < /proc/self/comm"));
	is_str(t->out.buf, shell_argv == dash ? "dash\n" : "cat\n",
	       "a file that depends on its reader is the shell's");
	t = run(text_of(shell_argv, "cat source > /dev/null"));
	ok(!t->out.len && !t->o.exit_status, "nowhere is a file, too");
}

/* Whoever waits for the other end of a fifo, it is not flowmake. */
static void
test_fifo(char *const *shell_argv)
{
	struct trial *t = text_of(shell_argv, "cat < fifo");

	if (mkfifo("fifo", 0600) < 0 && errno != EEXIST)
		bug("no fifo");
	t->spec.timeout_ns = 20 * NS_PER_MS;
	failed(run(t), OUTCOME_TIMEOUT, "timed out after 0.0s", "a fifo nobody writes to");
	t = text_of(shell_argv, "cat source > fifo");
	t->spec.timeout_ns = 20 * NS_PER_MS;
	failed(run(t), OUTCOME_TIMEOUT, "timed out after 0.0s", "or nobody reads");
}

static void
test_all(char *const *shell_argv)
{
	test_environment(shell_argv);
	test_redirections(shell_argv);
	test_fifo(shell_argv);
	unlink("never");
}

/* Whatever the shells make of this one. */
static void
set_environment(void)
{
	char *path = xstrdup(getenv("PATH") ? getenv("PATH") : "/usr/bin:/bin");

	clearenv();
	setenv("PATH", path, 1);
	setenv("HOME", "/", 1);
	setenv("OLDPWD", "/tmp", 1);
	setenv("PWD", "/nowhere", 1);
	setenv("SHLVL", "3", 1);
	setenv("PS1", "$", 1);
	setenv("_", "/usr/bin/env", 1);
	setenv("ODD", "a b\\'\"$", 1);
	free(path);
}

int
main(void)
{
	set_environment();
	enter_work_dir();
	must(reaper_become(&err));
	arena_init(&arena);
	loop = loop_new(&clock_system, &err);
	open_harness(NULL);
	test_all(bash);
	test_without_bash();
	if (run(exec_argv("dash", "-c", ":"))->o.exit_status == 0) {
		test_all(dash);
		test_parent();
	}
	close_harness();
	loop_free(loop);
	release_trials();
	leave_work_dir();
	return done_testing();
}
