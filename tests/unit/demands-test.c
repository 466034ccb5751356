/*
 * What annotations ask for: those of a step, of defaults, of --with.
 */
#include "base/base.h"

#include "base/clock.h"
#include "fake-case.h"
#include "model/with.h"

static struct arena arena;
static struct demands d;

/* The demands of step a in FLOW, with --with WITH (or NULL). */
static void
demand(const char *flow, const char *with)
{
	const struct task *t;

	arena_release(&arena);
	arena_init(&arena);
	given(flow);
	memset(&d, 0, sizeof(d));
	if (with && rules_add_with(&run.flow.rules, with, &run.err))
		return;
	if (fake_run_flow(&run))
		return;
	t = fake_task(&run, "a");
	demands_of(run.graph, t->step, t, &arena, &d, &run.err);
}

static void
refused(const char *flow, const char *message, const char *title)
{
	demand(flow, NULL);
	is_str(run.err.text, message, title);
}

static void
test_resources(void)
{
	demand("(step a)", NULL);
	ok(!d.cpu_milli && !d.memory_mb && !d.gpu && !d.on_batch &&
	   !d.stays_local && !d.timeout_ns && !d.retry_times && !d.image,
	   "a step without annotations asks for nothing");
	demand("(step a (resources #:cpu 1.5 #:memory 60000 #:gpu 2))", NULL);
	ok(d.cpu_milli == 1500 && d.memory_mb == 60000 && d.gpu == 2,
	   "processors in thousandths, memory in MB");
	ok(!d.on_batch, "resources are a suggestion");
	demand("(step a (resources #:cpu 2 #:memory 100)"
	       "  (batch #:cpu 1 #:memory 200 #:queue 'q' #:image 'i:1'))",
	       NULL);
	ok(d.cpu_milli == 2000 && d.memory_mb == 200,
	   "resources and batch: the larger of each");
	ok(d.on_batch && d.batch_column == 50, "batch forces");
	is_str(d.queue, "q", "a queue");
	is_str(d.image, "i:1", "an image");
	demand("(step a (batch))", NULL);
	ok(d.on_batch && !d.cpu_milli, "batch without keywords forces too");
	demand("(step a (local) (batch #:cpu 1))", NULL);
	ok(d.stays_local, "local stays");
	demand("(step z (produces m) (gives m 300))"
	       "(step a (from z m) (resources #:memory (+ m attempt)))", NULL);
	is_int((intmax_t)d.memory_mb, 301, "amounts may be computed late");
}

static void
test_memory(void)
{
	static const struct { const char *text; intmax_t mb; } cases[] = {
		{ "'60GB'", 60000 }, { "'1.5 GB'", 1500 }, { "'100'", 100 },
		{ "'100MB'", 100 }, { "'1GiB'", 1074 }, { "'2Gi'", 2148 },
		{ "'1TB'", 1000000 },
		{ "'2G'", 2000 }, { "0.5", 1 }, { "'#{(cat 3)}GB'", 3000 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		char *flow = xasprintf("(step a (resources #:memory %s))",
				       cases[i].text);
		char *title = xasprintf("memory %s", cases[i].text);

		demand(flow, NULL);
		is_int((intmax_t)d.memory_mb, cases[i].mb, title);
		free(flow);
		free(title);
	}
}

static void
test_mistakes(void)
{
	refused("(step a (resources #:memory '60XB'))",
		"Flowfile:1:20: step 'a': #:memory must be a number of MB or a "
		"text such as \"60GB\", not \"60XB\"", "an unknown unit");
	refused("(step a (resources #:memory 'nan'))",
		"Flowfile:1:20: step 'a': #:memory must be a number of MB or a "
		"text such as \"60GB\", not \"nan\"", "no number");
	refused("(step a (resources #:cpu 0))",
		"Flowfile:1:20: step 'a': #:cpu must be a positive number of "
		"processors, not 0", "no processor");
	refused("(step a (resources #:cpu -1))",
		"Flowfile:1:20: step 'a': #:cpu must be a positive number of "
		"processors, not -1", "a negative number");
	refused("(step a (resources #:cpu '4'))",
		"Flowfile:1:20: step 'a': #:cpu must be a positive number of "
		"processors, not \"4\"", "a text for a number");
	refused("(step a (retry #:times 101))",
		"Flowfile:1:16: step 'a': #:times must be a whole number from "
		"0 to 100, not 101", "too many times");
	refused("(step a (timeout #:hours -1))",
		"Flowfile:1:18: step 'a': #:hours must be a time from 0 to 50 "
		"years, not -1", "a negative duration");
	refused("(step a (environment (A (list (list 1)))))",
		"Flowfile:1:25: step 'a': 'A': the 1st element: "
		"a list inside of a list has no text",
		"a variable that is no text");
	refused("(defaults (resources #:cpu #t)) (step a)",
		"Flowfile:1:22: defaults: #:cpu must be a positive number of "
		"processors, not #t", "a mistake in defaults has their place");
}

static void
test_time(void)
{
	demand("(step a (timeout #:hours 1 #:minutes 2 #:seconds 0.5))", NULL);
	ok(d.timeout_ns == 3720 * NS_PER_S + NS_PER_S / 2,
	   "a timeout is the sum of its parts");
	demand("(step a (retry))", NULL);
	ok(d.retry_times == 3 && !d.retry_pause_ns,
	   "retry is 3 times without a pause");
	demand("(step a (retry #:minutes 1))", NULL);
	ok(d.retry_times == 3 && d.retry_pause_ns == 60 * NS_PER_S,
	   "3 times with a pause only");
	demand("(step a (retry #:times 0))", NULL);
	is_int(d.retry_times, 0, "never, if it says so");
	demand("(step a (catch why) (environment (A 'x') (B 'y'))"
	       "(secret S T))", NULL);
	ok(d.environment_count == 2 && !strcmp(d.environment[1].value, "y") &&
	   d.secret_count == 2 && !strcmp(d.catch_name, "why"),
	   "environment, secrets, catch");
}

static void
test_defaults(void)
{
	demand("(defaults (resources #:cpu 4 #:memory 100) (timeout #:hours 1)"
	       "  (retry #:times 2) (environment (A 'd') (B 'd')))"
	       "(step a (resources #:cpu 1) (environment (A 's')))", NULL);
	ok(d.cpu_milli == 1000 && d.memory_mb == 100,
	   "a default never beats a written value, keyword by keyword");
	ok(d.timeout_ns == 3600 * NS_PER_S && d.retry_times == 2,
	   "what is not written is the default");
	ok(d.environment_count == 2 && !strcmp(d.environment[0].value, "s") &&
	   !strcmp(d.environment[1].name, "B"), "variables one by one");
	demand("(defaults (batch #:cpu 4 #:image 'i')) (step a)", NULL);
	ok(!d.on_batch && d.cpu_milli == 4000 && !strcmp(d.image, "i"),
	   "batch in defaults does not force");
	demand("(defaults (batch #:cpu 4 #:memory 50))"
	       "(step a (resources #:cpu 1) (batch #:memory 10))", NULL);
	ok(d.cpu_milli == 1000 && d.memory_mb == 10,
	   "a default of batch does not beat what resources say");
	demand("(defaults (timeout #:hours 1)) (step a (timeout #:minutes 2))",
	       NULL);
	ok(d.timeout_ns == 120 * NS_PER_S, "a duration is one value");
	demand("(defaults (retry #:times 5 #:minutes 1))"
	       "(step a (retry #:seconds 3))", NULL);
	ok(d.retry_times == 5 && d.retry_pause_ns == 3 * NS_PER_S,
	   "times and pause are two");
	demand("(defaults (retry #:times 5)) (step a (retry #:times 0))", NULL);
	is_int(d.retry_times, 0, "a written 0 is a value");
	demand("(defaults (retry)) (step a (retry #:times 0))", NULL);
	is_int(d.retry_times, 0, "also against a bare retry");
	demand("(defaults (resources #:cpu 4)) (defaults (resources #:cpu 2))"
	       "(step a)", NULL);
	is_int(d.cpu_milli, 2000, "the later of two defaults counts");
	demand("(defaults (resources #:cpu 4)) (defaults (retry #:times 1))"
	       "(defaults (retry #:times 2)) (step a)", NULL);
	ok(d.cpu_milli == 4000 && d.retry_times == 2, "keyword by keyword");
	demand("(defaults (local)) (step a (batch #:cpu 2))", NULL);
	ok(d.on_batch && !d.stays_local, "local by default yields to batch");
	demand("(defaults (local)) (step a)", NULL);
	ok(d.stays_local, "otherwise it holds");
	demand("(defaults (catch why)) (step a (catch mine))", NULL);
	is_str(d.catch_name, "mine", "its own catch counts");
	demand("(defaults (secret S)) (step a (secret S T))", NULL);
	is_int(d.secret_count, 2, "a secret is passed once");
}

static void
test_with(void)
{
	demand("(step a)", "batch:cpu=4,memory=10GB,queue=q");
	ok(d.on_batch && d.cpu_milli == 4000 && d.memory_mb == 10000 &&
	   !strcmp(d.queue, "q"), "--with annotates a step");
	demand("(step a (local))", "batch:cpu=4");
	ok(!d.on_batch && !d.cpu_milli, "but not one that stays local");
	demand("(step a (batch #:cpu 1))", "batch:cpu=4,memory=7");
	ok(d.cpu_milli == 1000 && !d.memory_mb, "nor one with its own batch");
	demand("(step a)", "batch");
	ok(d.on_batch, "a spec may be a name alone");
	demand("(step a)", "retry:times=5,minutes=1");
	ok(d.retry_times == 5 && d.retry_pause_ns == 60 * NS_PER_S,
	   "retries");
	demand("(step a (retry #:times 1))", "retry:times=5");
	is_int(d.retry_times, 1, "not for steps with their own");
	demand("(defaults (resources #:cpu 3) (retry #:times 1)) (step a)",
	       "resources:cpu=2");
	is_int(d.cpu_milli, 2000, "--with beats defaults");
	demand("(defaults (local)) (step a)", "batch");
	ok(d.on_batch && !d.stays_local, "also a local by default");
	demand("(step a)", "retry:time=5");
	is_str(run.err.text, "--with retry: unknown key 'time' (did you mean "
	       "'times'?)", "an unknown key is refused");
	demand("(step a)", "betch");
	is_str(run.err.text, "--with 'betch': unknown annotation (did you mean "
	       "'batch'?); there are batch, resources, retry, timeout, local",
	       "an unknown annotation is refused");
	demand("(step a)", "retry:times");
	is_str(run.err.text, "--with retry: 'times' is not KEY=VALUE",
	       "a key without a value");
	demand("(step a)", "retry:times=many");
	is_str(run.err.text, "--with: times must be a whole number from 0 "
	       "to 100, not \"many\"", "a value of the wrong kind");
	demand("(step a)", "retry:times=-1");
	is_str(run.err.text, "--with: times must be a whole number from 0 "
	       "to 100, not -1", "a number below zero is shown as given");
	demand("(step a)", "retry:times=1e30");
	is_str(run.err.text, "--with: times must be a whole number from 0 "
	       "to 100, not 1.0e30", "and so is one that is too large");
	demand("(step a)", "local:x=1");
	is_str(run.err.text, "--with local: unknown key 'x'",
	       "local has no keys");
}

int
main(void)
{
	fake_run_init(&run);
	arena_init(&arena);
	test_resources();
	test_memory();
	test_mistakes();
	test_time();
	test_defaults();
	test_with();
	arena_release(&arena);
	fake_run_release(&run);
	return done_testing();
}
