/*
 * Numbers as text.
 */
#include "base/base.h"

#include "model/number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cbor.h"
#include "base/strbuf.h"

enum {
	MAX_DIGITS = 17, /* enough for any double */
	/* 39,000 digits: longer integers would take too long to convert, and
	 * nobody reads them. */
	BIGNUM_MAX_BYTES = 16384,
	GROUP = 1000000000, /* what a limb of decimal digits counts to */
	GROUP_DIGITS = 9,
};

/* ---- floats ---- */

/* Print D's PRECISION significant digits, without the point, which a locale
 * may write in many ways, and the power of ten of the first of them. */
static void
round_digits(double d, int precision, char *digits, int *power)
{
	char text[64];
	const char *p;

	snprintf(text, sizeof(text), "%.*e", precision - 1, d);
	for (p = text; *p && *p != 'e'; p++)
		if (*p >= '0' && *p <= '9')
			*digits++ = *p;
	*digits = '\0';
	*power = *p ? atoi(p + 1) : 0;
}

/* Whether DIGITS read back as D. */
static bool
read_back(const char *digits, int power, double d)
{
	char text[64];

	snprintf(text, sizeof(text), "%se%d", digits,
		 power - (int)strlen(digits) + 1);
	return strtod(text, NULL) == d;
}

/* Count the last of DIGITS one up. */
static void
increment(char *digits)
{
	size_t n = strlen(digits);

	while (n > 1 && digits[n - 1] == '9')
		digits[--n] = '0';
	digits[n - 1]++;
}

/* The fewest digits that read back as D, which is finite and positive. */
static void
shortest_digits(double d, char *digits, int *power)
{
	/* Fifteen digits are never too many for a normal number, and then
	 * lose nothing but zeros. */
	int precision = d < 1e-290 ? 1 : 15, exponent;
	size_t n;

	for (; precision <= MAX_DIGITS; precision++) {
		round_digits(d, precision, digits, power);
		if (read_back(digits, *power, d))
			break;
		/* Above a power of two its neighbour is further away than
		 * below it: what is not the nearest may still read back. */
		if (frexp(d, &exponent) != 0.5 || digits[0] == '9')
			continue;
		increment(digits);
		if (read_back(digits, *power, d))
			break;
	}
	n = strlen(digits);
	while (n > 1 && digits[n - 1] == '0')
		digits[--n] = '\0';
}

/* Append DIGITS as Guile does: with an exponent where that saves more than
 * three zeros. */
static void
add_digits(struct strbuf *out, const char *digits, int power)
{
	int n = (int)strlen(digits), whole = power + 1, zeros = whole - n;

	if (whole < -2 || (whole > 7 && zeros > 3)) {
		strbuf_addf(out, "%c.%se%d", *digits,
			    n > 1 ? digits + 1 : "0", power);
	} else if (whole <= 0) {
		strbuf_addf(out, "0.%.*s%s", -whole, "00", digits);
	} else if (zeros >= 0) {
		strbuf_adds(out, digits);
		for (; zeros; zeros--)
			strbuf_addch(out, '0');
		strbuf_adds(out, ".0");
	} else {
		strbuf_addf(out, "%.*s.%s", whole, digits, digits + whole);
	}
}

void
number_add_double(struct strbuf *out, double d)
{
	char digits[MAX_DIGITS + 1];
	int power;

	if (isnan(d)) {
		strbuf_adds(out, "+nan.0");
		return;
	}
	if (isinf(d)) {
		strbuf_adds(out, d > 0 ? "+inf.0" : "-inf.0");
		return;
	}
	if (signbit(d))
		strbuf_addch(out, '-');
	if (d == 0) {
		strbuf_adds(out, "0.0");
		return;
	}
	shortest_digits(fabs(d), digits, &power);
	add_digits(out, digits, power);
}

double
number_divide(const char *numerator, const char *denominator)
{
	size_t n = strlen(numerator), m = strlen(denominator);
	char *a, *b, *c;
	double d;

	if (n < 300 && m < 300)
		return strtod(numerator, NULL) / strtod(denominator, NULL);
	/* Both nearly as a fraction of one, so that neither is too large. */
	a = xasprintf("%se-%zu", numerator, n);
	b = xasprintf("%se-%zu", denominator, m);
	c = xasprintf("%.17ge%lld", strtod(a, NULL) / strtod(b, NULL),
		      (long long)n - (long long)m);
	d = strtod(c, NULL);
	free(a);
	free(b);
	free(c);
	return d;
}

/* ---- integers ---- */

/* Append the big-endian BYTES plus ADD in decimal. */
static void
add_magnitude(struct strbuf *out, const char *bytes, size_t len, bool add)
{
	/* 9 digits for less than 4 bytes each: there is room. */
	uint32_t *groups = xcalloc(len / 3 + 2, sizeof(*groups));
	size_t count = 1, i, k;
	uint64_t carry;

	for (i = 0; i <= len; i++) {
		carry = i < len ? (unsigned char)bytes[i] : add;
		for (k = 0; k < count; k++) {
			carry += (uint64_t)groups[k] * (i < len ? 256 : 1);
			groups[k] = carry % GROUP;
			carry /= GROUP;
		}
		if (carry)
			groups[count++] = (uint32_t)carry;
	}
	strbuf_addf(out, "%u", groups[count - 1]);
	for (k = count - 1; k-- > 0;)
		strbuf_addf(out, "%09u", groups[k]);
	free(groups);
}

/* Append an integer whose head was read. */
static int
add_integer(struct strbuf *out, struct cbor *c, const struct cbor_item *head)
{
	bool negative = head->kind == CBOR_NEGINT ||
			head->n == CBOR_TAG_NEGATIVE_BIGNUM;
	struct cbor_item item;

	if (head->kind == CBOR_UINT) {
		strbuf_addu(out, head->n);
		return 0;
	}
	if (head->kind == CBOR_NEGINT && head->n < UINT64_MAX) {
		strbuf_addch(out, '-');
		strbuf_addu(out, head->n + 1);
		return 0;
	}
	if (head->kind == CBOR_NEGINT) {
		strbuf_adds(out, "-18446744073709551616");
		return 0;
	}
	if (head->kind != CBOR_TAG || (head->n != CBOR_TAG_BIGNUM && !negative))
		return -1;
	item = cbor_next(c);
	if (item.kind != CBOR_BYTES || item.len > BIGNUM_MAX_BYTES)
		return -1;
	if (negative)
		strbuf_addch(out, '-');
	add_magnitude(out, item.data, item.len, negative);
	return 0;
}

bool
number_is(const struct cbor_item *head)
{
	switch (head->kind) {
	case CBOR_UINT:
	case CBOR_NEGINT:
	case CBOR_FLOAT:
		return true;
	case CBOR_TAG:
		return head->n == CBOR_TAG_BIGNUM ||
		       head->n == CBOR_TAG_NEGATIVE_BIGNUM ||
		       head->n == CBOR_TAG_RATIONAL;
	default:
		return false;
	}
}

int
number_add_text(struct strbuf *out, struct cbor *c,
		const struct cbor_item *head)
{
	struct cbor_item item;

	if (head->kind == CBOR_FLOAT) {
		number_add_double(out, head->d);
		return 0;
	}
	if (head->kind != CBOR_TAG || head->n != CBOR_TAG_RATIONAL)
		return add_integer(out, c, head);
	if (cbor_get_array(c) != 2)
		return -1;
	item = cbor_next(c);
	if (add_integer(out, c, &item))
		return -1;
	strbuf_addch(out, '/');
	item = cbor_next(c);
	return add_integer(out, c, &item);
}
