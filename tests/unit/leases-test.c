/*
 * Leases of two runs: two sets of them in one process, since the locks are of
 * the open file, not of the process.
 */
#include "base/base.h"

#include "sched/leases.h"

#include "base/arena.h"
#include "base/clock.h"
#include "model/graph.h"
#include "sys/loop.h"
#include "work-dir.h"

/* A run, and its attempts to run tasks. */
struct one_run {
	struct loop *loop;
	struct leases *leases;
	unsigned ready;      /* how often it was called to try again */
};

static struct one_run us, them;
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
begin_run(struct one_run *r)
{
	r->loop = loop_new(&clock_system, &err);
	r->leases = r->loop ? leases_new(r->loop, &err) : NULL;
	if (!r->leases)
		must(-1);
	r->ready = 0;
}

static void
end_run(struct one_run *r)
{
	leases_free(r->leases);
	loop_free(r->loop);
}

/* ---- cases ---- */

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
	enter_work_dir();
	arena_init(&arena);
	must(file_make_dirs(".flowmake", &err));
	begin_run(&us);
	begin_run(&them);
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
