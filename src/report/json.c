/*
 * Reports as JSON.
 */
#include "base/base.h"

#include "report/json.h"

#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "base/text.h"

json_t *
json_text(const char *text)
{
	struct strbuf sb = STRBUF_INIT;
	json_t *json;

	if (!text)
		return json_null();
	if (text_is_utf8(text, strlen(text)))
		return json_string(text);
	text_add_escaped(&sb, text, strlen(text));
	json = json_string(sb.buf);
	strbuf_release(&sb);
	return json;
}

void
json_put(struct strbuf *out, json_t *json)
{
	char *text = json_dumps(json, JSON_INDENT(2));

	if (!text)
		bug("a report that is no JSON");
	strbuf_adds(out, text);
	strbuf_addch(out, '\n');
	free(text);
	json_decref(json);
}
