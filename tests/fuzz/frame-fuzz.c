/*
 * Fuzz what takes frames apart: however the bytes come in, the same frames
 * come out, and written again they are the same bytes.
 */
#include "base/base.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/strbuf.h"
#include "fuzz.h"
#include "sys/frame.h"

const unsigned fuzz_inputs = 1500;

/* The frames of DATA, read from a file up to STEP bytes at a time, written
 * again behind each other; *END: 1 all were good, 0 one is cut off, -1. */
static void
read_frames(const uint8_t *data, size_t size, size_t step, struct strbuf *out,
	    int *end)
{
	int fd = memfd_create("frames", MFD_CLOEXEC);
	struct frame_reader r;
	struct frame f;
	size_t at = 0;
	int more = 1, got = 0;

	frame_reader_init(&r);
	while (more > 0 && got >= 0) {
		size_t n = MIN(step, size - at);

		if (n && pwrite(fd, data + at, n, (off_t)at) != (ssize_t)n)
			abort();
		at += n;
		more = frame_reader_fill(&r, fd, NULL);
		while ((got = frame_reader_next(&r, &f, NULL)) > 0)
			frame_add(out, f.type, f.payload, f.len);
	}
	*end = got < 0 ? -1 : more < 0 ? 0 : 1;
	frame_reader_release(&r);
	close(fd);
}

/* Whether the first frame says that it is long: nobody would send that, and
 * room is made for it. */
static bool
is_long(const uint8_t *data, size_t size)
{
	return size > 3 && (data[3] || data[2]);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct strbuf whole = STRBUF_INIT, parts = STRBUF_INIT;
	int end, parts_end;

	if (is_long(data, size))
		return 0;
	read_frames(data, size, size, &whole, &end);
	read_frames(data, size, 1 + size / 3, &parts, &parts_end);
	if (whole.len > size || memcmp(whole.buf, data, whole.len) ||
	    (end > 0 && whole.len != size))
		abort();
	if (end != parts_end || whole.len != parts.len)
		abort();
	strbuf_release(&whole);
	strbuf_release(&parts);
	return 0;
}

bool
fuzz_sample(unsigned i, struct strbuf *out)
{
	frame_add(out, 3, "payload", 7);
	frame_add(out, 4, "", 0);
	frame_add(out, 65535, "\x80\x81", 2);
	return !i;
}
