/*
 * What tests of the graph say: given a flow, it runs in this order, or stops
 * with this message, and a task gave this value.
 */
#ifndef FLOWMAKE_TESTS_UNIT_FAKE_CASE_H
#define FLOWMAKE_TESTS_UNIT_FAKE_CASE_H

#include "fake-run.h"
#include "tap.h"

static struct fake_run run;

/* Start a case. */
__attribute__((unused)) static void
given(const char *flow)
{
	fake_run_release(&run);
	fake_run_init(&run);
	fake_flow_add(&run.flow, flow);
}

/* The flow runs to its end, its tasks ending in this order. */
__attribute__((unused)) static void
runs(const char *order, const char *title)
{
	if (fake_run_flow(&run))
		printf("# error: %s\n", run.err.text);
	is_str(run.err.text ? run.err.text : run.order.buf, order, title);
}

/* The run ends with this error. */
__attribute__((unused)) static void
stops(const char *message, const char *title)
{
	if (!fake_run_flow(&run))
		printf("# it ran: %s\n", run.order.buf);
	is_str(run.err.text, message, title);
}

__attribute__((unused)) static void
gave(const char *task, const char *value, const char *title)
{
	char *got = fake_result(&run, task, 0);

	is_str(got, value, title);
	free(got);
}

#endif
