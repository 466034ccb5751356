/*
 * Memos.  The file, in the cache under a name made of what it is for, holds
 * CBOR: [observation...] and frames of loading, [question, frames,
 * [observation...], how often the file was written since the question was
 * asked]..., and the digest of all that in its last bytes.
 *
 * What was looked at for an answer is looked at again when the memo is opened,
 * and whenever it is asked for: a task may have changed it meanwhile.  So many
 * answers that each looked at something else cost one look each; what many
 * looked at is, when the memo is opened, looked at once.
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
#include "flow/seen.h"
#include "model/wire.h"
#include "sys/file.h"
#include "sys/frame.h"
#include "sys/spawn.h"
#include "sys/wildcard.h"

enum {
	MAX_BYTES = 1 << 28, /* of a memo that is kept */
	MAX_UNASKED = 16,    /* of an answer that is kept */
};

#define MEMO_FORMAT "flowmake memo 4"

struct answer {
	struct strbuf frames;       /* new ones; */
	const char *data;           /* those of the file are in its text */
	size_t len;
	struct seen seen;
	uint64_t unasked;           /* writings of the file since it was asked
				     * for */
	struct answer *replaced;    /* the one before, which may still be told,
				     * or NULL */
};

struct memo {
	char *path;
	struct strbuf flow_text;
	struct strbuf text;         /* the file */
	struct strbuf load;         /* frames, new or of the file */
	struct seen load_seen;
	bool is_loaded;             /* load is complete */
	struct map answers;         /* by digest: struct answer */
	struct looks looks;         /* for all these */
	bool has_changed;
	bool is_useless;            /* it is not to be kept */
};

/* ---- the file ---- */

static void
answer_free(struct answer *a)
{
	struct answer *next;

	for (; a; a = next) {
		next = a->replaced;
		strbuf_release(&a->frames);
		seen_release(&a->seen);
		free(a);
	}
}

/* Read one answer; one that is not true any more, or that nobody has asked for
 * in many runs, is left out. */
static void
get_answer(struct memo *m, struct cbor *c)
{
	struct answer *a = xcalloc(1, sizeof(*a));
	const char *q;
	bool is_true;
	size_t len;

	strbuf_init(&a->frames);
	if (cbor_get_array(c) != 4)
		c->failed = true;
	q = cbor_get_bytes(c, &len);
	a->data = cbor_get_bytes(c, &a->len);
	is_true = seen_get(&a->seen, &m->looks, c);
	a->unasked = cbor_get_uint(c) + 1;
	if (!is_true || a->unasked > MAX_UNASKED) {
		m->has_changed = true;
		answer_free(a);
	} else if (map_get(&m->answers, q, len)) {
		c->failed = true;
		answer_free(a);
	} else {
		map_set(&m->answers, q, len, a);
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
	if (!seen_get(&m->load_seen, &m->looks, &c))
		return false;
	load = cbor_get_bytes(&c, &len);
	strbuf_add(&m->load, load, len);
	while (cbor_peek(&c) != CBOR_END && !c.failed)
		get_answer(m, &c);
	return !c.failed;
}

static const char *
answer_frames(const struct answer *a, size_t *len)
{
	*len = a->data ? a->len : a->frames.len;
	return a->data ? a->data : a->frames.buf;
}

static void
write_memo(struct memo *m)
{
	struct strbuf sb = STRBUF_INIT;
	struct digest d;

	seen_put(&m->load_seen, &sb);
	cbor_put_bytes(&sb, m->load.buf, m->load.len);
	map_each(&m->answers, e) {
		const struct answer *a = e->value;
		const char *frames;
		size_t len;

		frames = answer_frames(a, &len);
		cbor_put_array(&sb, 4);
		cbor_put_bytes(&sb, e->key, e->len);
		cbor_put_bytes(&sb, frames, len);
		seen_put(&a->seen, &sb);
		cbor_put_uint(&sb, a->unasked);
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

/* Forget all that M says. */
static void
empty(struct memo *m)
{
	map_each(&m->answers, e)
		answer_free(e->value);
	map_release(&m->answers);
	map_init(&m->answers);
	seen_release(&m->load_seen);
	looks_release(&m->looks);
	looks_init(&m->looks);
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
	looks_init(&m->looks);
	m->is_loaded = read_memo(m);
	if (!m->is_loaded)
		empty(m);
	return m;
}

void
memo_close(struct memo *m)
{
	if (!m)
		return;
	if (m->has_changed && m->is_loaded && !m->is_useless) {
		looks_add_stamps(&m->looks);
		write_memo(m);
	}
	empty(m);
	map_release(&m->answers);
	looks_release(&m->looks);
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

void
memo_add_manifest(struct memo *m, const char *manifest, size_t len)
{
	m->is_useless |= !seen_add(&m->load_seen, &m->looks, manifest, len);
	m->has_changed = true;
}

const char *
memo_find(struct memo *m, const struct digest *q, size_t *len)
{
	struct answer *a = map_get(&m->answers, (const char *)q->bytes,
				   DIGEST_BYTES);

	if (!a || !seen_is_true(&a->seen))
		return NULL;
	a->unasked = 0;
	return answer_frames(a, len);
}

/* Whether A and B say the same for the same reasons. */
static bool
answer_equal(const struct answer *a, const struct answer *b)
{
	size_t a_len, b_len;
	const char *a_frames = answer_frames(a, &a_len);
	const char *b_frames = answer_frames(b, &b_len);

	return a_len == b_len && !memcmp(a_frames, b_frames, a_len) &&
	       seen_equal(&a->seen, &b->seen);
}

void
memo_add(struct memo *m, const struct digest *q, const char *frames,
	 size_t len, const char *seen, size_t seen_len)
{
	const char *key = (const char *)q->bytes;
	struct answer *a = xcalloc(1, sizeof(*a));
	struct answer *known = map_get(&m->answers, key, DIGEST_BYTES);

	strbuf_init(&a->frames);
	strbuf_add(&a->frames, frames, len);
	if (!seen_add(&a->seen, &m->looks, seen, seen_len) ||
	    (known && answer_equal(known, a))) {
		answer_free(a);
		if (known)
			known->unasked = 0;
		return;
	}
	a->replaced = known;
	map_set(&m->answers, key, DIGEST_BYTES, a);
	m->has_changed = true;
}

bool
memo_identity(const struct memo *m, struct digest *id)
{
	struct strbuf sb = STRBUF_INIT;
	struct digest d;

	if (!m->is_loaded || m->is_useless)
		return false;
	seen_add_ids(&m->load_seen, &sb);
	map_each(&m->answers, e) {
		const struct answer *a = e->value;

		seen_add_ids(&a->seen, &sb);
	}
	seen_sort_ids(&sb);
	strbuf_adds(&sb, m->path);
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
