/*
 * Paths of objects.
 */
#include "base/base.h"

#include "model/object-path.h"

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
