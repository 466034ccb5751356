/*
 * A fuzz target: what any bytes may be given to.  With --enable-fuzzing
 * libFuzzer makes the bytes, as long as it is let; otherwise driver.c does, in
 * make check: the same ones each time.
 */
#ifndef FLOWMAKE_TESTS_FUZZ_FUZZ_H
#define FLOWMAKE_TESTS_FUZZ_FUZZ_H

#include "base/base.h"
#include "base/strbuf.h"

/* Aborts when something is wrong. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* How many of driver.c's inputs a second is enough for, with a sanitizer. */
extern const unsigned fuzz_inputs;

/* Append input number I to OUT, one that is good, so that what is changed in
 * it is met behind the first check.  False: there are no more. */
bool fuzz_sample(unsigned i, struct strbuf *out);

#endif
