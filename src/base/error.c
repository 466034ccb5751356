/*
 * Errors as values.
 */
#include "base/base.h"

#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"

/* Let the text in SB replace that of ERR.  The old one is freed only here,
 * because it may have been among the arguments of the new one. */
static void
replace(struct error *err, struct strbuf *sb, bool has_place)
{
	free(err->text);
	err->text = strbuf_detach(sb, NULL);
	err->has_place = has_place;
}

int
error_set(struct error *err, const char *format, ...)
{
	struct strbuf sb = STRBUF_INIT;
	va_list ap;

	if (!err)
		return -1;
	va_start(ap, format);
	strbuf_vaddf(&sb, format, ap);
	va_end(ap);
	replace(err, &sb, false);
	return -1;
}

int
error_sys(struct error *err, const char *format, ...)
{
	struct strbuf sb = STRBUF_INIT;
	int saved = errno;
	va_list ap;

	if (!err)
		return -1;
	va_start(ap, format);
	strbuf_vaddf(&sb, format, ap);
	va_end(ap);
	strbuf_addf(&sb, ": %s", strerror(saved));
	replace(err, &sb, false);
	errno = saved;
	return -1;
}

int
error_place(struct error *err, const char *file, unsigned line,
	    unsigned column, const char *format, ...)
{
	struct strbuf sb = STRBUF_INIT;
	va_list ap;

	if (!err)
		return -1;
	if (line)
		strbuf_addf(&sb, "%s:%u:%u: ", file, line, column);
	else
		strbuf_addf(&sb, "%s: ", file);
	va_start(ap, format);
	strbuf_vaddf(&sb, format, ap);
	va_end(ap);
	replace(err, &sb, true);
	return -1;
}

int
error_push(struct error *err, const char *format, ...)
{
	struct strbuf sb = STRBUF_INIT;
	va_list ap;

	if (!err)
		return -1;
	va_start(ap, format);
	strbuf_vaddf(&sb, format, ap);
	va_end(ap);
	strbuf_addf(&sb, ": %s", err->text ? err->text : "failed");
	replace(err, &sb, false);
	return -1;
}

void
error_release(struct error *err)
{
	free(err->text);
	err->text = NULL;
	err->has_place = false;
}
