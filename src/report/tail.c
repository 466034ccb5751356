/*
 * The last lines of a log.
 */
#include "base/base.h"

#include "report/tail.h"

#include <stdlib.h>

#include "base/strvec.h"
#include "report/lines.h"
#include "store/log.h"

/* The last lines so far. */
struct tail {
	const struct tail_source *from;
	char **ring;    /* MAX places; line number N is at N % MAX */
	size_t max;
	uint64_t total;
};

/* Whether a record is of the attempt. */
static bool
is_wanted(void *data, uint32_t task, uint32_t attempt)
{
	const struct tail *t = data;

	return task == t->from->task && attempt == t->from->attempt;
}

/* Put a line in place of the oldest. */
static void
keep_line(void *data, const char *line, size_t len)
{
	struct tail *t = data;
	char **place = &t->ring[t->total++ % t->max];

	free(*place);
	*place = xstrndup(line, len);
}

/* Read all records. */
static int
read_lines(struct tail *t, struct log_reader *r, struct error *err)
{
	struct lines streams[LOG_ENGINE + 1];
	struct log_record rec;
	size_t i;
	int rc;

	for (i = 0; i <= LOG_ENGINE; i++)
		lines_init(&streams[i]);
	for (;;) {
		rc = log_reader_next(r, &rec, err);
		if (rc <= 0)
			break;
		lines_feed(&streams[rec.stream], rec.text, rec.len, keep_line,
			   t);
	}
	for (i = 0; i <= LOG_ENGINE; i++) {
		lines_end(&streams[i], keep_line, t);
		lines_release(&streams[i]);
	}
	return rc;
}

int
tail_read(const struct tail_source *from, size_t max, struct strvec *lines,
	  uint64_t *total, struct error *err)
{
	struct tail t = { from, NULL, max, 0 };
	struct log_reader *r;
	uint64_t i;
	int rc;

	*total = 0;
	if (!from->log_end)
		return 0;
	r = log_reader_open(from->run, from->log_start, from->log_end,
			    is_wanted, &t, err);
	if (!r)
		return -1;
	t.ring = xcalloc(max, sizeof(*t.ring));
	rc = read_lines(&t, r, err);
	log_reader_close(r);
	for (i = t.total > max ? t.total - max : 0; i < t.total; i++)
		strvec_push_take(lines, t.ring[i % max]);
	free(t.ring);
	*total = t.total;
	return rc;
}
