/*
 * What tasks print, line by line, as it comes.
 */
#include "base/base.h"

#include "report/live.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "report/live-state.h"
#include "report/tail.h"
#include "report/target.h"

enum {
	MAX_ELEMENT_BYTES = 60, /* of a prefix */
	MAX_LAST_BYTES = 4096,  /* of what is kept of stderr */
};

/* An attempt that has printed something. */
struct speaker {
	uint32_t number;
	uint32_t attempt;
	struct strbuf prefix;                   /* "[15/count/3 ...] " */
	struct lines streams[LOG_ENGINE + 1];
	struct strbuf last;                     /* the end of its stderr */
	struct tail tail;                       /* the end of all */
};

/* ---- what comes before a line ---- */

void
live_begin_line(struct live *l, int64_t real_ns)
{
	if (real_ns != l->stamp_ns) {
		strbuf_reset(&l->stamp);
		text_add_time(&l->stamp, real_ns);
		strbuf_addch(&l->stamp, ' ');
		l->stamp_ns = real_ns;
	}
	strbuf_reset(&l->line);
	strbuf_add(&l->line, l->stamp.buf, l->stamp.len);
}

void
live_add_task(struct strbuf *sb, const struct task_news *t, size_t max)
{
	if (t->run)
		strbuf_addf(sb, "%u/", t->run);
	text_add_escaped(sb, t->name, strlen(t->name));
	target_add_element(sb, t->element, max);
}

void
live_add_prefix(struct strbuf *sb, const struct task_news *t)
{
	strbuf_addch(sb, '[');
	live_add_task(sb, t, MAX_ELEMENT_BYTES);
	if (t->pid > 0)
		strbuf_addf(sb, " (pid %lld)", (long long)t->pid);
	strbuf_adds(sb, "] ");
}

/* ---- speakers ---- */

/* The place of T's attempt among the speakers, or their count. */
static size_t
find_speaker(const struct live *l, const struct task_news *t)
{
	size_t i;

	for (i = 0; i < l->speaker_count; i++)
		if (l->speakers[i]->number == t->number &&
		    l->speakers[i]->attempt == t->attempt)
			break;
	return i;
}

/* The speaker of T's attempt, made if need be. */
static struct speaker *
get_speaker(struct live *l, const struct task_news *t)
{
	size_t i = find_speaker(l, t), k;
	struct speaker *s;

	if (i < l->speaker_count)
		return l->speakers[i];
	s = xcalloc(1, sizeof(*s));
	s->number = t->number;
	s->attempt = t->attempt;
	strbuf_init(&s->prefix);
	strbuf_init(&s->last);
	tail_init(&s->tail);
	live_add_prefix(&s->prefix, t);
	for (k = 0; k < ARRAY_SIZE(s->streams); k++)
		lines_init(&s->streams[k]);
	ARRAY_GROW(l->speakers, l->speaker_count, l->speaker_alloc);
	l->speakers[l->speaker_count++] = s;
	return s;
}

/* Drop a speaker. */
static void
free_speaker(struct speaker *s)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(s->streams); i++)
		lines_release(&s->streams[i]);
	strbuf_release(&s->prefix);
	strbuf_release(&s->last);
	tail_release(&s->tail);
	free(s);
}

/* ---- lines ---- */

/* A line that is not shown. */
static void
count_line(void *data, const char *text, size_t len)
{
	uint64_t *count = data;

	(void)text;
	(void)len;
	++*count;
}

/* Queue the lines that the LEN bytes at TEXT end in S's stream K, read at
 * REAL_NS: straight into the queue, for a task can print very much. */
static void
print_text(struct live *l, struct speaker *s, size_t k, int64_t real_ns,
	   const char *text, size_t len)
{
	struct strbuf *queue = outlet_queue(l->out);
	int64_t now_ns = clock_monotonic_ns(l->options.clock);
	uint64_t left_out = 0;
	size_t n;

	live_begin_line(l, real_ns);
	strbuf_add(&l->line, s->prefix.buf, s->prefix.len);
	for (; len && outlet_has_room(l->out); text += n, len -= n) {
		live_erase_status(l);
		outlet_add_notice(l->out, false);
		n = lines_print(&s->streams[k], &l->line, true, text, len,
				queue->len + OUTLET_BLOCK_BYTES, queue);
		if (n == len)
			lines_print_part(&s->streams[k], &l->line, now_ns,
					 queue);
	}
	if (!len)
		return;
	lines_feed(&s->streams[k], text, len, count_line, &left_out);
	outlet_leave_out(l->out, left_out);
}

/* Keep the last of what S wrote to stderr. */
static void
keep_last(struct speaker *s, const char *text, size_t len)
{
	size_t kept = MIN(s->last.len, MAX_LAST_BYTES - MIN(len,
							   MAX_LAST_BYTES));

	memmove(s->last.buf, s->last.buf + s->last.len - kept, kept);
	strbuf_truncate(&s->last, kept);
	kept = MIN(len, MAX_LAST_BYTES);
	strbuf_add(&s->last, text + len - kept, kept);
}

void
live_print(struct live *l, const struct task_news *t, enum log_stream stream,
	   int64_t real_ns, const char *text, size_t len)
{
	struct speaker *s = get_speaker(l, t);

	if (stream == LOG_STDERR)
		keep_last(s, text, len);
	tail_add(&s->tail, stream, text, len);
	if (outlet_is_read(l->out))
		print_text(l, s, stream, real_ns, text, len);
}

bool
live_end_speaker(struct live *l, const struct task_news *t, int64_t real_ns,
		 const char *message, struct strvec *lines)
{
	size_t i = find_speaker(l, t), len = message ? strlen(message) : 0, k;
	struct speaker *s;
	bool said;

	if (i == l->speaker_count)
		return false;
	s = l->speakers[i];
	l->speakers[i] = l->speakers[--l->speaker_count];
	for (k = 0; k < ARRAY_SIZE(s->streams); k++)
		if (lines_has_part(&s->streams[k]))
			print_text(l, s, k, real_ns, "\n", 1);
	said = len && s->last.len > len &&
	       !memcmp(s->last.buf + s->last.len - len - 1, message, len) &&
	       s->last.buf[s->last.len - 1] == '\n';
	if (lines)
		tail_lines(&s->tail, FAILURE_LINES, lines);
	free_speaker(s);
	return said;
}

void
live_free_speakers(struct live *l)
{
	size_t i;

	for (i = 0; i < l->speaker_count; i++)
		free_speaker(l->speakers[i]);
	free(l->speakers);
}
