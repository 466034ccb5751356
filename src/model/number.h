/*
 * Numbers from CBOR to text, as Guile's number->string writes it.  The locale
 * never matters.
 */
#ifndef FLOWMAKE_MODEL_NUMBER_H
#define FLOWMAKE_MODEL_NUMBER_H

#include "base/base.h"

struct cbor;
struct cbor_item;
struct strbuf;

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

/* The float nearest to the quotient of two texts of integers. */
double number_divide(const char *numerator, const char *denominator);

#endif
