/*
 * Observations.  The digest of one is of the file that was read, or else of the
 * encoded answer.  The stamp of a wildcard says how the only directory that it
 * looks at was when it gave that answer; while it is so, the directory need
 * not be read.
 */
#include "base/base.h"

#include "flow/observation.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cbor.h"
#include "base/clock.h"
#include "base/strvec.h"
#include "sys/file.h"
#include "sys/wildcard.h"

/* A directory's times are trusted when they are so old. */
#define SETTLED_NS (2 * NS_PER_S)

static struct observation *
new_observation(void)
{
	struct observation *o = xcalloc(1, sizeof(*o));

	strbuf_init(&o->query);
	strbuf_init(&o->stamp);
	return o;
}

void
observation_free(struct observation *o)
{
	free(o->kind);
	strbuf_release(&o->query);
	strbuf_release(&o->stamp);
	free(o);
}

char *
observation_text(const struct observation *o)
{
	struct cbor c;
	char *text;

	cbor_init(&c, o->query.buf, o->query.len);
	text = cbor_get_str(&c);
	if (!c.failed)
		return text;
	free(text);
	return NULL;
}

/* The digest of the list of names that match PATTERN, encoded. */
static struct digest
digest_wildcard(const char *pattern)
{
	struct strvec names = STRVEC_INIT;
	struct strbuf sb = STRBUF_INIT;
	struct digest d;
	size_t i;

	wildcard_list(pattern, &names);
	cbor_put_array(&sb, names.count);
	for (i = 0; i < names.count; i++)
		cbor_put_str(&sb, names.v[i]);
	d = digest_of(sb.buf, sb.len);
	strbuf_release(&sb);
	strvec_release(&names);
	return d;
}

static struct digest
digest_variable(const char *name)
{
	const char *value = getenv(name);
	struct strbuf sb = STRBUF_INIT;
	struct digest d;

	if (value)
		cbor_put_str(&sb, value);
	else
		cbor_put_bool(&sb, false);
	d = digest_of(sb.buf, sb.len);
	strbuf_release(&sb);
	return d;
}

static struct digest
digest_file(const char *path)
{
	struct strbuf sb = STRBUF_INIT;
	struct digest d = { { 0 } };

	if (file_read(path, &sb, NULL) == 0)
		d = digest_of(sb.buf, sb.len);
	strbuf_release(&sb);
	return d;
}

/* Append how the directory of PATTERN is now, if that says what it holds. */
static void
add_stamp(struct strbuf *sb, const char *pattern)
{
	char *dir = wildcard_dir(pattern);
	struct stat st;
	int64_t now = clock_real_ns(&clock_system);

	if (dir && !stat(dir, &st) &&
	    now > timespec_ns(st.st_ctim) + SETTLED_NS &&
	    now > timespec_ns(st.st_mtim) + SETTLED_NS) {
		cbor_put_uint(sb, st.st_dev);
		cbor_put_uint(sb, st.st_ino);
		cbor_put_int(sb, timespec_ns(st.st_mtim));
		cbor_put_int(sb, timespec_ns(st.st_ctim));
	}
	free(dir);
}

/* Whether the directory of PATTERN is as STAMP says. */
static bool
has_stamp(const struct strbuf *stamp, const char *pattern)
{
	struct strbuf now = STRBUF_INIT;
	bool same;

	add_stamp(&now, pattern);
	same = now.len && now.len == stamp->len &&
	       !memcmp(now.buf, stamp->buf, now.len);
	strbuf_release(&now);
	return same;
}

struct digest
observation_id(const struct observation *o)
{
	struct strbuf sb = STRBUF_INIT;
	struct digest d;

	cbor_put_str(&sb, o->kind);
	cbor_put_bytes(&sb, o->query.buf, o->query.len);
	cbor_put_bytes(&sb, o->digest.bytes, DIGEST_BYTES);
	d = digest_of(sb.buf, sb.len);
	strbuf_release(&sb);
	return d;
}

bool
observation_is_true(const struct observation *o)
{
	char *query = observation_text(o);
	struct digest now = { { 0 } };

	if (!query)
		return false;
	if (!strcmp(o->kind, "wildcard"))
		now = has_stamp(&o->stamp, query) ? o->digest :
			digest_wildcard(query);
	else if (!strcmp(o->kind, "getenv"))
		now = digest_variable(query);
	else if (strcmp(o->kind, "command-output") &&
		 strcmp(o->kind, "module"))
		now = digest_file(query);
	free(query);
	return !digest_is_zero(&now) && digest_equal(&now, &o->digest);
}

void
observation_add_stamp(struct observation *o)
{
	struct digest now;
	char *pattern;

	if (strcmp(o->kind, "wildcard"))
		return;
	pattern = observation_text(o);
	if (!pattern || has_stamp(&o->stamp, pattern)) {
		free(pattern);
		return;
	}
	strbuf_reset(&o->stamp);
	add_stamp(&o->stamp, pattern);
	if (o->stamp.len) {
		now = digest_wildcard(pattern);
		if (!digest_equal(&now, &o->digest))
			strbuf_reset(&o->stamp);
	}
	free(pattern);
}

/* ---- encoded ---- */

static void
get_bytes(struct cbor *c, struct strbuf *sb)
{
	size_t len;
	const char *data = cbor_get_bytes(c, &len);

	strbuf_add(sb, data, len);
}

static void
get_digest(struct cbor *c, struct digest *d)
{
	size_t len;
	const char *bytes = cbor_get_bytes(c, &len);

	if (len == DIGEST_BYTES)
		memcpy(d->bytes, bytes, len);
	else
		c->failed = true;
}

/* O, which was read from C, unless that has failed. */
static struct observation *
checked(struct observation *o, const struct cbor *c)
{
	if (!c->failed && o->kind)
		return o;
	observation_free(o);
	return NULL;
}

struct observation *
observation_of_manifest(struct cbor *c)
{
	struct observation *o = new_observation();
	const char *query, *answer;
	size_t query_len, answer_len;

	if (cbor_get_array(c) != 4)
		c->failed = true;
	o->kind = cbor_get_str(c);
	query = cbor_span(c, &query_len);
	answer = cbor_span(c, &answer_len);
	strbuf_add(&o->query, query, query_len);
	if (cbor_get_null(c))
		o->digest = digest_of(answer, answer_len);
	else
		get_digest(c, &o->digest);
	return checked(o, c);
}

void
observation_put(struct strbuf *sb, const struct observation *o)
{
	cbor_put_array(sb, 4);
	cbor_put_str(sb, o->kind);
	cbor_put_bytes(sb, o->query.buf, o->query.len);
	cbor_put_bytes(sb, o->digest.bytes, DIGEST_BYTES);
	cbor_put_bytes(sb, o->stamp.buf, o->stamp.len);
}

struct observation *
observation_get(struct cbor *c)
{
	struct observation *o = new_observation();

	if (cbor_get_array(c) != 4)
		c->failed = true;
	o->kind = cbor_get_str(c);
	get_bytes(c, &o->query);
	get_digest(c, &o->digest);
	get_bytes(c, &o->stamp);
	return checked(o, c);
}
