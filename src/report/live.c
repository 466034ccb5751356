/*
 * The display of a run that goes on.
 *
 * Everything is queued on an outlet and flushed at the end of each piece of
 * news, so that one write brings the end of the status line, the new lines
 * and the new status line: nothing flickers.
 */
#include "base/base.h"

#include "report/live.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "report/live-state.h"

/* ---- opening ---- */

/* Whether both descriptors are of one file. */
static bool
is_same_file(int a, int b)
{
	struct stat sa, sb;

	return fstat(a, &sa) == 0 && fstat(b, &sb) == 0 &&
	       sa.st_dev == sb.st_dev && sa.st_ino == sb.st_ino;
}

/* Whether O is a terminal that knows escape sequences. */
static bool
is_capable(const struct outlet *o)
{
	const char *term = getenv("TERM");

	return outlet_is_terminal(o) && term && *term && strcmp(term, "dumb");
}

struct live *
live_new(const struct live_options *options)
{
	struct live *l = xcalloc(1, sizeof(*l));
	const char *no_color = getenv("NO_COLOR");
	bool colors = !no_color || !*no_color;

	l->options = *options;
	l->out = outlet_new(options->out_fd, options->dry_run);
	l->err = is_same_file(options->out_fd, options->err_fd)
		 ? l->out : outlet_new(options->err_fd, options->dry_run);
	l->has_status = !options->dry_run && is_capable(l->out);
	l->out_colors = colors && is_capable(l->out);
	l->err_colors = colors && is_capable(l->err);
	l->began_ns = clock_monotonic_ns(options->clock);
	l->out_watch = (struct loop_watch)LOOP_WATCH_INIT;
	l->err_watch = (struct loop_watch)LOOP_WATCH_INIT;
	strbuf_init(&l->line);
	strbuf_init(&l->stamp);
	map_init(&l->failed);
	l->stamp_ns = -1;
	return l;
}

void
live_free(struct live *l)
{
	if (!l)
		return;
	live_free_speakers(l);
	live_free_failures(l);
	free(l->waiting_for);
	strbuf_release(&l->line);
	strbuf_release(&l->stamp);
	if (l->err != l->out)
		outlet_free(l->err);
	outlet_free(l->out);
	free(l);
}

/* ---- the status line ---- */

void
live_erase_status(struct live *l)
{
	static const char erase[] = "\r\033[K";

	if (!l->status_shown)
		return;
	outlet_add(l->out, erase, sizeof(erase) - 1);
	l->status_shown = false;
}

/* Cut the line to COLUMNS columns; what is not ASCII counts as two, because
 * it may be that wide. */
static void
cut_to_columns(struct strbuf *line, unsigned columns)
{
	size_t i;

	for (i = 0; i < line->len; i++) {
		unsigned char c = (unsigned char)line->buf[i];
		unsigned width = c < 0x80 ? 1 : c >= 0xc0 ? 2 : 0;

		if (width > columns) {
			strbuf_truncate(line, i);
			return;
		}
		columns -= width;
	}
}

/* Append "59s", "3m 20s": no more than a line that is drawn once a second can
 * tell. */
static void
add_elapsed(struct strbuf *sb, int64_t ns)
{
	int64_t whole_ns = ns - ns % NS_PER_S;

	if (whole_ns < 60 * NS_PER_S)
		strbuf_addf(sb, "%ds", (int)(whole_ns / NS_PER_S));
	else
		text_add_duration(sb, whole_ns);
}

/* Append "[15] 57/101+ done, 16 running, 1 failed, 3s". */
static void
add_status(struct live *l, struct strbuf *sb)
{
	const struct run_counts *c = &l->counts;

	strbuf_addf(sb, "[%u] ", l->run);
	text_add_count(sb, c->done + c->skipped);
	strbuf_addch(sb, '/');
	text_add_count(sb, c->known);
	strbuf_addf(sb, "%s done", c->more_may_come ? "+" : "");
	if (c->reused) {
		strbuf_adds(sb, ", ");
		text_add_count(sb, c->reused);
		strbuf_adds(sb, " reused");
	}
	if (c->running)
		strbuf_addf(sb, ", %u running", c->running);
	if (c->failed)
		strbuf_addf(sb, ", %s%u failed%s",
			    l->out_colors ? COLOR_BAD : "", c->failed,
			    l->out_colors ? COLOR_OFF : "");
	if (c->cancelled)
		strbuf_addf(sb, ", %u cancelled", c->cancelled);
	strbuf_adds(sb, ", ");
	add_elapsed(sb, clock_monotonic_ns(l->options.clock) - l->began_ns);
	if (l->waiting_for) {
		strbuf_adds(sb, ", ");
		text_add_escaped(sb, l->waiting_for, strlen(l->waiting_for));
	}
}

/* Draw the status line anew.  A terminal that is behind has no use for it. */
static void
draw_status(struct live *l)
{
	struct strbuf *line = &l->line;

	if (!l->has_status || !l->run || outlet_is_behind(l->out))
		return;
	strbuf_reset(line);
	add_status(l, line);
	/* The escape sequences of a colour are taken for columns: the line
	 * gets shorter than it could be, never longer. */
	cut_to_columns(line, outlet_columns(l->out) - 1);
	if (l->out_colors && l->counts.failed)
		strbuf_adds(line, COLOR_OFF);
	live_erase_status(l);
	outlet_add(l->out, line->buf, line->len);
	l->status_shown = true;
}

static void end_news(struct live *l);

/* A reader that was slow takes more. */
static void
on_writable(void *data, uint32_t events)
{
	(void)events;
	end_news(data);
}

/* Watch O as long as it is behind. */
static void
set_watch(struct live *l, struct loop_watch *w, const struct outlet *o)
{
	bool behind = l->loop && outlet_is_behind(o);

	if (!behind && w->fd >= 0)
		loop_watch_remove(l->loop, w);
	else if (behind && w->fd < 0)
		/* What cannot be watched goes on with the next news. */
		loop_watch_add(l->loop, w, outlet_fd(o), EPOLLOUT, on_writable,
			       l, NULL);
}

/* The end of a piece of news. */
static void
end_news(struct live *l)
{
	/* Both may be one terminal: the status line comes last. */
	if (l->err != l->out) {
		outlet_flush(l->err);
		set_watch(l, &l->err_watch, l->err);
	}
	if (!l->status_shown)
		draw_status(l);
	outlet_flush(l->out);
	set_watch(l, &l->out_watch, l->out);
}

static void start_tick(struct live *l);

static void
on_tick(void *data)
{
	struct live *l = data;

	draw_status(l);
	end_news(l);
	start_tick(l);
}

/* Draw the status line again when the next second of the run is over. */
static void
start_tick(struct live *l)
{
	int64_t run_ns = clock_monotonic_ns(l->options.clock) - l->began_ns;

	loop_timer_start(l->loop, &l->tick, loop_now_ns(l->loop) + NS_PER_S -
			 run_ns % NS_PER_S, on_tick, l);
}

/* ---- lines ---- */

void
live_say(struct live *l, struct outlet *o, const struct strbuf *text)
{
	if (!outlet_has_room(o) && !l->is_ending) {
		outlet_leave_out(o, 1);
		return;
	}
	/* Both may be one terminal although they are two files. */
	live_erase_status(l);
	if (o != l->out)
		outlet_flush(l->out);
	outlet_add_notice(o, false);
	outlet_add(o, text->buf, text->len);
}

/* ---- tasks ---- */

static void
on_printed(void *data, const struct task_news *t, enum log_stream stream,
	   int64_t real_ns, const char *text, size_t len)
{
	struct live *l = data;

	live_print(l, t, stream, real_ns, text, len);
	end_news(l);
}

/* Say one line about T, in the colour of bad news when BAD. */
static void
say_about(struct live *l, const struct task_news *t, int64_t real_ns,
	  bool bad, const char *text)
{
	live_begin_line(l, real_ns);
	live_add_prefix(&l->line, t);
	if (bad && l->out_colors)
		strbuf_adds(&l->line, COLOR_BAD);
	lines_add_escaped(&l->line, text, strlen(text));
	if (bad && l->out_colors)
		strbuf_adds(&l->line, COLOR_OFF);
	strbuf_addch(&l->line, '\n');
	live_say(l, l->out, &l->line);
}

/* Say why T failed, each line of the message for itself. */
static void
say_message(struct live *l, const struct task_news *t,
	    const struct attempt_record *a)
{
	const char *text = a->message ? a->message : "", *end;
	char *line;

	for (; *text; text = *end ? end + 1 : end) {
		end = strchrnul(text, '\n');
		line = xstrndup(text, (size_t)(end - text));
		say_about(l, t, a->ended_ns, false, line);
		free(line);
	}
}

/* Append what there is to say about a bad end; nothing about a good one. */
static void
add_words(struct strbuf *sb, const struct task_news *t,
	  enum task_outcome outcome)
{
	switch (outcome) {
	case TASK_FAILED:
		strbuf_adds(sb, "Task failed.");
		break;
	case TASK_RETRIED:
		strbuf_adds(sb, "Task failed; it will be tried again");
		if (t->pause_ns >= NS_PER_S / 2) {
			strbuf_adds(sb, " in ");
			text_add_duration(sb, t->pause_ns);
		}
		strbuf_addch(sb, '.');
		break;
	case TASK_CAUGHT:
		strbuf_adds(sb, "Task failed; its step catches that.");
		break;
	default:
		break;
	}
}

static void
on_over(void *data, const struct task_news *t, const struct attempt_record *a)
{
	struct live *l = data;
	struct strbuf words = STRBUF_INIT;
	struct strvec *lines = NULL;
	bool said;

	if (a->outcome == TASK_FAILED)
		lines = live_keep_failure(l, t, a);
	/* A scheme recipe writes its error to stderr itself. */
	said = live_end_speaker(l, t, a->ended_ns, a->message, lines);
	add_words(&words, t, a->outcome);
	if (words.len) {
		if (!said)
			say_message(l, t, a);
		say_about(l, t, a->ended_ns, true, words.buf);
	}
	strbuf_release(&words);
	end_news(l);
}

/* ---- the run ---- */

static void
on_begun(void *data, const struct run_record *run, struct loop *loop)
{
	struct live *l = data;

	l->run = run->number;
	l->loop = loop;
	if (l->has_status)
		start_tick(l);
}

static void
on_progress(void *data, const struct run_counts *c, const char *waiting_for)
{
	struct live *l = data;

	l->counts = *c;
	if (!l->has_status)
		return;
	free(l->waiting_for);
	l->waiting_for = waiting_for ? xstrdup(waiting_for) : NULL;
	draw_status(l);
	outlet_flush(l->out);
}

/* A shell that sees us stopped prints its prompt where the status line was. */
static void
on_stopped(void *data, bool stopped)
{
	struct live *l = data;

	if (!stopped) {
		end_news(l);
		return;
	}
	live_erase_status(l);
	outlet_flush(l->out);
}

static void
on_note(void *data, const char *text)
{
	struct live *l = data;
	struct strbuf *line = &l->line;

	if (l->run) {
		live_begin_line(l, clock_real_ns(l->options.clock));
		strbuf_addf(line, "[%u] ", l->run);
	} else {
		strbuf_reset(line);
		strbuf_adds(line, "flowmake: ");
	}
	lines_add_escaped(line, text, strlen(text));
	strbuf_addch(line, '\n');
	live_say(l, l->err, line);
	end_news(l);
}

static void
on_planned(void *data, const struct task_news *t, const char *why)
{
	struct live *l = data;

	strbuf_reset(&l->line);
	live_add_task(&l->line, t, SIZE_MAX);
	strbuf_adds(&l->line, ": ");
	lines_add_escaped(&l->line, why, strlen(why));
	strbuf_addch(&l->line, '\n');
	live_say(l, l->out, &l->line);
}

const struct run_events live_events = {
	.begun = on_begun,
	.printed = on_printed,
	.over = on_over,
	.progress = on_progress,
	.stopped = on_stopped,
	.note = on_note,
	.planned = on_planned,
};
