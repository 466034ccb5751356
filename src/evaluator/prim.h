/*
 * The primitives of module (flowmake c): %name in Scheme, prim_name in C.
 * scm/flowmake/primitives.scm documents them and hands them on.
 */
#ifndef FLOWMAKE_EVALUATOR_PRIM_H
#define FLOWMAKE_EVALUATOR_PRIM_H

#include <libguile.h>

#include "base/base.h"

struct error;
struct strbuf;

/* Define all primitives in module (flowmake c). */
void prim_define_all(void);

/* Each file's part of them, to be called inside that module. */
void prim_wire_define(void);
void prim_file_define(void);
void prim_text_define(void);
void prim_process_define(void);

/* Throw ERR's text as a flowmake-error, releasing it. */
void prim_throw(struct error *err) NORETURN;

/* A bytevector of SB's bytes, releasing SB. */
SCM prim_take_bytes(struct strbuf *sb);

/* A string of SB's bytes, releasing SB. */
SCM prim_take_text(struct strbuf *sb);

#endif
