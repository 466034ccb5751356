/*
 * The last lines that an attempt prints.
 *
 * Text is kept as it comes and cut into lines only when they are asked for.
 * When the newer half is full it becomes the older one: nothing is moved.
 */
#include "base/base.h"

#include "report/tail.h"

#include <stdlib.h>
#include <string.h>

#include "base/strvec.h"
#include "report/lines.h"

/* What comes before the text of a piece. */
struct head {
	enum log_stream stream;
	size_t len;
};

/* The last lines so far. */
struct ring {
	char **lines;   /* MAX places; line number N is at N % MAX */
	size_t max;
	uint64_t total;
};

void
tail_init(struct tail *t)
{
	strbuf_init(&t->older);
	strbuf_init(&t->newer);
}

void
tail_release(struct tail *t)
{
	strbuf_release(&t->older);
	strbuf_release(&t->newer);
}

void
tail_add(struct tail *t, enum log_stream stream, const char *text, size_t len)
{
	struct head head = { stream, MIN(len, TAIL_BYTES) };
	struct strbuf full;

	if (t->newer.len && t->newer.len + head.len > TAIL_BYTES) {
		full = t->newer;
		t->newer = t->older;
		t->older = full;
		strbuf_reset(&t->newer);
	}
	strbuf_add(&t->newer, (const char *)&head, sizeof(head));
	strbuf_add(&t->newer, text + len - head.len, head.len);
}

/* Put a line in place of the oldest. */
static void
keep_line(void *data, const char *line, size_t len)
{
	struct ring *r = data;
	char **place = &r->lines[r->total++ % r->max];

	len = lines_cut_returns(&line, len);
	free(*place);
	*place = xstrndup(line, len);
}

/* Cut the pieces of SB into lines. */
static void
feed_pieces(const struct strbuf *sb, struct lines *streams, struct ring *r)
{
	struct head head;
	size_t at;

	for (at = 0; at < sb->len; at += head.len) {
		memcpy(&head, sb->buf + at, sizeof(head));
		at += sizeof(head);
		lines_feed(&streams[head.stream], sb->buf + at, head.len,
			   keep_line, r);
	}
}

void
tail_lines(const struct tail *t, size_t max, struct strvec *lines)
{
	struct ring r = { xcalloc(max, sizeof(*r.lines)), max, 0 };
	struct lines streams[LOG_ENGINE + 1];
	uint64_t i;

	for (i = 0; i < ARRAY_SIZE(streams); i++)
		lines_init(&streams[i]);
	feed_pieces(&t->older, streams, &r);
	feed_pieces(&t->newer, streams, &r);
	for (i = 0; i < ARRAY_SIZE(streams); i++) {
		lines_end(&streams[i], keep_line, &r);
		lines_release(&streams[i]);
	}
	for (i = r.total > max ? r.total - max : 0; i < r.total; i++)
		strvec_push_take(lines, r.lines[i % max]);
	free(r.lines);
}
