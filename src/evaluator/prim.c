/*
 * What the primitives share: every resource of C is released before
 * something is thrown, or belongs to a dynwind context.
 */
#include "base/base.h"

#include "evaluator/prim.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/strbuf.h"
#include "evaluator/text.h"

void
prim_throw(struct error *err)
{
	SCM text = text_to_scm(err->text, strlen(err->text));

	error_release(err);
	scm_throw(scm_from_utf8_symbol("flowmake-error"), scm_list_1(text));
	abort(); /* not reached */
}

SCM
prim_take_bytes(struct strbuf *sb)
{
	SCM bytes = scm_c_make_bytevector(sb->len);

	if (sb->len)
		memcpy(SCM_BYTEVECTOR_CONTENTS(bytes), sb->buf, sb->len);
	strbuf_release(sb);
	return bytes;
}

SCM
prim_take_text(struct strbuf *sb)
{
	SCM text = text_to_scm(sb->buf, sb->len);

	strbuf_release(sb);
	return text;
}

static void
define_all(void *unused)
{
	(void)unused;
	prim_wire_define();
	prim_file_define();
	prim_text_define();
	prim_process_define();
}

void
prim_define_all(void)
{
	scm_c_define_module("flowmake c", define_all, NULL);
}
