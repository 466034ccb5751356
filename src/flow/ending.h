/*
 * How a process ended, in words, with what is most often the cause.
 */
#ifndef FLOWMAKE_FLOW_ENDING_H
#define FLOWMAKE_FLOW_ENDING_H

#include "base/base.h"

struct strbuf;

/* Append the words for a wait(2) status that is no success: "status 3",
 * "status 141: a program in the pipe wrote to one that had finished; head
 * does that", "killed by signal 11 (segmentation fault)". */
void ending_add_words(struct strbuf *sb, int wait_status);

#endif
