/*
 * Starting programs.
 */
#include "base/base.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/path.h"
#include "base/strbuf.h"
#include "sys/file.h"
#include "sys/programs.h"
#include "sys/spawn.h"
#include "tap.h"

static struct error err = ERROR_INIT;
static struct strbuf out = STRBUF_INIT;
static char *no_env[] = { NULL };

/* String constants are const, the words of a program are not. */
#define WORDS(...) ((char **)(const char *[]){ __VA_ARGS__, NULL })

/* Run S with its stdout read into out; returns its exit status. */
static int
run(struct spawn *s)
{
	char buf[4096];
	int fds[2], status;
	ssize_t n;
	pid_t pid;

	strbuf_reset(&out);
	if (pipe2(fds, O_CLOEXEC) < 0)
		bug("no pipe");
	s->stdout_fd = fds[1];
	pid = spawn_process(s, &err);
	close(fds[1]);
	while ((n = read(fds[0], buf, sizeof(buf))) > 0)
		strbuf_add(&out, buf, (size_t)n);
	close(fds[0]);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return status;
}

/* Run a text by sh. */
static int
run_shell(const char *text)
{
	char **argv = WORDS("sh", "-c", text);
	struct spawn s = { "/bin/sh", argv, environ, -1, -1, 2, -1,
			   NULL, NULL };

	return run(&s);
}

/* The errno of starting PROGRAM, 0 when it runs. */
static int
start_errno(const char *program, char *const *envp)
{
	char **argv = WORDS(program);
	struct spawn s = { program, argv, envp, -1, -1, -1, -1,
			   NULL, NULL };
	pid_t pid = spawn_process(&s, &err);

	if (pid < 0)
		return errno;
	waitpid(pid, NULL, 0);
	return 0;
}

/* Make an executable file. */
static void
put(const char *path, const char *text, mode_t mode)
{
	if (file_replace(path, text, strlen(text), false, &err) < 0 ||
	    chmod(path, mode) < 0)
		bug("%s", path);
}

static void
test_errors(void)
{
	char **path = WORDS("PATH=:/bin"), **empty = WORDS("PATH=");
	char *huge[] = { NULL, NULL };

	is_int(start_errno("./none", no_env), ENOENT, "no such file");
	is_str(err.text, "cannot run './none': No such file or directory",
	       "is said with its name");
	is_int(start_errno("no-such-program", no_env), ENOENT,
	       "no such program");
	is_str(err.text, "program 'no-such-program' was not found along PATH",
	       "is said otherwise");
	put("text", "no program at all\n", 0755);
	is_int(start_errno("./text", no_env), ENOEXEC, "no program");
	put("plain", "#!/bin/sh\n", 0644);
	is_int(start_errno("./plain", no_env), EACCES, "not executable");
	is_int(start_errno("plain", path), EACCES, "nor along PATH");
	put("lost", "#!/no/such/interpreter\n", 0755);
	is_int(start_errno("./lost", no_env), ENOENT, "no interpreter");
	is_str(err.text, "cannot run './lost': the interpreter that it names "
			 "does not exist", "is not taken for no file");
	is_int(start_errno("sub", path), EACCES, "a directory is no program");
	is_int(start_errno("", path), ENOENT, "nor is nothing");
	put("here", "#!/bin/sh\nexit 0\n", 0755);
	is_int(start_errno("here", path), 0, "an empty entry of PATH is .");
	is_int(start_errno("here", empty), 0, "so is an empty PATH");
	is_int(start_errno("true", no_env), 0, "without PATH there is one");
	huge[0] = xmalloc(4 << 20);
	memset(huge[0], 'x', 4 << 20);
	huge[0][(4 << 20) - 1] = '\0';
	is_int(start_errno("/bin/true", huge), E2BIG, "too much to say");
	is_str(err.text, "cannot run '/bin/true': its arguments and "
			 "environment are too long", "is said");
	free(huge[0]);
}

static void
test_path(void)
{
	struct spawn s = { "tool", WORDS("tool"), WORDS("PATH=sub:sub2"), -1,
			   -1, -1, -1, NULL, NULL };

	put("sub/tool", "#!/bin/sh\necho first\n", 0644);
	put("sub2/tool", "#!/bin/sh\necho second\n", 0755);
	is_int(run(&s), 0, "a program is looked up along the child's PATH");
	is_str(out.buf, "second\n", "past one that may not be executed");
	chmod("sub/tool", 0755);
	run(&s);
	is_str(out.buf, "first\n", "in its order");
}

/* What the program "tool" prints, with PROGRAMS. */
static const char *
run_tool(struct programs *programs, const char *path)
{
	struct spawn s = { "tool", WORDS("tool"), WORDS(path), -1, -1, -1, -1,
			   programs, NULL };

	if (run(&s))
		return "it cannot be run";
	return out.buf;
}

static void
test_programs(void)
{
	char *here = getcwd(NULL, 0), *project = path_join(here, "project");
	char *path = xasprintf("PATH=%s/sub:%s/sub2", here, here);
	char *own = xasprintf("PATH=%s/bin:%s/sub2", project, here);
	struct programs *programs = programs_new(project);

	chmod("sub/tool", 0644);
	is_str(run_tool(programs, path), "second\n", "a program is found");
	chmod("sub/tool", 0755);
	is_str(run_tool(programs, path), "second\n", "and remembered");
	is_str(run_tool(NULL, path), "first\n", "where that is asked for");
	unlink("sub2/tool");
	is_str(run_tool(programs, path), "first\n", "while it is there");
	put("sub2/tool", "#!/bin/sh\necho second\n", 0755);
	is_str(run_tool(programs, own), "second\n", "for each PATH");
	if (mkdir("project", 0777) || mkdir("project/bin", 0777))
		bug("no directory for the test");
	put("project/bin/tool", "#!/bin/sh\necho own\n", 0755);
	is_str(run_tool(programs, own), "own\n",
	       "if it is not behind a directory of the project");
	programs_free(programs);
	free(own);
	free(path);
	free(project);
	free(here);
}

static void
test_child(void)
{
	sigset_t all, saved;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &saved);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	run_shell("sed -n 's/^SigBlk:\t//p' /proc/self/status");
	is_str(out.buf, "0000000000000000\n", "a child blocks no signal");
	run_shell("sed -n 's/^SigIgn:\t//p' /proc/self/status");
	/* glibc leaves its own two, 32 and 33, ignored. */
	ok(out.len && !(strtoull(out.buf, NULL, 16) & ~(3ULL << 31)),
	   "and ignores none");
	signal(SIGPIPE, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	sigprocmask(SIG_SETMASK, &saved, NULL);
	run_shell("set -- $(cut -d' ' -f 5,6 /proc/$$/stat);"
		  "[ $1 = $$ ] && [ $2 != $$ ] && echo yes");
	is_str(out.buf, "yes\n", "it leads a process group, but no session");
	run_shell("read x; echo $?");
	is_str(out.buf, "1\n", "its stdin is empty");
}

static void
test_descriptors(void)
{
	char **argv = WORDS("sh", "-c", "ls /proc/self/fd | tr '\\n' ' '");
	struct spawn s = { "/bin/sh", argv, environ, -1, -1, 2, -1,
			   NULL, NULL };
	int extra = open(".", O_RDONLY), leak = open("/", O_RDONLY);
	int saved, fds[2];
	char text[64] = "";

	run(&s);
	/* ls has one of its own. */
	is_str(out.buf, "0 1 2 3 ", "it gets 0, 1, 2 and nothing else");
	s.extra_fd = extra;
	run(&s);
	is_str(out.buf, "0 1 2 3 4 ", "and one more as 3 when given");
	s.argv = WORDS("sh", "-c",
		       "readlink /proc/self/fd/3 | sed 's,.*/,,'");
	run(&s);
	ok(!strncmp(out.buf, "flowmake-test-", 14), "which is that one");
	close(extra);
	close(leak);

	/* Stdout and stderr exchanged. */
	if (pipe2(fds, O_CLOEXEC) < 0)
		bug("no pipe");
	saved = fcntl(2, F_DUPFD_CLOEXEC, 10);
	dup2(fds[1], 2);
	argv = WORDS("sh", "-c", "echo to 1; echo to 2 >&2");
	s = (struct spawn){ "/bin/sh", argv, environ, -1, 2, 1, -1,
			    NULL, NULL };
	fflush(stdout);
	extra = fcntl(1, F_DUPFD_CLOEXEC, 10);
	dup2(open("swapped", O_RDWR | O_CREAT | O_CLOEXEC, 0666), 1);
	waitpid(spawn_process(&s, &err), NULL, 0);
	dup2(extra, 1);
	dup2(saved, 2);
	read(fds[0], text, sizeof(text) - 1);
	is_str(text, "to 1\n", "descriptors may be exchanged: stdout");
	strbuf_reset(&out);
	file_read("swapped", &out, NULL);
	is_str(out.buf, "to 2\n", "descriptors may be exchanged: stderr");
	close(fds[0]);
	close(fds[1]);
}

static void
test_helper(void)
{
	char *path;

	setenv("FLOWMAKE_LIBEXEC", "/some/where", 1);
	path = spawn_helper_path("flowmake-helper");
	is_str(path, "/some/where/flowmake-helper",
	       "a helper is where the environment says");
	free(path);
	unsetenv("FLOWMAKE_LIBEXEC");
	path = spawn_helper_path("spawn-test");
	ok(!access(path, X_OK), "or beside the program: %s", path);
	free(path);
	path = spawn_helper_path("flowmake-helper");
	is_str(path, FLOWMAKE_LIBEXECDIR "/flowmake-helper",
	       "or where it was installed");
	free(path);
}

int
main(void)
{
	char *dir = xstrdup("/tmp/flowmake-test-XXXXXX");

	test_helper();
	if (!mkdtemp(dir) || chdir(dir) < 0 || mkdir("sub", 0777) < 0 ||
	    mkdir("sub2", 0777) < 0)
		bug("no directory for the test");
	test_errors();
	test_path();
	test_programs();
	test_child();
	test_descriptors();
	if (chdir("/") < 0 || file_remove_tree(dir, &err) < 0)
		bug("%s", err.text);
	error_release(&err);
	strbuf_release(&out);
	free(dir);
	return done_testing();
}
