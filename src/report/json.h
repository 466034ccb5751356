/*
 * Reports as JSON, for programs.
 */
#ifndef FLOWMAKE_REPORT_JSON_H
#define FLOWMAKE_REPORT_JSON_H

#include <jansson.h>

#include "base/base.h"

struct strbuf;

/* TEXT as a JSON string, or null if it is NULL; what is no UTF-8 is escaped
 * as a terminal would show it. */
json_t *json_text(const char *text);

/* Append JSON to OUT and drop it. */
void json_put(struct strbuf *out, json_t *json);

#endif
