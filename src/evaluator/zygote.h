/*
 * The zygote: what the evaluator is once the Flowfile is loaded.  It runs no
 * code of users itself: it receives requests, forks, reports and reaps.
 */
#ifndef FLOWMAKE_EVALUATOR_ZYGOTE_H
#define FLOWMAKE_EVALUATOR_ZYGOTE_H

#include <libguile.h>

#include "base/base.h"

struct error;

/* Serve the control socket until it closes.  In a child that evaluates
 * expressions (EXPAND data-fd) is called, in one that runs a recipe (RECIPE
 * data-fd request-bytes); what they return is the child's exit status.  Before
 * the first recipe (REHEARSE data-fd request-bytes) is called in the zygote.
 * Returns 0 when the engine has closed the socket or is gone, -1 when the
 * socket broke or brought what makes no sense.  A report that nobody is there
 * to read ends the process with status 1. */
int zygote_serve(int control_fd, SCM expand, SCM recipe, SCM rehearse,
		 struct error *err);

#endif
