/*
 * Fuzz the lexer of shell texts.  A hole stands where the input has a byte
 * 0xff.  Whatever it accepts must be closed under filling: when some holes
 * are replaced by quoted words, the others keep their contexts.
 */
#include "base/base.h"
#include "model/shell-text.h"

#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "base/strvec.h"
#include "fuzz.h"

enum { MAX_HOLES = 64 };

const unsigned fuzz_inputs = 20000;

/* Scan a copy of the exact size, so that a sanitizer sees overruns. */
static int
scan(const struct strbuf *sb, const size_t *holes, size_t count,
     enum wire_quote *quotes)
{
	char *text = xmemdup(sb->buf, sb->len);
	const char *why = NULL;
	size_t bad = count;
	int status = shell_text_scan(text, sb->len, holes, count, quotes,
				     &bad, &why);

	free(text);
	if (status && (bad >= count || !why))
		abort();
	return status;
}

/* Fill the holes before FROM and scan for the rest. */
static void
check_filled(const struct strbuf *text, const size_t *holes, size_t count,
	     const enum wire_quote *quotes, size_t from)
{
	static const char *const hostile[] = { "'\"$(`\\#\n) <<E", "" };
	struct strbuf out = STRBUF_INIT;
	enum wire_quote again[MAX_HOLES];
	size_t moved[MAX_HOLES], lens[2], at = 0, i, words;

	lens[0] = strlen(hostile[0]);
	lens[1] = 0;
	for (i = 0; i < count; i++) {
		strbuf_add(&out, text->buf + at, holes[i] - at);
		at = holes[i];
		words = quotes[i] == WIRE_QUOTE_WORD ? 1 : (from + i) % 3;
		if (i >= from)
			moved[i - from] = out.len;
		else if (shell_quote_words(&out, quotes[i], hostile, lens,
					   words, NULL))
			abort();
	}
	strbuf_add(&out, text->buf + at, text->len - at);
	if (scan(&out, moved, count - from, again) ||
	    memcmp(again, quotes + from, (count - from) * sizeof(*again)))
		abort();
	strbuf_release(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct strbuf text = STRBUF_INIT;
	struct strvec argv = STRVEC_INIT;
	struct shell_redirections files = { .count = 0 };
	enum wire_quote quotes[MAX_HOLES];
	size_t holes[MAX_HOLES] = { 0 }, count = 0, i;

	for (i = 0; i < size; i++)
		if (data[i] != 0xff)
			strbuf_addch(&text, (char)data[i]);
		else if (count < MAX_HOLES)
			holes[count++] = text.len;
	if (!scan(&text, holes, count, quotes))
		for (i = 1; i < count; i++)
			check_filled(&text, holes, count, quotes, i);
	if (shell_text_is_exec(text.buf, text.len, &argv, &files) !=
	    !!argv.count)
		abort();
	strvec_release(&argv);
	shell_redirections_clear(&files);
	strbuf_release(&text);
	return 0;
}

bool
fuzz_sample(unsigned i, struct strbuf *out)
{
	/* \xff: a hole */
	static const char *const texts[] = {
		"cp \xff \xff", "echo 'it''s \xff' \"$HOME/\xff\" a\xff\"b\"",
		"cat <<END\n\xff $x\nEND\n", "cat <<-'E O' <<F\n\t\xff\n\tE O\nF",
		"for f in \xff; do x=$((\xff + 1)); done # \xff\n",
		"case \xff in a|\"\xff\") $(echo `\xff`) ;; esac\n",
		"if [[ \xff =~ ^[a-z]+$ ]]; then ${x:-\xff} ${#y} $'\\n\xff'; fi",
		"f() { local a=(\xff b); }\n{ f; } > \xff 2>&1 &",
	};

	if (i == ARRAY_SIZE(texts))
		return false;
	strbuf_adds(out, texts[i]);
	return true;
}
