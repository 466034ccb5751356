/*
 * What $FLOWMAKE_TASK says: a task in one JSON document, for programs in any
 * language, holding nothing that is not in the task's key.
 */
#ifndef FLOWMAKE_EXEC_TASK_JSON_H
#define FLOWMAKE_EXEC_TASK_JSON_H

#include "base/base.h"

struct strbuf;
struct task_spec;

/* Append {"run", "step", "split", "attempt", "parameters", "foreach",
 * "inputs", "outputs", "from", "join", "produces": {NAME: PATH}}; RESULTS are
 * the paths of the results.  A name that stands for several files has a list
 * of them. */
void task_json_add(struct strbuf *sb, const struct task_spec *spec,
		   char *const *results);

#endif
