/*
 * The graph of a flow as its rules say it: steps, and who reads whom.
 */
#ifndef FLOWMAKE_REPORT_FLOW_GRAPH_H
#define FLOWMAKE_REPORT_FLOW_GRAPH_H

#include "base/base.h"

struct rules;
struct strbuf;

/* Append the graph of RULES, resolved, as text for people or in the language
 * of Graphviz.  Steps stand in an order in which they could run. */
void flow_graph_text(const struct rules *rules, struct strbuf *out);
void flow_graph_dot(const struct rules *rules, struct strbuf *out);

#endif
