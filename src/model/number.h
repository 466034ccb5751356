/*
 * Numbers: from CBOR to text as Guile's number->string writes it, and from
 * the decimal digits of JSON to CBOR.  The locale never matters.
 */
#ifndef FLOWMAKE_MODEL_NUMBER_H
#define FLOWMAKE_MODEL_NUMBER_H

#include "base/base.h"

struct cbor;
struct cbor_item;
struct strbuf;

/* Longer integers would take too long to convert, and nobody reads them. */
enum { NUMBER_MAX_DIGITS = 39000 };

/* Append D: "0.1", "100.0", "1.0e21", "+inf.0": the shortest digits that read
 * back as D. */
void number_add_double(struct strbuf *out, double d);

/* Whether HEAD begins a number: an integer, a float, or the tag of a bignum
 * or rational. */
bool number_is(const struct cbor_item *head);

/* Append the number whose HEAD was just read from C, reading what else
 * belongs to it.  Returns -1 when that is damaged or too long. */
int number_add_text(struct strbuf *out, struct cbor *c,
		    const struct cbor_item *head);

/* Append the integer of LEN decimal DIGITS (at most NUMBER_MAX_DIGITS), or its
 * negative, as CBOR. */
void number_put_integer(struct strbuf *cbor, const char *digits, size_t len,
			bool negative);

/* The float nearest to the decimal TEXT ("-12.5e3"), or an infinity. */
double number_parse_double(const char *text, size_t len);

/* The float nearest to the quotient of two texts of integers. */
double number_divide(const char *numerator, const char *denominator);

#endif
