/*
 * Values as text: pure functions over CBOR (base/cbor.h).  None recurses: a
 * value may be as deep as it likes.
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
/* Append them to OUT, joined by spaces; after an error, only some.  A
 * TAG_LIST_FILE is refused. */
int value_text(const char *cbor, size_t len, struct strbuf *out,
	       struct error *err);

/* Whether the value, or an element of the list that it is, lies in the store:
 * TAG_OBJECT. */
bool value_has_objects(const char *cbor, size_t len);

/* Append the value as Scheme's write would show it, cut after MAX_BYTES with
 * "..." (0: whole), without anything that could disturb a terminal.  A file
 * result shows as its path, a hash table as #<hash-table (KEY . VALUE) ...>. */
void value_print(const char *cbor, size_t len, size_t max_bytes,
		 struct strbuf *out);

/* What a file written by a recipe says, as CBOR appended to OUT: the JSON
 * text, the text without its last newline, the list of its lines (without
 * their newlines; a carriage return stays).  JSON arrays are lists, objects
 * alists with string keys in their own order (of equal keys the last wins, in
 * the place of the first), null the symbol null, numbers without point and
 * exponent exact integers, \udcXX the byte XX where it is not half of a pair; a
 * byte order mark before the text is passed over.
 * Returns -1, with nothing appended and an error that begins "line 2, column
 * 6: ", for what is no JSON in UTF-8 and for what our reader does not take:
 * integers beyond 64 bits with sign, NULs in keys, more than 2,048 levels. */
int value_from_json(const char *text, size_t len, struct strbuf *out,
		    struct error *err);
void value_from_text(const char *text, size_t len, struct strbuf *out);
void value_from_lines(const char *text, size_t len, struct strbuf *out);

/* Append the value as JSON, for programs that read $FLOWMAKE_TASK: lists and
 * vectors as arrays, alists and hash tables with string keys as objects,
 * symbols, keywords, characters and paths as strings, the symbol null and
 * infinities as null, rationals as floats, bytes that are not UTF-8 as lone
 * surrogates (Python's os.fsencode undoes them).  An alist is a list of pairs
 * whose first is a string, no two alike; so what value_from_json() made comes
 * back, but rows that all begin with different strings become an object too:
 * to be sure of an array, use vectors.  Returns -1, with nothing appended, for
 * what has no form in JSON: other pairs, bytes, more than 2,000 levels. */
int value_to_json(const char *cbor, size_t len, struct strbuf *out,
		  struct error *err);
/* The same for what a join brings together: a list, which is an array whatever
 * its elements are, but for pairs without a list behind the string. */
int value_join_to_json(const char *cbor, size_t len, struct strbuf *out,
		       struct error *err);
/* Append a text as a string of JSON, in the same way. */
void value_add_json_string(struct strbuf *out, const char *s, size_t len);

#endif
