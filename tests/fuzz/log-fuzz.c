/*
 * Fuzz the reader of logs: whoever wants some tasks only gets the same of them
 * as whoever reads all.
 */
#include "base/base.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/strbuf.h"
#include "fuzz.h"
#include "fuzz-store.h"
#include "store/log.h"
#include "sys/file.h"

const unsigned fuzz_inputs = 6000;

static bool
is_wanted(void *data, uint32_t task, uint32_t attempt)
{
	(void)data;
	(void)attempt;
	return task % 2;
}

/* The bytes of the texts of odd tasks, from START to END, in a sum that knows
 * their order; with ALL, others are read, too.  *COUNT: the records read. */
static uint64_t
read_log(bool all, uint64_t start, uint64_t end, size_t *count)
{
	struct log_reader *r = log_reader_open(1, start, end,
					       all ? NULL : is_wanted, NULL,
					       NULL);
	struct log_record rec;
	uint64_t sum = 0;
	size_t i;

	*count = 0;
	while (r && log_reader_next(r, &rec, NULL) > 0) {
		++*count;
		for (i = 0; rec.task % 2 && i < rec.len; i++)
			sum = sum * 31 + (unsigned char)rec.text[i] + 1;
	}
	if (r)
		log_reader_close(r);
	return sum;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t all, odd, part;
	uint64_t sum;

	fuzz_store_enter();
	fuzz_store_put(STORE_DIR "/logs/1", data, size);
	sum = read_log(true, 0, 0, &all);
	if (all > size || read_log(false, 0, 0, &odd) != sum || odd > all)
		abort();
	if (size)
		read_log(true, data[size - 1], data[size / 2], &part);
	return 0;
}

bool
fuzz_sample(unsigned i, struct strbuf *out)
{
	struct log_writer *w;
	uint64_t start, end;
	uint32_t task;

	if (i > 1)
		return false;
	fuzz_store_enter();
	unlink(STORE_DIR "/logs/1");
	w = log_writer_open(1, NULL);
	for (task = 1; w && task < 5; task++)
		if (log_append(w, task, 1, LOG_STDOUT + task % 3, task % 2,
			       1234567890, "two\nlines\n", i ? 10 : 0, &start,
			       &end, NULL))
			abort();
	if (!w || log_writer_close(w, NULL) ||
	    file_read(STORE_DIR "/logs/1", out, NULL))
		abort();
	return true;
}
