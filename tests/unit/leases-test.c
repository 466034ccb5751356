/*
 * Leases of two runs: two sets of them in one process, since the locks are of
 * the open file, not of the process.
 */
#include "base/base.h"

#include "sched/leases.h"

#include <sys/resource.h>
#include <unistd.h>

#include "base/arena.h"
#include "fake-clock.h"
#include "model/graph.h"
#include "sys/loop.h"
#include "work-dir.h"

/* A run, and its attempts to run tasks. */
struct one_run {
	struct loop *loop;
	struct leases *leases;
	unsigned ready;      /* how often it was called to try again */
	unsigned silent;     /* ... to say that another does not answer */
};

static struct one_run us, them, third;
static const char *path, *does; /* what is in the way */
static struct arena arena;      /* of names */

/* A task with outputs and reads, and its lease. */
struct attempted {
	struct task task;
	struct task_file outputs[4];
	const char *reads[4];
	size_t read_count;
	struct lease lease;
};

/* A task that makes MAKES and reads READS, names parted by blanks. */
static struct attempted
task_of(const char *makes, const char *reads)
{
	struct attempted a = { .read_count = 0 };
	char *text = arena_strdup(&arena, makes), *word;

	while ((word = strsep(&text, " ")) && *word)
		a.outputs[a.task.output_count++].path = word;
	text = arena_strdup(&arena, reads);
	while ((word = strsep(&text, " ")) && *word)
		a.reads[a.read_count++] = word;
	return a;
}

static void
on_ready(void *data)
{
	((struct one_run *)data)->ready++;
}

/* 1: it has its lease; 0: it waits for *path. */
static int
take(struct one_run *r, struct attempted *a)
{
	path = does = NULL;
	a->task.outputs = a->outputs;
	return must(leases_take(r->leases, &a->lease, &a->task, a->reads,
				a->read_count, &path, &does, on_ready, r,
				&err));
}

static void
drop(struct one_run *r, struct attempted *a)
{
	leases_drop(r->leases, &a->lease);
}

/* Whether the run is told to try again, now that it turns. */
static bool
is_told(struct one_run *r)
{
	unsigned before = r->ready;

	must(loop_turn(r->loop, false, &err));
	return r->ready > before;
}

/* A take GOT no lease because another run is as told. */
static void
waits_for(int got, const char *want_path, const char *want_does,
	  const char *title)
{
	bool pass = !got && !strcmp(path, want_path) &&
		!strcmp(does, want_does);

	ok(pass, "%s", title);
	if (!pass)
		printf("# %s %s '%s'\n", got ? "leased:" : "another run is",
		       does, path);
}

static void
on_silent(void *data)
{
	((struct one_run *)data)->silent++;
}

static void
begin_run(struct one_run *r)
{
	r->loop = loop_new(&fake_clock, &err);
	r->leases = r->loop ? leases_new(r->loop, true, on_silent, r, &err)
			    : NULL;
	if (!r->leases)
		must(-1);
	r->ready = r->silent = 0;
}

static void
end_run(struct one_run *r)
{
	leases_free(r->leases);
	loop_free(r->loop);
}

/* Whether a take GOT no lease because another run has not answered yet. */
static bool
is_unanswered(int got)
{
	return !got && !path && !does;
}

/* Let both runs know of each other. */
static void
meet(struct one_run *a, struct one_run *b)
{
	must(loop_turn(a->loop, false, &err));
	must(loop_turn(b->loop, false, &err));
}

/* ---- cases ---- */

static void
test_alone(void)
{
	struct attempted a = task_of("out/a", "r"), b = task_of("out/b", "");
	struct attempted c = task_of("out/a", ""), d = task_of("r", "");

	begin_run(&us);
	is_int(take(&us, &a), 1, "who is alone has what it wants");
	is_int(take(&us, &b), 1, "all of it");
	drop(&us, &b);
	begin_run(&them);
	ok(is_unanswered(take(&them, &b)), "who comes later waits for it");
	ok(!is_told(&them), "... as long as it does not turn");
	must(loop_turn(us.loop, false, &err));
	ok(is_told(&them), "then there is an answer");
	is_int(take(&them, &b), 1, "what was given back is free");
	waits_for(take(&them, &c), "out/a", "making", "what was leased is not");
	waits_for(take(&them, &d), "r", "reading", "nor what is read");
	begin_run(&third);
	waits_for(take(&third, &c), "out/a", "making",
		  "a third needs no answer");
	drop(&us, &a);
	leases_announce(us.leases);
	ok(is_told(&them) && is_told(&third), "all are told");
	is_int(take(&third, &c), 1, "one has it");
	waits_for(take(&them, &c), "out/a", "making", "the other waits");
	end_run(&us);
	end_run(&them);
	end_run(&third);
}

static void
test_no_answer(void)
{
	struct attempted a = task_of("x", ""), b = task_of("x", "");
	struct attempted c = task_of("y", "");

	begin_run(&us);
	take(&us, &a);
	begin_run(&them);
	take(&them, &b);
	fake_clock_ns += NS_PER_S;
	is_told(&them);
	is_int(them.silent, 0, "one that is busy is asked again");
	fake_clock_ns += NS_PER_S;
	is_told(&them);
	fake_clock_ns += NS_PER_S;
	is_told(&them);
	is_int(them.silent, 1, "that it is silent is said once");
	ok(is_unanswered(take(&them, &c)), "nothing is leased before");
	end_run(&us);
	ok(is_told(&them), "unless it dies");
	is_int(take(&them, &b), 1, "then all is free");
	begin_run(&us);
	end_run(&us);
	must(loop_turn(them.loop, false, &err));
	is_int(take(&them, &c), 1, "one that asks and dies disturbs nobody");
	begin_run(&us);
	waits_for(take(&us, &a), "x", "making", "the next needs no answer");
	end_run(&us);
	end_run(&them);

	begin_run(&us);
	take(&us, &a);
	leases_share(us.leases);
	begin_run(&them);
	is_int(take(&them, &c), 1, "who is about to stop is not waited for");
	waits_for(take(&them, &b), "x", "making", "but for what it leased");
	end_run(&us);
	end_run(&them);
}

/* Two ask at once, and the one they ask dies. */
static void
test_three(void)
{
	struct attempted a = task_of("x", ""), b = task_of("x", "");
	struct attempted c = task_of("x", "");

	begin_run(&us);
	take(&us, &a);
	begin_run(&them);
	begin_run(&third);
	take(&them, &b);
	take(&third, &c);
	end_run(&us);
	ok(is_told(&them), "when it dies, one of two that wait is told");
	ok(!is_told(&third), "and not the other, which asks that one");
	is_int(take(&them, &b), 1, "the one has what it wants");
	must(loop_turn(them.loop, false, &err));
	ok(is_told(&third), "and answers");
	waits_for(take(&third, &c), "x", "making", "so that the other waits");
	end_run(&them);
	ok(is_told(&third), "until it ends");
	is_int(take(&third, &c), 1, "and then has it");
	end_run(&third);
}

static void
test_unseen(void)
{
	struct attempted a = task_of("x", ""), b = task_of("x", "");

	begin_run(&us);
	begin_run(&them);
	meet(&us, &them);
	take(&us, &a);
	take(&them, &b);
	drop(&us, &a);
	ok(!is_told(&them), "what nobody told is not known");
	fake_clock_ns += NS_PER_S;
	ok(is_told(&them), "but it is tried again by and by");
	is_int(take(&them, &b), 1, "and had");
	take(&us, &a);
	leases_forget(us.leases);
	drop(&them, &b);
	leases_announce(them.leases);
	fake_clock_ns += NS_PER_S;
	ok(!is_told(&us), "who is forgotten is not told");
	end_run(&us);
	end_run(&them);
}

/* Begin a run that can open one file and no more. */
static void
begin_blind_run(struct one_run *r)
{
	struct rlimit all, one;
	int fd;

	r->loop = loop_new(&fake_clock, &err);
	fd = must(dup(STDIN_FILENO));
	close(fd);
	must(getrlimit(RLIMIT_NOFILE, &all));
	one = all;
	one.rlim_cur = (rlim_t)fd + 1;
	must(setrlimit(RLIMIT_NOFILE, &one));
	r->leases = leases_new(r->loop, true, on_silent, r, &err);
	must(setrlimit(RLIMIT_NOFILE, &all));
	if (!r->leases)
		must(-1);
	r->ready = r->silent = 0;
}

static void
test_blind(void)
{
	struct attempted a = task_of("x", ""), b = task_of("x", "");

	begin_blind_run(&us);
	is_int(take(&us, &a), 1, "who cannot hear has what it wants");
	begin_run(&them);
	waits_for(take(&them, &b), "x", "making", "but need not be asked");
	end_run(&us);
	end_run(&them);
	begin_run(&them);
	take(&them, &b);
	begin_blind_run(&us);
	ok(is_unanswered(take(&us, &a)), "it waits as others do");
	fake_clock_ns += NS_PER_S;
	ok(!is_told(&us), "and asks by and by");
	must(loop_turn(them.loop, false, &err));
	ok(is_told(&us), "until there is an answer");
	waits_for(take(&us, &a), "x", "making", "and learns who is in the way");
	end_run(&us);
	end_run(&them);
}

static void
test_outputs(void)
{
	struct attempted a = task_of("out/a out/b", ""), b = task_of("out/b",
								     "");
	struct attempted c = task_of("out/c", ""), d = task_of("out/a", "");

	is_int(take(&us, &a), 1, "a task leases its outputs");
	waits_for(take(&them, &b), "out/b", "making",
		  "another run waits for who makes the same");
	is_int(take(&them, &c), 1, "others may stand in the same directory");
	ok(!is_told(&them), "who waits is not told before");
	drop(&us, &a);
	ok(!is_told(&them), "what is given back");
	leases_announce(us.leases);
	ok(is_told(&them), "is announced");
	is_int(take(&them, &b), 1, "then it is free");
	ok(!is_told(&them), "who has it waits no more");
	waits_for(take(&us, &a), "out/b", "making", "all outputs or none");
	is_int(take(&them, &d), 1, "... are leased");
	drop(&them, &b);
	drop(&them, &c);
	drop(&them, &d);
	leases_announce(them.leases);
	ok(is_told(&us), "the first is told in its turn");
}

static void
test_directories(void)
{
	struct attempted dir = task_of("out", ""), a = task_of("out/sub/a", "");
	struct attempted b = task_of("out/b", ""), other = task_of("output",
								   "");

	is_int(take(&us, &a), 1, "who makes a file in a directory");
	waits_for(take(&them, &dir), "out", "making",
		  "keeps others from making it as a whole");
	is_int(take(&us, &b), 1, "there may be several of one run");
	drop(&us, &a);
	waits_for(take(&them, &dir), "out", "making",
		  "... until the last has gone");
	is_int(take(&them, &other), 1, "a longer name is another");
	drop(&them, &other);
	drop(&us, &b);
	is_int(take(&them, &dir), 1, "then it may be made");
	waits_for(take(&us, &a), "out/sub/a", "making",
		  "and nobody makes a file inside, however deep");
	drop(&them, &dir);
	is_int(take(&us, &a), 1, "... until that is made");
	drop(&us, &a);
	leases_announce(us.leases);
	leases_announce(them.leases);
	is_told(&us);
	is_told(&them);
}

static void
test_reads(void)
{
	struct attempted maker = task_of("in", "");
	struct attempted reader = task_of("out", "in none"), again = reader;
	struct attempted second = task_of("out2", "in");

	is_int(take(&us, &reader), 1, "a task leases what it reads");
	is_int(take(&them, &second), 1, "which others may read, too");
	waits_for(take(&them, &maker), "in", "reading",
		  "but nobody may make");
	drop(&us, &reader);
	leases_announce(us.leases);
	ok(is_told(&them), "who waits is told");
	is_int(take(&them, &maker), 1, "tasks of one run do not wait for each "
	       "other here: the graph orders them");
	waits_for(take(&us, &again), "in", "making",
		  "what is being made is not read");
	ok(!is_told(&us), "until it is there");
	drop(&them, &maker);
	is_int(take(&us, &again), 1, "then it is");
	drop(&us, &again);
	drop(&them, &second);
	leases_announce(us.leases);
	leases_announce(them.leases);
	is_told(&us);
	is_told(&them);
}

static void
test_many(void)
{
	struct attempted a = task_of("x", ""), b = task_of("x", "");
	struct attempted c = task_of("y", ""), d = task_of("y", "");

	take(&us, &a);
	take(&us, &c);
	them.ready = 0;
	take(&them, &b);
	take(&them, &d);
	drop(&us, &a);
	leases_announce(us.leases);
	is_told(&them);
	is_int(them.ready, 2, "all who wait may try again");
	is_int(take(&them, &b), 1, "one is lucky");
	waits_for(take(&them, &d), "y", "making", "the other waits again");
	drop(&us, &c);
	leases_announce(us.leases);
	leases_announce(us.leases);
	ok(is_told(&them), "and is told again");
	is_int(take(&them, &d), 1, "when its file is free");
	drop(&them, &b);
	drop(&them, &b);
	drop(&them, &d);
	is_int(take(&us, &a), 1, "to give back twice is to give back once");
	drop(&us, &a);
}

static void
test_death(void)
{
	struct attempted a = task_of("x", "r"), b = task_of("x", "");

	take(&us, &a);
	take(&them, &b);
	end_run(&us);
	ok(is_told(&them), "who waits sees a run end that gave nothing back");
	is_int(take(&them, &b), 1, "what it had is free");
	begin_run(&us);
	waits_for(take(&us, &a), "x", "making", "a new run waits for it");
	drop(&them, &b);
}

int
main(void)
{
	fake_clock_ns = NS_PER_S;
	enter_work_dir();
	arena_init(&arena);
	must(file_make_dirs(".flowmake", &err));
	test_alone();
	test_no_answer();
	test_three();
	test_unseen();
	test_blind();
	begin_run(&us);
	begin_run(&them);
	meet(&us, &them);
	test_outputs();
	test_directories();
	test_reads();
	test_many();
	test_death();
	end_run(&us);
	end_run(&them);
	arena_release(&arena);
	leave_work_dir();
	return done_testing();
}
