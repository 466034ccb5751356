/*
 * Runs a fuzz target on its samples, on what becomes of them when some bytes
 * are changed, and on bytes without any meaning.
 *
 *	NAME-fuzz          on inputs that FLOWMAKE_TEST_SEED gives, as many as
 *	                   a test has time for, or for FLOWMAKE_FUZZ_S seconds
 *	NAME-fuzz FILE...  on the bytes of files
 */
#include "base/base.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "fuzz.h"
#include "sys/file.h"

enum { MAX_SAMPLES = 64, MAX_BYTES = 1 << 17, CHANGES = 6 };

static struct strbuf samples[MAX_SAMPLES];
static unsigned sample_count;
static uint64_t state;                   /* of the generator */
static struct strbuf input = STRBUF_INIT; /* that is being tried */

/* A number below N: xorshift64*. */
static size_t
pick(size_t n)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (size_t)((state * 2685821657736338717u) >> 33) % n;
}

/* Say which input it was; nothing else is safe any more. */
static void
on_abort(int signo)
{
	int fd = STDOUT_FILENO;

	(void)signo;
	if (write(fd, "# the input:\n", 13) < 0 ||
	    write(fd, input.buf, input.len) < 0 || write(fd, "\n", 1) < 0)
		_exit(3);
	signal(SIGABRT, SIG_DFL);
	raise(SIGABRT);
}

static void
try(void)
{
	/* of its exact size, so that a sanitizer sees what reads beyond */
	uint8_t *copy = xmemdup(input.buf, input.len);

	LLVMFuzzerTestOneInput(copy, input.len);
	free(copy);
}

/* ---- inputs ---- */

/* Put LEN bytes at BYTES in place of COUNT of the input's at AT. */
static void
splice(size_t at, size_t count, const void *bytes, size_t len)
{
	struct strbuf new = STRBUF_INIT;

	strbuf_add(&new, input.buf, at);
	strbuf_add(&new, bytes, len);
	strbuf_add(&new, input.buf + at + count, input.len - at - count);
	strbuf_release(&input);
	input = new;
}

/* A length or an index that somebody may trust. */
static void
splice_number(size_t at)
{
	static const uint64_t numbers[] = {
		0, 1, 23, 24, 127, 128, 255, 256, 65535, 65536, INT32_MAX,
		UINT32_MAX, (uint64_t)UINT32_MAX + 1, INT64_MAX, UINT64_MAX,
	};
	uint64_t n = numbers[pick(ARRAY_SIZE(numbers))];
	size_t len = (size_t)1 << pick(4);
	size_t gone = pick(2) ? len : 0, i;
	bool swapped = pick(2);
	char bytes[8];

	for (i = 0; i < len; i++)
		bytes[swapped ? len - 1 - i : i] = (char)(n >> 8 * i);
	splice(at, MIN(gone, input.len - at), bytes, len);
}

static void
change(void)
{
	const struct strbuf *other = &samples[pick(sample_count)];
	size_t at = pick(input.len + 1), left = input.len - at, from;
	char byte = (char)pick(256);

	switch (pick(7)) {
	case 0:
		byte = left ? (char)(input.buf[at] ^ 1 << pick(8)) : byte;
		splice(at, MIN(left, 1), &byte, 1);
		break;
	case 1:
		splice(at, MIN(left, 1), &byte, 1);
		break;
	case 2:
		splice(at, 0, &byte, 1);
		break;
	case 3: /* leave some out */
		splice(at, pick(MIN(left, 16) + 1), "", 0);
		break;
	case 4:
		splice_number(at);
		break;
	case 5: /* of another sample */
		from = pick(other->len + 1);
		splice(at, pick(left + 1), other->buf + from,
		       pick(other->len - from + 1));
		break;
	case 6: /* once more */
		splice(at, 0, input.buf + at, pick(MIN(left, 64) + 1));
		break;
	}
	if (input.len > MAX_BYTES)
		strbuf_truncate(&input, MAX_BYTES);
}

static void
make_input(void)
{
	const struct strbuf *s = &samples[pick(sample_count)];
	size_t i;

	strbuf_reset(&input);
	if (!pick(16)) {
		for (i = pick(64); i; i--)
			strbuf_addch(&input, (char)pick(256));
		return;
	}
	strbuf_add(&input, s->buf, s->len);
	for (i = 1 + pick(CHANGES); i; i--)
		change();
}

/* ---- */

static void
take_samples(void)
{
	struct strbuf sb = STRBUF_INIT;

	while (sample_count < MAX_SAMPLES && fuzz_sample(sample_count, &sb)) {
		samples[sample_count++] = sb;
		strbuf_init(&sb);
	}
	strbuf_release(&sb);
	if (!sample_count)
		bug("a fuzz target without samples");
}

static int
try_files(char **names)
{
	struct error err = ERROR_INIT;

	for (; *names; names++) {
		strbuf_reset(&input);
		if (file_read(*names, &input, &err)) {
			printf("%s\n", err.text);
			return 2;
		}
		try();
	}
	return 0;
}

int
main(int argc, char **argv)
{
	const char *set = getenv("FLOWMAKE_TEST_SEED");
	const char *seconds = getenv("FLOWMAKE_FUZZ_S");
	int64_t end_ns = clock_monotonic_ns(&clock_system) +
		(seconds ? atoll(seconds) : 0) * NS_PER_S;
	unsigned i, inputs = 0;

	signal(SIGABRT, on_abort);
	if (argc > 1)
		return try_files(argv + 1);
	state = set && *set ? strtoull(set, NULL, 0) : 1;
	printf("# FLOWMAKE_TEST_SEED=%" PRIu64 "\n", state);
	state = state * 2 + 1;
	take_samples();
	for (i = 0; i < sample_count; i++) {
		strbuf_reset(&input);
		strbuf_add(&input, samples[i].buf, samples[i].len);
		try();
	}
	printf("ok 1 - it takes its %u samples\n", sample_count);
	while (seconds ? clock_monotonic_ns(&clock_system) < end_ns
		       : inputs < fuzz_inputs) {
		make_input();
		try();
		inputs++;
	}
	printf("ok 2 - and %u inputs that are none\n1..2\n", inputs);
	for (i = 0; i < sample_count; i++)
		strbuf_release(&samples[i]);
	strbuf_release(&input);
	return 0;
}
