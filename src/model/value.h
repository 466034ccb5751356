/*
 * Values as text: pure functions over CBOR (base/cbor.h).  (Contract by the
 * lead; more functions below may be added.)
 */
#ifndef FLOWMAKE_MODEL_VALUE_H
#define FLOWMAKE_MODEL_VALUE_H

#include "base/base.h"

struct error;
struct strbuf;
struct words;

/* Append the words that the value at CBOR stands for in a shell text, an
 * argument or a file name: one for a string, number, symbol or file result,
 * one for each element of a list of them (sets is_list); TAG_LIST_FILE: its
 * lines (sets list_file).  Numbers read as Guile's number->string writes them.
 * Anything else is an error that names it: "a boolean has no text". */
int value_words(const char *cbor, size_t len, struct words *w,
		struct error *err);

/* Append the value as Scheme's write would show it, cut after about
 * MAX_BYTES with "..." (0: whole).  A file result shows as its path. */
void value_print(const char *cbor, size_t len, size_t max_bytes,
		 struct strbuf *out);

/* What a file written by a recipe says, as CBOR appended to OUT: the JSON
 * text, the text without its last newline, the list of its lines.  Errors
 * say line and column where there is one. */
int value_from_json(const char *text, size_t len, struct strbuf *out,
		    struct error *err);
void value_from_text(const char *text, size_t len, struct strbuf *out);
void value_from_lines(const char *text, size_t len, struct strbuf *out);

/* Append the value as JSON, for programs that read $FLOWMAKE_TASK: lists as
 * arrays, alists with string keys as objects, symbols as strings, bytes that
 * are not UTF-8 as lone surrogates (Python's os.fsencode undoes them). */
int value_to_json(const char *cbor, size_t len, struct strbuf *out,
		  struct error *err);

#endif
