/*
 * Primitives for texts: suggestions, shell texts, the values in closures.
 */
#include "base/base.h"

#include "evaluator/prim.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/path.h"
#include "base/strbuf.h"
#include "base/strvec.h"
#include "base/text.h"
#include "evaluator/text.h"
#include "model/shell-text.h"

static SCM
prim_suggest(SCM name, SCM names)
{
	struct strvec known = STRVEC_INIT;
	const char *found;
	SCM result = SCM_BOOL_F;

	SCM_ASSERT(scm_is_string(name), name, 1, "%suggest");
	for (; scm_is_pair(names); names = SCM_CDR(names))
		strvec_push_take(&known, text_from_scm(SCM_CAR(names), NULL));
	if (known.count) {
		char *text = text_from_scm(name, NULL);

		found = text_suggest(text, (const char *const *)known.v);
		if (found)
			result = text_to_scm(found, strlen(found));
		free(text);
	}
	strvec_release(&known);
	return result;
}

/* (%shell-scan PIECES): PIECES are the texts between the holes.  Returns the
 * list of enum wire_quote, or (index . why) for the first bad hole. */
static SCM
prim_shell_scan(SCM pieces)
{
	size_t count = (size_t)scm_ilength(pieces), i, bad = 0;
	size_t holes_count = count ? count - 1 : 0;
	struct strbuf text = STRBUF_INIT;
	size_t *holes = xcalloc(count + 1, sizeof(*holes));
	enum wire_quote *quotes = xcalloc(count + 1, sizeof(*quotes));
	const char *why = "";
	SCM result = SCM_EOL;
	int rc;

	for (i = 0; i < count; i++, pieces = SCM_CDR(pieces)) {
		size_t len;
		char *s = text_from_scm(SCM_CAR(pieces), &len);

		strbuf_add(&text, s, len);
		holes[i] = text.len;
		free(s);
	}
	rc = shell_text_scan(text.buf, text.len, holes, holes_count, quotes,
			     &bad, &why);
	for (i = holes_count; !rc && i-- > 0;)
		result = scm_cons(scm_from_int((int)quotes[i]), result);
	if (rc < 0)
		result = scm_cons(scm_from_size_t(bad),
				  scm_from_utf8_string(why));
	strbuf_release(&text);
	free(holes);
	free(quotes);
	return result;
}

/* A file's name as recipes get it. */
static SCM
prim_file_name(SCM str)
{
	char *s, *name;
	SCM result;

	SCM_ASSERT(scm_is_string(str), str, 1, "%file-name");
	s = text_from_scm(str, NULL);
	name = path_plain(s);
	result = text_to_scm(name, strlen(name));
	free(name);
	free(s);
	return result;
}

/* Text as a terminal may see it. */
static SCM
prim_escape(SCM str)
{
	struct strbuf sb = STRBUF_INIT;
	size_t len;
	char *s;

	SCM_ASSERT(scm_is_string(str), str, 1, "%escape");
	s = text_from_scm(str, &len);
	text_add_escaped(&sb, s, len);
	free(s);
	return prim_take_text(&sb);
}

/* The values that the compiled closure PROC holds, boxes opened; #f when PROC
 * is no compiled closure. */
static SCM
prim_closure_values(SCM proc)
{
	SCM result = SCM_EOL;
	size_t i;

	if (!SCM_PROGRAM_P(proc))
		return SCM_BOOL_F;
	i = SCM_PROGRAM_NUM_FREE_VARIABLES(proc);
	while (i-- > 0) {
		SCM v = SCM_PROGRAM_FREE_VARIABLE_REF(proc, i);

		if (SCM_VARIABLEP(v))
			v = scm_is_true(scm_variable_bound_p(v)) ?
				scm_variable_ref(v) : SCM_BOOL_F;
		result = scm_cons(v, result);
	}
	return result;
}

/* Where the code of the compiled procedure PROC is in memory, or #f. */
static SCM
prim_code_address(SCM proc)
{
	return SCM_PROGRAM_P(proc) ?
		scm_from_uintptr_t((uintptr_t)SCM_PROGRAM_CODE(proc)) :
		SCM_BOOL_F;
}

void
prim_text_define(void)
{
	scm_c_define_gsubr("%suggest", 2, 0, 0, prim_suggest);
	scm_c_define_gsubr("%shell-scan", 1, 0, 0, prim_shell_scan);
	scm_c_define_gsubr("%file-name", 1, 0, 0, prim_file_name);
	scm_c_define_gsubr("%escape", 1, 0, 0, prim_escape);
	scm_c_define_gsubr("%closure-values", 1, 0, 0, prim_closure_values);
	scm_c_define_gsubr("%code-address", 1, 0, 0, prim_code_address);
}
