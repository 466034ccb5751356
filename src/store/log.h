/*
 * The log of a run: one append-only file, .flowmake/logs/N, that holds what
 * all its tasks printed, in the order in which it was read.  Format version 1:
 *
 *   file   = "flowmake log 1\n" record...
 *   record = 32-bit length of the text, 32-bit task, 16-bit attempt, 8-bit
 *            stream (1 stdout, 2 stderr, 3 flowmake's own words), 8-bit flags
 *            (1: truncated here by --max-log-size), 64-bit real time in ns,
 *            all little-endian, then the text: bytes as they were read, which
 *            may hold several lines or a part of one.
 *
 * A torn record at the end of the file is ignored.
 */
#ifndef FLOWMAKE_STORE_LOG_H
#define FLOWMAKE_STORE_LOG_H

#include "base/base.h"

struct error;

enum log_stream { LOG_STDOUT = 1, LOG_STDERR, LOG_ENGINE };
enum { LOG_FLAG_TRUNCATED = 1 };

/* Whether there is a log of RUN. */
bool log_exists(uint32_t run);

/* ---- writing ---- */

struct log_writer;

struct log_writer *log_writer_open(uint32_t run, struct error *err);
int log_writer_close(struct log_writer *w, struct error *err);

/* Append one record with one write; *START and *END get its extent. */
int log_append(struct log_writer *w, uint32_t task, uint32_t attempt,
	       enum log_stream stream, unsigned flags, int64_t real_ns,
	       const void *text, size_t len, uint64_t *start, uint64_t *end,
	       struct error *err);

/* The size of run RUN's log; 0: there is none. */
uint64_t log_size(uint32_t run);

/* ---- reading ---- */

struct log_record {
	uint32_t task;
	uint32_t attempt;
	enum log_stream stream;
	unsigned flags;
	int64_t real_ns;
	const char *text;  /* borrowed until the next call */
	size_t len;
	uint64_t end;      /* where in the log it ends */
};

struct log_reader;

/* Read run RUN's log from START to END (0: as far as it goes, also while it
 * grows).  The texts of tasks for which WANTED returns false are not read
 * from the disk (WANTED NULL: all). */
struct log_reader *log_reader_open(uint32_t run, uint64_t start, uint64_t end,
				   bool (*wanted)(void *data, uint32_t task,
						  uint32_t attempt),
				   void *data, struct error *err);
void log_reader_close(struct log_reader *r);
/* The next record.  Returns 1, 0 at the end (call again when the file has
 * grown), -1. */
int log_reader_next(struct log_reader *r, struct log_record *rec,
		    struct error *err);

#endif
