/*
 * Tasks as processes of this machine.
 */
#include "base/base.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/pidfd.h>

#include "base/cbor.h"
#include "base/strvec.h"
#include "local-harness.h"
#include "model/object-path.h"
#include "sys/reaper.h"

/* ---- ends ---- */

static void
test_ends(void)
{
	struct trial *t = run(shell("echo hello; echo oops >&2"));

	succeeded(t, "a shell text runs");
	is_str(t->out.buf, "hello\n", "its output is read");
	is_str(t->err.buf, "oops\n", "and kept apart from its errors");
	ok(t->pid > 0 && t->o.exit_status == 0 && t->o.ended_ns >=
	   t->o.started_ns, "its pid, status and times are known");
	ok(t->o.max_rss_kib > 0, "and the memory it used");
	failed(run(shell("exit 3")), OUTCOME_FAILED, "status 3",
	       "a status is a failure");
	failed(run(shell("yes | head -n 1")), OUTCOME_FAILED,
	       "status 141: a program in the pipe wrote to one that had "
	       "finished; head does that", "a broken pipe is explained");
	failed(run(shell("no-such-program-here x")), OUTCOME_FAILED,
	       "status 127: a program was not found",
	       "a program that a shell does not find");
	failed(run(shell("kill -SEGV $$")), OUTCOME_FAILED,
	       "killed by signal 11 (segmentation fault)",
	       "a segmentation fault is named");
	failed(run(shell("false; true")), OUTCOME_FAILED, "status 1",
	       "bash stops at the first failure");
	t = run(exec_argv("no-such-program-here"));
	failed(t, OUTCOME_FAILED, "status 127: program "
	       "'no-such-program-here' was not found along PATH",
	       "a program that is not there is a failure of the task");
	is_int(t->o.exit_status, 127, "with the status that a shell gives");
	is_int(t->finished_count, 1, "told once");
	succeeded(run(trial(SPEC_NONE)), "no recipe is no failure");
}

static void
test_odd_programs(void)
{
	struct trial *t;

	put("plain.sh", "echo from sh\n");
	chmod("plain.sh", 0755);
	t = run(exec_argv("./plain.sh"));
	failed(t, OUTCOME_FAILED, "status 126: cannot run './plain.sh': "
	       "neither a program nor a script that begins with #!",
	       "a script without #! is no program");
	succeeded(run(shell("./plain.sh")), "but a shell runs it");
	t = trial(SPEC_SCRIPT);
	t->spec.argv = (char *[]){ (char *)"sh", (char *)"-eu", NULL };
	t->spec.text = "echo \"$0\"; cat \"$FLOWMAKE_TASK\"\n";
	t->spec.text_len = strlen(t->spec.text);
	succeeded(run(t), "a script runs");
	ok(!strncmp(t->out.buf, ".flowmake/tmp/7/", 16),
	   "from a file that other tasks use too");
	ok(strstr(t->out.buf, "{\"run\": 7, \"step\": \"try\", \"split\": "
			      "\"\", \"attempt\": 1, ") != NULL,
	   "its task is in a JSON file");
}

static void
test_terminal(void)
{
	struct trial *t = run(shell("exec 3</dev/tty"));

	ok(t->o.kind == OUTCOME_FAILED && strstr(t->err.buf, "/dev/tty"),
	   "a task that opens the terminal fails at once");
	t = run(shell("cat"));
	succeeded(t, "stdin is empty");
}

/* ---- files ---- */

static void
test_outputs(void)
{
	struct trial *t = shell("echo data > new/dir/x.txt");
	struct stat st;

	add_output(t, "new/dir/x.txt");
	succeeded(run(t), "an output is made in a directory made for it");
	is_str(t->made[0].name, "new/dir/x.txt", "and recorded");
	ok(t->made[0].format == ARTIFACT_OUTPUT && t->made[0].size_bytes == 5
	   && !digest_is_zero(&t->made[0].digest), "with size and digest");
	t = shell("test ! -e new/dir/x.txt; echo again > new/dir/x.txt");
	add_output(t, "new/dir/x.txt");
	succeeded(run(t), "the old one is away when it is made again");
	is_str(t->engine.buf, "", "without a word, as it is in the store");
	put("new/dir/x.txt", "edited");
	t = shell("test ! -e new/dir/x.txt; echo third > new/dir/x.txt");
	add_output(t, "new/dir/x.txt");
	succeeded(run(t), "one that was edited is away too");
	is_str(t->engine.buf, "moved 'new/dir/x.txt', which was changed since "
	       "flowmake made it, to .flowmake/replaced/7/new/dir/x.txt\n",
	       "and where it is kept is said");
	ok(!stat(".flowmake/replaced/7/new/dir/x.txt", &st), "there it is");
	t = shell("echo half > half.txt; exit 1");
	add_output(t, "half.txt");
	failed(run(t), OUTCOME_FAILED, "status 1", "a recipe fails half way");
	ok(stat("half.txt", &st) < 0, "what it left is removed");
	t = shell("mkdir out; echo a > out/a; echo b > out/b");
	add_output(t, "out");
	succeeded(run(t), "a directory can be an output");
}

static void
test_missing(void)
{
	struct trial *t = shell("true; true");

	add_output(t, "nothing.txt");
	failed(run(t), OUTCOME_FAILED, "did not make 'nothing.txt'",
	       "an output that is not made is a failure");
	t = shell("echo x > table.tvs");
	add_output(t, "table.tsv");
	failed(run(t), OUTCOME_FAILED,
	       "did not make 'table.tsv'; it made 'table.tvs'",
	       "one with nearly the right name");
	t = shell("true; true");
	add_result(t, "model", SPEC_RESULT_VALUE, NULL);
	failed(run(t), OUTCOME_FAILED, "did not write result 'model'",
	       "a result that is not written is a failure");
}

static void
test_inputs(void)
{
	struct trial *t;

	put("in.txt", "one");
	t = shell("cat in.txt > copy.txt");
	add_input(t, "in.txt");
	add_output(t, "copy.txt");
	succeeded(run(t), "an input is read");
	ok(t->o.reusable && !t->warning, "the result can be used again");
	t = shell("echo more >> in.txt; cat in.txt > copy.txt");
	add_input(t, "in.txt");
	add_output(t, "copy.txt");
	succeeded(run(t), "a recipe that changes its input succeeds");
	ok(!t->o.reusable, "but its result cannot be used again");
	is_str(t->warning, "input 'in.txt' changed while the task ran; its "
	       "results will not be used again; what the recipe writes "
	       "should be an output", "which is said");
}

static void
test_redirection(void)
{
	struct trial *t = exec_argv("cat");

	put("source", "to be copied");
	t->spec.stdin_file = "source";
	t->spec.stdout_file = "target";
	add_output(t, "target");
	succeeded(run(t), "stdin and stdout can be files");
	is_int((intmax_t)t->made[0].size_bytes, 12, "without being read");
	t = exec_argv("cat");
	t->spec.stdin_file = "source";
	t->spec.stdout_result = 0;
	add_result(t, "words", SPEC_RESULT_TEXT, NULL);
	succeeded(run(t), "stdout can be a result");
	t = exec_argv("cat");
	t->spec.stdin_file = "not-there";
	ok(x->ops->start(x, &t->spec, t, &err) < 0 &&
	   failed_with(&err, "cannot open 'not-there'"),
	   "a stdin that is not there cannot even be tried");
}

/* ---- results ---- */

#define R(n) SPEC_MARK "r" #n SPEC_MARK
#define L(n) SPEC_MARK "l" #n SPEC_MARK

static bool
is_value_text(const struct artifact *a, const char *text)
{
	struct cbor c;
	size_t len;
	const char *s;

	cbor_init(&c, a->value, a->value_len);
	s = cbor_get_text(&c, &len);
	return a->format == ARTIFACT_INLINE && len == strlen(text) &&
	       !memcmp(s, text, len);
}

static void
test_results(void)
{
	struct trial *t = shell("echo '7 words' > " R(0) "; printf x > " R(1)
				"; mkdir " R(2) "; echo y > " R(2) "/y");

	add_result(t, "words", SPEC_RESULT_TEXT, NULL);
	add_result(t, "odd/name with 'quotes'", SPEC_RESULT_VALUE, NULL);
	add_result(t, "tree", SPEC_RESULT_VALUE, NULL);
	succeeded(run(t), "results are written where the recipe is told");
	ok(is_value_text(&t->got[0], "7 words"), "a text is a value");
	ok(t->got[1].format == ARTIFACT_FILE && t->got[1].size_bytes == 1,
	   "a file is a result, whatever its name");
	ok(t->got[2].format == ARTIFACT_TREE, "a directory too");
	is_str(t->got[1].name, "odd/name with 'quotes'", "names stay");
	t = shell("echo a > '" R(0) "'; echo b >> \"" R(0) "\"; ls "
		  "\"$(dirname " R(0) ")\"");
	add_result(t, "clip", SPEC_RESULT_NAMED, "it's $a \"clip\".mp4");
	succeeded(run(t), "a result can have any file name, in any quotes");
	is_str(t->out.buf, "it's $a \"clip\".mp4\n",
	       "which the recipe sees");
	is_str(t->got[0].file_name, "it's $a \"clip\".mp4", "and is kept");
	t = exec_argv("sh", "-c", "echo $1 > $2", "sh", "text", R(0));
	add_result(t, "out", SPEC_RESULT_LINES, NULL);
	succeeded(run(t), "an argument can be a result's path");
}

static void
test_lists(void)
{
	static const char *items[] = { "one", "two words", "" };
	static size_t lens[] = { 3, 9, 0 };
	struct spec_list list = { items, lens, 3 };
	struct trial *t = exec_argv("cat", L(0));

	t->spec.lists = &list;
	t->spec.list_count = 1;
	succeeded(run(t), "a list file has a path");
	is_str(t->out.buf, "one\ntwo words\n\n", "and a line for each text");
}

static void
test_long_text(void)
{
	struct strbuf sb = STRBUF_INIT;
	struct trial *t;

	strbuf_adds(&sb, "echo \"$0\" ");
	while (sb.len < 300000)
		strbuf_adds(&sb, "0123456789 ");
	strbuf_adds(&sb, "| wc -w");
	t = shell(sb.buf);
	succeeded(run(t), "a text that is too long for an argument runs");
	is_str(t->out.buf, "27273\n", "whole");
	t = shell(sb.buf);
	t->spec.argv = (char *[]){ (char *)"sh", (char *)"-euc", NULL };
	succeeded(run(t), "by another shell too");
	strbuf_release(&sb);
}

static void
test_large(void)
{
	struct trial *t = shell("head -c 3000000 /dev/zero > big; mkdir -p d;"
				"cp big d/one; cp big " R(0));
	struct file_state state;

	add_output(t, "big");
	add_output(t, "d");
	add_result(t, "copy", SPEC_RESULT_VALUE, NULL);
	succeeded(run(t), "large files are made");
	must(files_digest(files, "big", &state, &err));
	ok(digest_equal(&state.digest, &t->made[0].digest) &&
	   digest_equal(&state.digest, &t->got[0].digest),
	   "and hashed elsewhere with the same digest");
	must(files_digest(files, "d", &state, &err));
	ok(digest_equal(&state.digest, &t->made[1].digest),
	   "in directories too");
}

/* Whether whoever reads the file at PATH in the result A must hash it. */
static bool
is_to_be_hashed(const struct artifact *a, const char *path)
{
	struct strbuf sb = STRBUF_INIT;
	struct stat st;
	bool costly;

	object_add_path(&sb, &a->digest, a->file_name);
	strbuf_adds(&sb, path);
	must(stat(sb.buf, &st));
	costly = files_is_costly(files, sb.buf, &st);
	strbuf_release(&sb);
	return costly;
}

static void
test_hashed_once(void)
{
	struct trial *t = shell("head -c 3000000 /dev/zero > " R(0)
				"; mkdir -p " R(1) "/d; tr '\\0' a < " R(0)
				" > " R(1) "/d/f; cp -r " R(1) " " R(2));

	add_result(t, "file", SPEC_RESULT_VALUE, NULL);
	add_result(t, "tree", SPEC_RESULT_VALUE, NULL);
	add_result(t, "named", SPEC_RESULT_NAMED, "site");
	succeeded(run(t), "large results are made");
	ok(!is_to_be_hashed(&t->got[0], ""), "who reads one trusts its hash");
	ok(!is_to_be_hashed(&t->got[1], "/d/f"), "inside a directory, too");
	ok(!is_to_be_hashed(&t->got[2], "/d/f"), "which may have a name");
}

/* ---- environment ---- */

static void
test_environment(void)
{
	struct trial *t = shell("echo \"$FLOWMAKE_RUN_ID $FLOWMAKE_STEP "
				"$FLOWMAKE_SPLIT $FLOWMAKE_ATTEMPT "
				"$COLOUR ${FLOWMAKE_LIBEXEC-unset}\"");
	static const char *secrets[] = { "NOT_THERE" };

	t->spec.split = "3.2";
	t->spec.attempt = 2;
	t->variables[0] = (struct spec_variable){ "COLOUR", "blue" };
	t->spec.environment_count = 1;
	succeeded(run(t), "a task has an environment");
	is_str(t->out.buf, "7 try 3.2 2 blue unset\n",
	       "with its name and its step's variables");
	t = shell("test -z \"$(ls -A \"$TMPDIR\")\"; touch \"$TMPDIR/x\"; "
		  "mkdir \"$TMPDIR/d\"; touch \"$TMPDIR/d/y\"");
	succeeded(run(t), "TMPDIR is empty");
	succeeded(run(shell(t->spec.text)), "for each task");
	t = shell("rm -r \"$TMPDIR\"; rm \"$FLOWMAKE_TASK\"");
	succeeded(run(t), "a task may even remove it");
	t = shell("touch \"$TMPDIR/x\"; grep -q try \"$FLOWMAKE_TASK\"");
	succeeded(run(t), "the next one has it again");
	t = shell("true; true");
	t->spec.secrets = secrets;
	t->spec.secret_count = 1;
	ok(x->ops->start(x, &t->spec, t, &err) < 0 &&
	   failed_with(&err, "secret 'NOT_THERE' is not set"),
	   "a secret that is not set is named");
}

/* ---- ends that are not the task's own ---- */

static void
cancel_now(struct trial *t)
{
	t->on_text = NULL;
	x->ops->cancel(x, t, false);
}

static void
test_stopping(void)
{
	struct trial *t = shell("trap '' TERM; while :; do sleep 0.01; done");

	t->spec.timeout_ns = 20 * NS_PER_MS;
	failed(run(t), OUTCOME_TIMEOUT, "timed out after 0.0s",
	       "a task immune to TERM ends by its timeout");
	is_int(t->o.signal, SIGKILL, "killed");
	t = shell("echo go; sleep 1000 | cat");
	t->on_text = cancel_now;
	start(t);
	finish_trial(t);
	ok(t->o.kind == OUTCOME_CANCELLED, "a pipeline can be cancelled");
	is_int(t->o.signal, SIGTERM, "by TERM");
	t = shell("trap 'echo x > late; exit 0' TERM; echo go; "
		  "while :; do sleep 0.01; done");
	add_output(t, "late");
	t->on_text = cancel_now;
	start(t);
	finish_trial(t);
	ok(t->o.kind == OUTCOME_CANCELLED && access("late", F_OK) < 0,
	   "one that then succeeds is cancelled all the same");
	t = shell("echo go; trap '' TERM; sleep 1000 & wait");
	start(t);
	while (!t->out.len)
		must(loop_turn(loop, true, &err));
	x->ops->cancel(x, t, true);
	finish_trial(t);
	is_int(t->o.signal, SIGKILL, "a hard cancel kills at once");
}

/* Whether PID ends, or has ended. */
static bool
ends(pid_t pid)
{
	struct pollfd p = { .events = POLLIN };
	bool ended;

	p.fd = pidfd_open(pid, 0);
	if (p.fd < 0)
		return errno == ESRCH;
	ended = poll(&p, 1, 5000) == 1;
	close(p.fd);
	return ended;
}

static void
test_left_behind(void)
{
	struct trial *t = shell("setsid sleep 1000 & echo $!");

	succeeded(run(t), "a daemon that keeps the pipe does not keep the "
			  "task");
	ok(strstr(t->engine.buf, "left behind") != NULL, "which is said");
	kill(atoi(t->out.buf), SIGKILL);
	t = shell("sleep 1000 > /dev/null 2>&1 & echo $!");
	succeeded(run(t), "a background job that keeps no pipe");
	is_str(t->engine.buf, "", "is not worth a word");
	ok(ends(atoi(t->out.buf)), "and ends with its task");
	t = shell("echo sub > >(sleep 0.02; cat > made.txt; echo done)");
	add_output(t, "made.txt");
	succeeded(run(t), "a process substitution is waited for");
	is_str(t->out.buf, "done\n", "to its end");
	ok(t->o.reusable, "and its result can be used again");
	t = shell("echo sub > >(cat > cut.txt; sleep 1000)");
	add_output(t, "cut.txt");
	succeeded(run(t), "but not for ever");
	ok(!t->o.reusable && strstr(t->warning, "may not be whole"),
	   "then its result is not trusted");
}

static void
test_pause(void)
{
	struct trial *t = shell("echo go; sleep 0.05; echo end");

	start(t);
	while (!t->out.len)
		must(loop_turn(loop, true, &err));
	x->ops->pause(x, true);
	{
		char *path = xasprintf("/proc/%ld/stat", (long)t->pid);
		struct strbuf sb = STRBUF_INIT;

		do {
			strbuf_reset(&sb);
			must(file_read(path, &sb, &err));
		} while (!strstr(sb.buf, ") T "));
		ok(true, "a paused task is stopped");
		strbuf_release(&sb);
		free(path);
	}
	x->ops->pause(x, false);
	finish_trial(t);
	succeeded(t, "and goes on afterwards");
	is_str(t->out.buf, "go\nend\n", "where it was");
}

/* ---- many ---- */

static void
test_many(void)
{
	struct trial *t[32];
	bool all_ok = true, whole = true;

	for (int i = 0; i < 32; i++) {
		t[i] = shell("for i in {1..2000}; do echo \"line $i of the "
			     "output\"; echo \"$i\" >&2; done");
		start(t[i]);
	}
	for (int i = 0; i < 32; i++) {
		finish_trial(t[i]);
		all_ok &= t[i]->o.kind == OUTCOME_OK;
		whole &= !strcmp(t[i]->out.buf, t[0]->out.buf) &&
			 !strcmp(t[i]->err.buf, t[0]->err.buf);
	}
	ok(all_ok, "32 tasks run at once");
	ok(whole && strstr(t[0]->out.buf, "line 2000 of the output\n"),
	   "and no line of theirs is lost");
}

static void
test_odd_names(void)
{
	static const char name[] = "odd '\"$ \n\xff name";
	struct trial *t = exec_argv("cp", "source", name);

	add_output(t, name);
	succeeded(run(t), "names of files are bytes");
	t = exec_argv("cat", name);
	add_input(t, name);
	succeeded(run(t), "as outputs and as inputs");
	is_str(t->out.buf, "to be copied", "and as arguments");
}

static size_t
count_fds(void)
{
	struct strvec names = STRVEC_INIT;
	size_t n;

	must(file_list("/proc/self/fd", &names, &err));
	n = names.count;
	strvec_release(&names);
	return n;
}

int
main(void)
{
	size_t before;

	enter_work_dir();
	setenv("FLOWMAKE_LIBEXEC", "/nowhere", 1);
	must(reaper_become(&err));
	arena_init(&arena);
	loop = loop_new(&clock_system, &err);
	open_harness(NULL);
	test_ends();
	before = count_fds();
	test_odd_programs();
	test_terminal();
	test_outputs();
	test_missing();
	test_inputs();
	test_redirection();
	test_results();
	test_lists();
	test_long_text();
	test_large();
	test_hashed_once();
	test_environment();
	test_stopping();
	test_left_behind();
	test_pause();
	ok(count_fds() == before, "no descriptor is left open");
	test_many();
	test_odd_names();
	start(shell("trap '' TERM; sleep 1000 | cat"));
	close_harness();
	ok(access(".flowmake/tmp/7-0", F_OK) < 0 &&
	   access(".flowmake/tmp/7.lock", F_OK) < 0,
	   "nothing of the run is left among the temporary files");
	loop_free(loop);
	release_trials();
	leave_work_dir();
	return done_testing();
}
