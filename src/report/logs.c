/*
 * Logs of tasks.
 */
#include "base/base.h"

#include "report/logs.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "report/follow.h"
#include "report/lines.h"
#include "report/reused-logs.h"
#include "report/target.h"
#include "store/log.h"

enum {
	MAX_ELEMENT_BYTES = 60,
	BLOCK_BYTES = 64 << 10, /* of lines, to be written together */
};

/* A task of the run. */
struct logged {
	bool wanted;
	bool is_over;          /* its last attempt known so far has ended */
	uint32_t attempt;      /* wanted: this one; when following: from it */
	const char *state;     /* of its last attempt known so far */
	bool is_whole_step;    /* no split: the step has no other task */
	uint64_t log_end;      /* of that, where no more follows; 0: it may */
	uint32_t printed;      /* the attempt that is being printed; 0 */
	char *prefix;          /* "[count/3 books/a.txt] " */
	struct lines streams[LOG_ENGINE + 1];
	int64_t read_ns[LOG_ENGINE + 1]; /* when the last bytes were read */
};

struct logs {
	const struct logs_options *options;
	struct store *store;
	struct target target;
	const char *run_state;
	struct log_reader *reader;
	struct reused_logs reused;
	struct logged **tasks;  /* by number; NULL: not known yet */
	size_t task_alloc;
	uint64_t wanted_count;
	bool is_single;         /* the target can only be one task */
	uint32_t single;        /* its number; 0: not known */
	uint64_t start;         /* of the log, that can be of interest */
	uint64_t end;           /* 0: to its end */
	/* ---- the record that is being printed ---- */
	int64_t real_ns;
	struct strbuf prefix;
	struct strbuf lines;
	/* ---- one that came before its task's record; task 0: none ---- */
	struct log_record pending;
};

/* ---- tasks ---- */

/* The place of task NUMBER. */
static struct logged **
task_place(struct logs *l, uint32_t number)
{
	size_t alloc = l->task_alloc;

	if (number >= alloc) {
		alloc = MAX((size_t)number + 1, alloc * 2);
		l->tasks = xrealloc(l->tasks, alloc * sizeof(*l->tasks));
		memset(l->tasks + l->task_alloc, 0,
		       (alloc - l->task_alloc) * sizeof(*l->tasks));
		l->task_alloc = alloc;
	}
	return &l->tasks[number];
}

/* Whether the target includes A's task. */
static bool
is_in_target(const struct target *t, const struct attempt_record *a)
{
	return (!t->step || !strcmp(t->step, a->step)) &&
	       (!t->rest || !strcmp(t->rest, a->split));
}

/* Make the place of A's task. */
static struct logged *
new_task(struct logs *l, const struct attempt_record *a)
{
	struct logged *task = xcalloc(1, sizeof(*task));
	struct strbuf sb = STRBUF_INIT;
	size_t i;

	task->wanted = is_in_target(&l->target, a);
	l->wanted_count += task->wanted;
	task->is_whole_step = !*a->split;
	strbuf_addch(&sb, '[');
	attempt_add_escaped(&sb, a);
	target_add_element(&sb, a->element, MAX_ELEMENT_BYTES);
	strbuf_adds(&sb, "] ");
	task->prefix = strbuf_detach(&sb, NULL);
	for (i = 0; i <= LOG_ENGINE; i++)
		lines_init(&task->streams[i]);
	return task;
}

/* Learn of one attempt. */
static bool
note_attempt(void *data, const struct attempt_record *a)
{
	struct logs *l = data;
	struct logged **place = task_place(l, a->task);
	uint32_t asked = l->options->attempt;

	if (!*place) {
		*place = new_task(l, a);
		if (a->origin_run && (*place)->wanted)
			reused_logs_add(&l->reused, a->task, a->origin_run,
					a->origin_task);
	}
	(*place)->is_over = a->outcome != TASK_RUNNING &&
			    a->outcome != TASK_RETRIED;
	if (!asked || asked == a->attempt || a->origin_run)
		(*place)->state = attempt_state_name(a, l->run_state);
	if (l->is_single && (*place)->wanted)
		l->single = a->task;
	if (asked ? asked == a->attempt : !l->reader) {
		(*place)->attempt = a->attempt;
		(*place)->log_end = a->outcome == TASK_RUNNING ? 0 : a->log_end;
	}
	return false;
}

/* Learn of all attempts of the target so far. */
static int
read_attempts(struct logs *l, struct error *err)
{
	struct attempt_filter filter = {
		.run = l->target.run.number,
		.step = l->target.step,
		.split = l->target.rest,
	};

	return store_attempt_each(l->store, &filter, note_attempt, l, err);
}

/* Learn of task NUMBER again. */
static int
read_task(struct logs *l, uint32_t number, struct error *err)
{
	struct attempt_filter filter = {
		.run = l->target.run.number, .task = number,
	};

	return store_attempt_each(l->store, &filter, note_attempt, l, err);
}

/* Whether the attempt's output is asked for; tasks not known yet are. */
static bool
is_wanted(void *data, uint32_t number, uint32_t attempt)
{
	struct logs *l = data;
	const struct logged *task;

	if (!number)
		return false;
	task = *task_place(l, number);
	if (!task)
		return l->options->follow;
	if (!task->wanted)
		return false;
	return l->options->follow && !l->options->attempt
	       ? attempt >= task->attempt : attempt == task->attempt;
}

/* ---- printing ---- */

/* Whether records of STREAM are asked for. */
static bool
is_wanted_stream(const struct logs_options *o, enum log_stream stream)
{
	if (o->only_stdout && !o->only_stderr)
		return stream == LOG_STDOUT;
	if (o->only_stderr && !o->only_stdout)
		return stream == LOG_STDERR;
	return true;
}

/* Print the lines that the LEN bytes at TEXT end in a stream of TASK. */
static void
print_lines(struct logs *l, struct logged *task, size_t stream,
	    const char *text, size_t len)
{
	const struct logs_options *o = l->options;
	size_t n;

	strbuf_reset(&l->prefix);
	if (o->timestamps) {
		text_add_time(&l->prefix, l->real_ns);
		strbuf_addch(&l->prefix, ' ');
	}
	if (!l->is_single)
		strbuf_adds(&l->prefix, task->prefix);
	for (; len; text += n, len -= n) {
		strbuf_reset(&l->lines);
		n = lines_print(&task->streams[stream], &l->prefix, o->escape,
				text, len, BLOCK_BYTES, &l->lines);
		fwrite(l->lines.buf, 1, l->lines.len, o->out);
	}
	if (!o->follow || !o->escape)
		return;
	strbuf_reset(&l->lines);
	lines_print_part(&task->streams[stream], &l->prefix,
			 clock_real_ns(&clock_system), &l->lines);
	fwrite(l->lines.buf, 1, l->lines.len, o->out);
}

/* Print the lines of TASK that have no end. */
static void
end_lines(struct logs *l, struct logged *task)
{
	size_t k;

	for (k = 0; k <= LOG_ENGINE; k++) {
		if (!lines_has_part(&task->streams[k]))
			continue;
		l->real_ns = task->read_ns[k];
		print_lines(l, task, k, "\n", 1);
	}
}

/* Print what one record holds. */
static void
print_record(struct logs *l, const struct log_record *rec)
{
	const struct logs_options *o = l->options;
	bool shows = is_wanted_stream(o, rec->stream);
	struct logged *task;

	if (l->is_single && !o->timestamps && !o->escape) {
		if (shows)
			fwrite(rec->text, 1, rec->len, o->out);
		return;
	}
	task = *task_place(l, rec->task);
	if (task->printed != rec->attempt)
		end_lines(l, task);
	task->printed = rec->attempt;
	task->read_ns[rec->stream] = rec->real_ns;
	l->real_ns = rec->real_ns;
	if (shows)
		print_lines(l, task, rec->stream, rec->text, rec->len);
	if (rec->attempt == task->attempt && rec->end == task->log_end)
		end_lines(l, task);
}

/* Print all lines that have no end. */
static void
print_rest(struct logs *l)
{
	size_t i;

	for (i = 0; i < l->task_alloc; i++)
		if (l->tasks[i])
			end_lines(l, l->tasks[i]);
}

/* The same for one in the log of another run. */
static void
print_reused(void *data, const struct log_record *rec)
{
	print_record(data, rec);
}

/* Keep REC until its task is known. */
static void
keep_pending(struct logs *l, const struct log_record *rec)
{
	l->pending = *rec;
	l->pending.text = xmemdup(rec->text, rec->len);
}

/* Print the record that had to wait, if it can be now.  1, 0 when it must
 * wait on, -1. */
static int
print_pending(struct logs *l, struct error *err)
{
	struct log_record *rec = &l->pending;

	if (!rec->task)
		return 1;
	if (read_task(l, rec->task, err))
		return -1;
	if (!*task_place(l, rec->task))
		return 0;
	if (is_wanted(l, rec->task, rec->attempt))
		print_record(l, rec);
	free((char *)rec->text);
	memset(rec, 0, sizeof(*rec));
	return 1;
}

/* Print all that the log has by now. */
static int
print_records(struct logs *l, struct error *err)
{
	struct log_record rec;
	int rc;

	for (;;) {
		rc = print_pending(l, err);
		if (rc <= 0)
			return rc;
		rc = log_reader_next(l->reader, &rec, err);
		if (rc <= 0)
			return rc;
		if (*task_place(l, rec.task))
			print_record(l, &rec);
		else
			keep_pending(l, &rec);
	}
}

/* ---- one look ---- */

/* Find the part of the log to read. */
static bool
note_extent(void *data, const struct attempt_record *a)
{
	struct logs *l = data;

	if (!is_wanted(l, a->task, a->attempt))
		return false;
	if (a->outcome == TASK_RUNNING || l->options->follow) {
		l->start = 0;
		l->end = 0;
		return true;
	}
	if (a->log_end) {
		l->start = MIN(l->start, a->log_start);
		l->end = MAX(l->end, a->log_end);
	}
	return false;
}

/* Open the log where the target's records are.  With nothing to read the
 * reader stays NULL. */
static int
open_log(struct logs *l, struct error *err)
{
	struct attempt_filter filter = {
		.run = l->target.run.number,
		.step = l->target.step,
		.split = l->target.rest,
	};

	l->start = UINT64_MAX;
	if (store_attempt_each(l->store, &filter, note_extent, l, err))
		return -1;
	if (l->start == UINT64_MAX && !l->options->follow)
		return 0;
	l->reader = log_reader_open(filter.run,
				    l->start == UINT64_MAX ? 0 : l->start,
				    l->end, is_wanted, l, err);
	return l->reader ? 0 : -1;
}

/* Append what follows, in words. */
static void
add_heading(struct logs *l, struct strbuf *sb)
{
	strbuf_addf(sb, "Run %u", l->target.run.number);
	if (l->target.step) {
		strbuf_adds(sb, ", ");
		text_add_escaped(sb, l->target.step, strlen(l->target.step));
		if (l->target.rest) {
			strbuf_addch(sb, '/');
			text_add_escaped(sb, l->target.rest,
					 strlen(l->target.rest));
		}
	}
	if (l->options->attempt)
		strbuf_addf(sb, ", attempt %u", l->options->attempt);
	if (l->target.step && !l->wanted_count)
		strbuf_adds(sb, ": not started yet\n");
	else
		strbuf_addf(sb, ": %s\n",
			    l->single && l->tasks[l->single]->state
			    ? l->tasks[l->single]->state : l->run_state);
}

/* Say what follows. */
static void
print_heading(struct logs *l)
{
	struct strbuf sb = STRBUF_INIT;

	add_heading(l, &sb);
	fwrite(sb.buf, 1, sb.len, l->options->headings);
	fflush(l->options->headings);
	strbuf_release(&sb);
}

/* Whether any known task has the attempt that was asked for. */
static bool
has_attempt(const struct logs *l)
{
	size_t i;

	if (!l->options->attempt || reused_logs_has_attempt(&l->reused))
		return true;
	for (i = 0; i < l->task_alloc; i++)
		if (l->tasks[i] && l->tasks[i]->wanted && l->tasks[i]->attempt)
			return true;
	return false;
}

/* Learn of all that there is of the target by now. */
static int
look_for_target(struct logs *l, struct error *err)
{
	if (read_attempts(l, err))
		return -1;
	return reused_logs_find(&l->reused, l->store, l->options->attempt,
				err);
}

/* Whether something of the target is known. */
static bool
has_target(const struct logs *l)
{
	return (l->wanted_count || !l->target.step) && has_attempt(l);
}

/* Say that there is none. */
static int
refuse_target(const struct logs *l, struct error *err)
{
	if (!l->wanted_count && l->target.step)
		return target_no_task(&l->target, l->store, err);
	return error_set(err, "no task there has an attempt %u",
			 l->options->attempt);
}

/* See what there is of the target. */
static int
find_tasks(struct logs *l, bool is_running, struct error *err)
{
	size_t i;

	if (look_for_target(l, err))
		return -1;
	if (!is_running && !has_target(l))
		return refuse_target(l, err);
	for (i = 0; i < l->task_alloc; i++)
		if (l->tasks[i] && l->tasks[i]->wanted)
			l->single = (uint32_t)i;
	l->is_single = l->target.rest ||
		       (l->target.step && l->wanted_count == 1 &&
			l->tasks[l->single]->is_whole_step);
	if (!l->is_single)
		l->single = 0;
	return 0;
}

/* ---- following ---- */

/* Whether no more can come. */
static int
is_over(struct logs *l, bool *over, struct error *err)
{
	struct run_record now;
	int rc;

	rc = store_run_get(l->store, l->target.run.number, &now, err);
	if (rc <= 0)
		return -1;
	run_record_release(&l->target.run);
	l->target.run = now;
	*over = strcmp(run_state_name(&now), "running") != 0;
	if (*over || !l->is_single)
		return 0;
	rc = l->single ? read_task(l, l->single, err) : read_attempts(l, err);
	if (!rc && l->single)
		*over = l->tasks[l->single]->is_over;
	return rc;
}

/* Print what comes until nothing can come any more. */
static int
follow_log(struct logs *l, struct follow *f, struct error *err)
{
	bool over;
	int rc;

	for (;;) {
		if (is_over(l, &over, err))
			return -1;
		rc = print_records(l, err);
		fflush(l->options->out);
		if (rc < 0)
			return -1;
		/* Who printed nothing has not been heard of. */
		if (over && !has_target(l) && look_for_target(l, err))
			return -1;
		if (over)
			return has_target(l) ? 0 : refuse_target(l, err);
		if (follow_wait(f, err))
			return -1;
	}
}

/* ---- all of it ---- */

/* Print the logs of the target. */
static int
show(struct logs *l, struct error *err)
{
	struct follow f = { -1, -1, false };
	bool running;
	int rc;

	l->run_state = run_state_name(&l->target.run);
	running = !strcmp(l->run_state, "running");
	if (l->options->follow && running &&
	    follow_open(&f, &l->target.run, err))
		return -1;
	rc = find_tasks(l, running && l->options->follow, err);
	if (!rc) {
		print_heading(l);
		rc = reused_logs_each(&l->reused, print_reused, l, err);
		print_rest(l);
	}
	if (!rc)
		rc = open_log(l, err);
	if (!rc && f.inotify_fd >= 0)
		rc = follow_log(l, &f, err);
	else if (!rc && l->reader)
		rc = print_records(l, err);
	print_rest(l);
	follow_close(&f);
	return rc < 0 ? -1 : 0;
}

/* Drop all that L owns. */
static void
release(struct logs *l)
{
	size_t i, k;

	for (i = 0; i < l->task_alloc; i++) {
		if (!l->tasks[i])
			continue;
		for (k = 0; k <= LOG_ENGINE; k++)
			lines_release(&l->tasks[i]->streams[k]);
		free(l->tasks[i]->prefix);
		free(l->tasks[i]);
	}
	free(l->tasks);
	free((char *)l->pending.text);
	if (l->reader)
		log_reader_close(l->reader);
	reused_logs_release(&l->reused);
	strbuf_release(&l->prefix);
	strbuf_release(&l->lines);
	target_release(&l->target);
}

int
logs_show(struct store *s, const struct logs_options *o, struct error *err)
{
	struct logs l = { .options = o, .store = s };
	int rc;

	strbuf_init(&l.prefix);
	strbuf_init(&l.lines);
	rc = target_parse(&l.target, s, o->target, err);
	if (!rc)
		rc = show(&l, err);
	release(&l);
	return rc;
}
