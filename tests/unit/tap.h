/*
 * TAP for C: each check prints one line; the titles are sentences of
 * behaviour.
 */
#ifndef FLOWMAKE_TESTS_UNIT_TAP_H
#define FLOWMAKE_TESTS_UNIT_TAP_H

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static int tap_count, tap_failed;

/* One check. */
__attribute__((format(printf, 2, 3), unused)) static bool
ok(bool pass, const char *format, ...)
{
	va_list ap;

	printf("%sok %d - ", pass ? "" : "not ", ++tap_count);
	va_start(ap, format);
	vprintf(format, ap);
	va_end(ap);
	putchar('\n');
	fflush(stdout);
	tap_failed += !pass;
	return pass;
}

/* Compare strings (NULL equals NULL), showing both when they differ. */
__attribute__((unused)) static bool
is_str(const char *got, const char *want, const char *title)
{
	bool pass = got && want ? !strcmp(got, want) : got == want;

	ok(pass, "%s", title);
	if (!pass)
		printf("# got:  %s\n# want: %s\n", got ? got : "(null)",
		       want ? want : "(null)");
	return pass;
}

__attribute__((unused)) static bool
is_int(intmax_t got, intmax_t want, const char *title)
{
	bool pass = got == want;

	ok(pass, "%s", title);
	if (!pass)
		printf("# got:  %" PRIdMAX "\n# want: %" PRIdMAX "\n", got,
		       want);
	return pass;
}

/* Print the plan; the status for main to return. */
__attribute__((unused)) static int
done_testing(void)
{
	printf("1..%d\n", tap_count);
	return tap_failed ? 1 : 0;
}

#endif
