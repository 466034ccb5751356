/*
 * The log of a run.
 */
#include "base/base.h"

#include <fcntl.h>

#include "base/strbuf.h"
#include "store/log.h"
#include "work-dir.h"

#define STORE_LOGS ".flowmake/logs"

/* Append TEXT as of TASK; returns where the record ends. */
static uint64_t
append(struct log_writer *w, uint32_t task, const char *text)
{
	uint64_t start, end;

	must(log_append(w, task, 1, LOG_STDOUT, 0, 1000 + task, text,
			strlen(text), &start, &end, &err));
	return end;
}

static struct log_reader *
open_reader(uint32_t run, uint64_t start, uint64_t end)
{
	struct log_reader *r = log_reader_open(run, start, end, NULL, NULL,
					       &err);

	must(r ? 0 : -1);
	return r;
}

/* Whether the next record of R is of TASK and holds TEXT. */
static bool
next_is(struct log_reader *r, uint32_t task, const char *text)
{
	struct log_record rec;

	return must(log_reader_next(r, &rec, &err)) == 1 &&
	       rec.task == task && rec.len == strlen(text) &&
	       !memcmp(rec.text, text, rec.len);
}

static bool
is_end(struct log_reader *r)
{
	struct log_record rec;

	return !must(log_reader_next(r, &rec, &err));
}

static void
test_follow(void)
{
	struct log_writer *w = log_writer_open(1, &err);
	struct log_reader *r;
	uint64_t start, end;
	struct log_record rec;

	must(w ? 0 : -1);
	r = open_reader(1, 0, 0);
	ok(is_end(r), "a log without records is at its end");
	append(w, 7, "one\n");
	must(log_append(w, 8, 300, LOG_STDERR, LOG_FLAG_TRUNCATED,
			INT64_C(1700000000123456789), "two", 3, &start, &end,
			&err));
	ok(next_is(r, 7, "one\n"), "a reader goes on when the log has grown");
	must(log_reader_next(r, &rec, &err));
	ok(rec.task == 8 && rec.attempt == 300 && rec.stream == LOG_STDERR &&
		   rec.flags == LOG_FLAG_TRUNCATED &&
		   rec.real_ns == INT64_C(1700000000123456789) &&
		   rec.len == 3,
	   "a record says task, attempt, stream, flags, time and length");
	ok(is_end(r), "then the log is at its end again");
	append(w, 9, "");
	ok(next_is(r, 9, ""), "a text may be empty");
	log_reader_close(r);
	r = open_reader(1, start, end);
	ok(next_is(r, 8, "two") && is_end(r),
	   "an extent is read from its start to its end");
	log_reader_close(r);
	must(log_writer_close(w, &err));
}

static bool
is_odd(void *data, uint32_t task, uint32_t attempt)
{
	(void)data;
	(void)attempt;
	return task % 2;
}

static void
test_filter(void)
{
	struct log_writer *w = log_writer_open(2, &err);
	struct log_reader *r;
	struct log_record rec;
	struct strbuf big = STRBUF_INIT;
	uint64_t read_bytes = 0, records = 0;
	uint32_t i;

	must(w ? 0 : -1);
	for (i = 0; i < 200000; i++)
		strbuf_addch(&big, (char)('a' + i % 26));
	for (i = 0; i < 20; i++) {
		append(w, i, i % 3 ? "small" : big.buf);
		append(w, i, "");
	}
	must(log_writer_close(w, &err));
	r = log_reader_open(2, 0, 0, is_odd, NULL, &err);
	must(r ? 0 : -1);
	while (must(log_reader_next(r, &rec, &err))) {
		records += rec.task % 2;
		read_bytes += rec.len;
		if (rec.len > 100 && memcmp(rec.text, big.buf, big.len))
			records = 1000;
	}
	is_int((intmax_t)records, 20, "only the tasks that are wanted are read");
	is_int((intmax_t)read_bytes, 3 * 200000 + 7 * 5, "with all their text");
	log_reader_close(r);
	strbuf_release(&big);
}

/* A log that ends anywhere is read up to its last whole record. */
static void
test_torn(void)
{
	struct log_writer *w = log_writer_open(3, &err);
	struct log_reader *r;
	uint64_t size, first, second;
	bool good = true;

	must(w ? 0 : -1);
	first = append(w, 1, "first");
	second = append(w, 2, "second");
	must(log_writer_close(w, &err));
	for (size = second - 1; size; size--) {
		must(truncate(STORE_LOGS "/3", (off_t)size));
		r = open_reader(3, 0, 0);
		good = good && (size < first || next_is(r, 1, "first"));
		good = good && is_end(r);
		log_reader_close(r);
	}
	ok(good, "a torn record at the end is not there yet");
}

static void
test_refusals(void)
{
	struct log_reader *r;
	struct log_record rec;
	struct error e = ERROR_INIT;

	put(STORE_LOGS "/4", "flowmake log 2\nwhatever");
	ok(!log_reader_open(4, 0, 0, NULL, NULL, &e) &&
		   failed_with(&e, "newer"),
	   "a log of a newer format is refused in words");
	put(STORE_LOGS "/5", "something else that is long enough");
	ok(!log_reader_open(5, 0, 0, NULL, NULL, &e) &&
		   failed_with(&e, "is not a log"),
	   "what is not a log is refused");
	ok(!log_reader_open(6, 0, 0, NULL, NULL, &e) &&
		   failed_with(&e, ".flowmake/logs/6"),
	   "a log that is not there is named");
	put(STORE_LOGS "/7", "flowmake log 1\nxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
	r = open_reader(7, 0, 0);
	ok(log_reader_next(r, &rec, &e) < 0 && failed_with(&e, "damaged"),
	   "a damaged log is named");
	log_reader_close(r);
}

int
main(void)
{
	enter_work_dir();
	must(file_make_dirs(STORE_LOGS, &err));
	test_follow();
	test_filter();
	test_torn();
	test_refusals();
	leave_work_dir();
	return done_testing();
}
