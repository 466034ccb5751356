/*
 * Paths of objects.
 */
#include "base/base.h"

#include "model/object-path.h"

#include <string.h>

#include "base/strbuf.h"

void
object_add_path(struct strbuf *sb, const struct digest *d,
		const char *file_name)
{
	struct strbuf hex = STRBUF_INIT;

	digest_add_hex(&hex, d);
	strbuf_addf(sb, ".flowmake/%s/%.2s/%s",
		    file_name ? "named" : "objects", hex.buf, hex.buf + 2);
	if (file_name) {
		strbuf_addch(sb, '/');
		strbuf_adds(sb, file_name);
	}
	strbuf_release(&hex);
}

/* The value of a hexadecimal digit, or -1. */
static int
digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool
object_path_digest(const char *path, size_t len, struct digest *d)
{
	static const char head[] = ".flowmake/objects/";
	const size_t at = sizeof(head) - 1;
	size_t i;

	if (len != at + 2 * DIGEST_BYTES + 1 || memcmp(path, head, at) ||
	    path[at + 2] != '/')
		return false;
	for (i = 0; i < DIGEST_BYTES; i++) {
		const char *two = path + at + 2 * i + (i > 0);
		int high = digit_value(two[0]), low = digit_value(two[1]);

		if (high < 0 || low < 0)
			return false;
		d->bytes[i] = (unsigned char)(high << 4 | low);
	}
	return true;
}
