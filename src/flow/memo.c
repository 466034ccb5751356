/*
 * Memos.  The file, in the cache under a name made of what it is for, holds
 * CBOR: [observation...], frames of loading, [question, frames]..., and the
 * digest of all that in its last bytes.
 */
#include "base/base.h"

#include "flow/memo.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cbor.h"
#include "base/map.h"
#include "base/strbuf.h"
#include "base/strvec.h"
#include "flow/evaluator.h"
#include "flow/observation.h"
#include "model/wire.h"
#include "sys/file.h"
#include "sys/frame.h"
#include "sys/spawn.h"
#include "sys/wildcard.h"

enum { MAX_BYTES = 1 << 28 }; /* of a memo that is kept */

#define MEMO_FORMAT "flowmake memo 2"

struct answer {
	struct strbuf frames;       /* new ones; */
	const char *data;           /* those of the file are in its text */
	size_t len;
};

struct memo {
	char *path;
	struct strbuf flow_text;
	struct strbuf text;         /* the file */
	struct strbuf load;         /* frames, new or of the file */
	bool is_loaded;             /* load is complete */
	struct map answers;         /* by digest: struct answer */
	struct map observations;    /* by kind and query: struct observation */
	bool has_changed;
	bool is_useless;            /* it can never be true again */
};

/* ---- observations ---- */

/* The key of an observation in its map. */
static void
observation_key(struct strbuf *sb, const struct observation *o)
{
	strbuf_adds(sb, o->kind);
	strbuf_addch(sb, '\0');
	strbuf_add(sb, o->query.buf, o->query.len);
}

/* Enter O, which the memo takes.  Two answers to one question: it was looked
 * at while it changed. */
static void
enter(struct memo *m, struct observation *o)
{
	struct strbuf key = STRBUF_INIT;
	struct observation *old;

	observation_key(&key, o);
	old = map_get(&m->observations, key.buf, key.len);
	if (!old) {
		map_set(&m->observations, key.buf, key.len, o);
	} else {
		m->is_useless |= !digest_equal(&old->digest, &o->digest);
		old->is_late |= o->is_late;
		observation_free(o);
	}
	strbuf_release(&key);
}

void
memo_observe(struct memo *m, const char *manifest, size_t len, bool is_late)
{
	struct cbor c;
	size_t n;

	cbor_init(&c, manifest, len);
	for (n = cbor_get_array(&c); n && !c.failed; n--) {
		struct observation *o = observation_of_manifest(&c);

		o->is_late = is_late;
		enter(m, o);
	}
	m->is_useless |= c.failed;
	m->has_changed = true;
}

/* ---- the file ---- */

/* Read the observations; whether all are true. */
static bool
get_observations(struct memo *m, struct cbor *c)
{
	bool good = true;
	size_t n;

	for (n = cbor_get_array(c); n && !c->failed && good; n--) {
		struct observation *o = observation_get(c);

		good = !c->failed && observation_is_true(o);
		enter(m, o);
	}
	return good;
}

static void
get_answers(struct memo *m, struct cbor *c)
{
	size_t len;

	while (cbor_peek(c) != CBOR_END && !c->failed) {
		struct answer *a = xcalloc(1, sizeof(*a));
		const char *q;

		strbuf_init(&a->frames);
		cbor_get_array(c);
		q = cbor_get_bytes(c, &len);
		a->data = cbor_get_bytes(c, &a->len);
		if (c->failed || map_set(&m->answers, q, len, a)) {
			c->failed = true;
			free(a);
		}
	}
}

/* Whether the text ends with its digest, which is cut off. */
static bool
check_text(struct strbuf *text)
{
	size_t len = text->len - DIGEST_BYTES;
	struct digest d;

	if (text->len < DIGEST_BYTES)
		return false;
	d = digest_of(text->buf, len);
	if (memcmp(d.bytes, text->buf + len, DIGEST_BYTES))
		return false;
	strbuf_truncate(text, len);
	return true;
}

/* Take in the file; whether it is true. */
static bool
read_memo(struct memo *m)
{
	const char *load;
	struct cbor c;
	size_t len;

	if (file_read(m->path, &m->text, NULL) || !check_text(&m->text))
		return false;
	cbor_init(&c, m->text.buf, m->text.len);
	if (!get_observations(m, &c))
		return false;
	load = cbor_get_bytes(&c, &len);
	strbuf_add(&m->load, load, len);
	get_answers(m, &c);
	return !c.failed;
}

static void
write_memo(struct memo *m)
{
	struct strbuf sb = STRBUF_INIT;
	struct digest d;

	cbor_put_array(&sb, m->observations.live);
	map_each(&m->observations, e)
		observation_put(&sb, e->value);
	cbor_put_bytes(&sb, m->load.buf, m->load.len);
	map_each(&m->answers, e) {
		const struct answer *a = e->value;

		cbor_put_array(&sb, 2);
		cbor_put_bytes(&sb, e->key, e->len);
		if (a->data)
			cbor_put_bytes(&sb, a->data, a->len);
		else
			cbor_put_bytes(&sb, a->frames.buf, a->frames.len);
	}
	d = digest_of(sb.buf, sb.len);
	strbuf_add(&sb, d.bytes, DIGEST_BYTES);
	if (sb.len < MAX_BYTES)
		file_replace(m->path, sb.buf, sb.len, false, NULL);
	strbuf_release(&sb);
}

/* ---- what it is for ---- */

/* Append what tells this build of the evaluator from others. */
static void
add_build(struct strbuf *sb)
{
	char *program = spawn_helper_path("flowmake-evaluator");
	const char *modules = getenv("FLOWMAKE_GO_PATH");
	struct strvec names = STRVEC_INIT;
	char *pattern;
	size_t i;

	pattern = xasprintf("%s/flowmake/*.go",
			    modules ? modules : FLOWMAKE_GO_DIR);
	strvec_push(&names, program);
	wildcard_list(pattern, &names);
	for (i = 0; i < names.count; i++) {
		struct stat st;

		if (stat(names.v[i], &st))
			continue;
		cbor_put_int(sb, st.st_size);
		cbor_put_int(sb, st.st_mtim.tv_sec);
		cbor_put_int(sb, st.st_mtim.tv_nsec);
	}
	free(pattern);
	free(program);
	strvec_release(&names);
}

static bool
is_given(char *const *given, const char *name)
{
	for (; given && *given; given += 2)
		if (!strcmp(given[0], name))
			return true;
	return false;
}

/* Append what is given, but for what OVER gives too. */
static void
add_given(struct strbuf *sb, char *const *given, char *const *over)
{
	for (; given && *given; given += 2) {
		if (is_given(over, given[0]))
			continue;
		cbor_put_str(sb, given[0]);
		cbor_put_str(sb, given[1]);
	}
}

/* The path of the memo for HOW and the Flowfile's TEXT. */
static char *
memo_path(const struct evaluator_load *how, const struct strbuf *text)
{
	static const char *const variables[] = {
		"LC_ALL", "LC_CTYPE", "LANG", "GUILE_LOAD_PATH",
		"GUILE_LOAD_COMPILED_PATH",
	};
	struct strbuf sb = STRBUF_INIT, path = STRBUF_INIT;
	struct digest d;
	size_t i;

	cbor_put_str(&sb, MEMO_FORMAT " " PACKAGE_VERSION);
	cbor_put_str(&sb, how->file);
	add_build(&sb);
	add_given(&sb, how->parameters, NULL);
	add_given(&sb, how->inherited, how->parameters);
	cbor_put_null(&sb);
	for (i = 0; i < ARRAY_SIZE(variables); i++)
		cbor_put_str_or_null(&sb, getenv(variables[i]));
	strbuf_add(&sb, text->buf, text->len);
	d = digest_of(sb.buf, sb.len);
	strbuf_release(&sb);
	strbuf_addf(&path, "%s/", how->cache_dir);
	digest_add_hex(&path, &d);
	strbuf_adds(&path, ".memo");
	return strbuf_detach(&path, NULL);
}

/* ---- the whole ---- */

static void
empty(struct memo *m)
{
	map_each(&m->answers, e) {
		struct answer *a = e->value;

		strbuf_release(&a->frames);
		free(a);
	}
	map_release(&m->answers);
	map_init(&m->answers);
	map_each(&m->observations, e)
		observation_free(e->value);
	map_release(&m->observations);
	map_init(&m->observations);
	strbuf_reset(&m->load);
	strbuf_reset(&m->text);
}

struct memo *
memo_open(const struct evaluator_load *how)
{
	struct strbuf text = STRBUF_INIT;
	struct memo *m;

	if (!how->cache_dir || how->replay || how->debug)
		return NULL;
	if (file_read(how->file, &text, NULL)) {
		strbuf_release(&text);
		return NULL;
	}
	m = xcalloc(1, sizeof(*m));
	m->flow_text = text;
	m->path = memo_path(how, &text);
	strbuf_init(&m->text);
	strbuf_init(&m->load);
	map_init(&m->answers);
	map_init(&m->observations);
	m->is_loaded = read_memo(m);
	if (!m->is_loaded) {
		empty(m);
		m->is_useless = false;
	}
	return m;
}

void
memo_close(struct memo *m)
{
	if (!m)
		return;
	if (m->has_changed && m->is_loaded && !m->is_useless) {
		map_each(&m->observations, e)
			m->is_useless |= !observation_add_stamp(e->value);
		if (!m->is_useless)
			write_memo(m);
	}
	empty(m);
	map_release(&m->answers);
	map_release(&m->observations);
	strbuf_release(&m->load);
	strbuf_release(&m->text);
	strbuf_release(&m->flow_text);
	free(m->path);
	free(m);
}

const char *
memo_flow_text(const struct memo *m, size_t *len)
{
	*len = m->flow_text.len;
	return m->flow_text.buf;
}

const char *
memo_load(const struct memo *m, size_t *len)
{
	*len = m->load.len;
	return m->is_loaded ? m->load.buf : NULL;
}

void
memo_add_load(struct memo *m, unsigned type, const char *payload, size_t len)
{
	frame_add(&m->load, type, payload, len);
	m->has_changed = true;
	m->is_loaded |= type == WIRE_LOADED;
}

/* Whether what answers looked at is so still: a task may have changed it since
 * the memo was opened. */
static bool
is_true_now(const struct memo *m)
{
	map_each(&m->observations, e) {
		const struct observation *o = e->value;

		if (o->is_late && !observation_is_true(o))
			return false;
	}
	return true;
}

const char *
memo_find(const struct memo *m, const struct digest *q, size_t *len)
{
	const struct answer *a = map_get(&m->answers, (const char *)q->bytes,
					 DIGEST_BYTES);

	if (!a || !is_true_now(m))
		return NULL;
	*len = a->data ? a->len : a->frames.len;
	return a->data ? a->data : a->frames.buf;
}

void
memo_add(struct memo *m, const struct digest *q, const char *frames,
	 size_t len)
{
	struct answer *a;

	if (map_get(&m->answers, (const char *)q->bytes, DIGEST_BYTES))
		return;
	a = xcalloc(1, sizeof(*a));
	strbuf_init(&a->frames);
	strbuf_add(&a->frames, frames, len);
	map_set(&m->answers, (const char *)q->bytes, DIGEST_BYTES, a);
	m->has_changed = true;
}

bool
memo_identity(const struct memo *m, struct digest *id)
{
	struct strbuf sb = STRBUF_INIT;
	unsigned char sum[DIGEST_BYTES] = { 0 };
	struct digest d;
	size_t i;

	if (!m->is_loaded || m->is_useless)
		return false;
	/* they are found in any order */
	map_each(&m->observations, e) {
		const struct observation *o = e->value;

		strbuf_reset(&sb);
		observation_key(&sb, o);
		strbuf_add(&sb, o->digest.bytes, DIGEST_BYTES);
		d = digest_of(sb.buf, sb.len);
		for (i = 0; i < DIGEST_BYTES; i++)
			sum[i] ^= d.bytes[i];
	}
	strbuf_reset(&sb);
	strbuf_adds(&sb, m->path);
	strbuf_add(&sb, sum, sizeof(sum));
	d = digest_of(m->load.buf, m->load.len);
	strbuf_add(&sb, d.bytes, DIGEST_BYTES);
	*id = digest_of(sb.buf, sb.len);
	strbuf_release(&sb);
	return true;
}

void
memo_forget(struct memo *m)
{
	m->is_useless = true;
}
