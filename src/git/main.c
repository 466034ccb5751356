/*
 * flowmake-git: keeps the code of runs, for the engine, which starts it with a
 * socket on descriptor 3 and goes on meanwhile: to start libgit2 takes longer
 * than to take most snapshots.  Says what model/code-wire.h says.
 */
#include "base/base.h"

#include <errno.h>
#include <fcntl.h>
#include <git2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cbor.h"
#include "base/error.h"
#include "base/strbuf.h"
#include "base/strvec.h"
#include "git/asker.h"
#include "git/forget.h"
#include "git/history.h"
#include "git/look.h"
#include "git/repo.h"
#include "git/snapshot.h"
#include "model/code-wire.h"
#include "sys/frame.h"

enum {
	ENGINE_FD = 3,
	LINES_BYTES = 1 << 16, /* of one message */
};

static int
send_frame(unsigned type, const struct strbuf *sb, struct error *err)
{
	return frame_write(ENGINE_FD, type, sb->buf, sb->len, NULL, 0, err);
}

/* ---- requests ---- */

/* What the engine asked for; what it did not say is NULL or 0. */
struct request {
	char *repository;
	char *store;
	char *directory;
	char *from_commit, *to_commit;
	uint32_t run, from, to;
	uint32_t newest;
	uint32_t *keep;
	size_t keep_count;
	bool dry_run;
	int64_t since_ns;
	struct strvec paths;
};

static void
request_release(struct request *q)
{
	free(q->repository);
	free(q->store);
	free(q->directory);
	free(q->from_commit);
	free(q->to_commit);
	free(q->keep);
	strvec_release(&q->paths);
	memset(q, 0, sizeof(*q));
}

static void
read_paths(struct cbor *c, struct strvec *paths)
{
	const char *path;
	size_t n, len;

	for (n = cbor_get_array(c); n && !c->failed; n--) {
		path = cbor_get_text(c, &len);
		strvec_push_len(paths, path, len);
	}
}

static void
read_numbers(struct cbor *c, uint32_t **numbers, size_t *count)
{
	size_t n, alloc = 0;

	for (n = cbor_get_array(c); n && !c->failed; n--) {
		ARRAY_GROW(*numbers, *count, alloc);
		(*numbers)[(*count)++] = (uint32_t)cbor_get_uint(c);
	}
}

static int
read_request(struct request *q, const struct strbuf *payload,
	     struct error *err)
{
	const char *key;
	size_t n, len;
	struct cbor c;

	memset(q, 0, sizeof(*q));
	cbor_init(&c, payload->buf, payload->len);
	for (n = cbor_get_map(&c); n && !c.failed; n--) {
		key = cbor_get_text(&c, &len);
		if (cbor_key_is(key, len, "repository"))
			q->repository = cbor_get_str(&c);
		else if (cbor_key_is(key, len, "store"))
			q->store = cbor_get_str(&c);
		else if (cbor_key_is(key, len, "directory"))
			q->directory = cbor_get_str(&c);
		else if (cbor_key_is(key, len, "from-commit"))
			q->from_commit = cbor_get_str(&c);
		else if (cbor_key_is(key, len, "to-commit"))
			q->to_commit = cbor_get_str(&c);
		else if (cbor_key_is(key, len, "run"))
			q->run = (uint32_t)cbor_get_uint(&c);
		else if (cbor_key_is(key, len, "from"))
			q->from = (uint32_t)cbor_get_uint(&c);
		else if (cbor_key_is(key, len, "to"))
			q->to = (uint32_t)cbor_get_uint(&c);
		else if (cbor_key_is(key, len, "newest"))
			q->newest = (uint32_t)cbor_get_uint(&c);
		else if (cbor_key_is(key, len, "keep"))
			read_numbers(&c, &q->keep, &q->keep_count);
		else if (cbor_key_is(key, len, "dry-run"))
			q->dry_run = cbor_get_bool(&c);
		else if (cbor_key_is(key, len, "since"))
			q->since_ns = cbor_get_int(&c);
		else if (cbor_key_is(key, len, "paths"))
			read_paths(&c, &q->paths);
		else
			cbor_skip(&c);
	}
	return cbor_finish(&c, "a request", err);
}

/* ---- snapshots ---- */

/* Read the answer to CODE_ASK about COUNT paths. */
static int
read_made(const struct strbuf *payload, size_t count, bool *made,
	  struct error *err)
{
	struct cbor c;
	uint64_t i;
	size_t n;

	memset(made, 0, count * sizeof(*made));
	cbor_init(&c, payload->buf, payload->len);
	for (n = cbor_get_array(&c); n && !c.failed; n--) {
		i = cbor_get_uint(&c);
		if (i >= count)
			c.failed = true;
		else
			made[i] = true;
	}
	return cbor_finish(&c, "an answer", err);
}

static int
ask(void *data, const char *const *paths, size_t count, bool *made,
    struct error *err)
{
	struct strbuf sb = STRBUF_INIT;
	unsigned type = 0;
	size_t i;
	int ret = -1;

	(void)data;
	cbor_put_array(&sb, count);
	for (i = 0; i < count; i++)
		cbor_put_str(&sb, paths[i]);
	if (send_frame(CODE_ASK, &sb, err))
		goto out;
	if (frame_read(ENGINE_FD, &type, &sb, NULL, 0, NULL, err) <= 0)
		exit(1); /* nobody wants to know any more */
	if (type == CODE_MADE)
		ret = read_made(&sb, count, made, err);
	else
		error_set(err, "the engine answered with message %u", type);
out:
	strbuf_release(&sb);
	return ret;
}

/* Get ready for the snapshot that will be asked for. */
static struct snapshot *
prepare(const struct request *q)
{
	struct snapshot *s = snapshot_new(q->repository, q->store);

	snapshot_prepare(s, &q->paths);
	return s;
}

static int
serve_snapshot(struct snapshot *s, const struct request *q,
	       struct strbuf *answer, struct error *err)
{
	const struct asker asker = { ask, NULL };

	return s ? snapshot_take(s, q->run, q->since_ns, &q->paths, &asker,
				 answer, err)
		 : error_set(err, "no snapshot was prepared");
}

/* ---- differences ---- */

/* Lines on their way. */
struct lines {
	struct strbuf list; /* CBOR of each */
	size_t count;
	struct error *err;
};

static int
send_lines(struct lines *l)
{
	struct strbuf sb = STRBUF_INIT;
	int rc;

	cbor_put_array(&sb, l->count);
	strbuf_add(&sb, l->list.buf, l->list.len);
	rc = send_frame(CODE_LINES, &sb, l->err);
	strbuf_reset(&l->list);
	l->count = 0;
	strbuf_release(&sb);
	return rc;
}

static int
on_line(void *data, char origin, const char *line, size_t len)
{
	struct lines *l = data;

	cbor_put_array(&l->list, 2);
	cbor_put_text(&l->list, &origin, 1);
	cbor_put_bytes(&l->list, line, len);
	l->count++;
	return l->list.len < LINES_BYTES ? 0 : send_lines(l);
}

/* Answer CODE_DIFF, or CODE_NAMES. */
static int
serve_diff(const struct request *q, bool names, struct error *err)
{
	struct lines l = { STRBUF_INIT, 0, err };
	int ret = (names ? look_names : look_diff)(q->repository, q->from,
						   q->to, &q->paths, on_line,
						   &l, err);

	if (!ret && l.count)
		ret = send_lines(&l);
	strbuf_release(&l.list);
	return ret;
}

/* Answer CODE_FORGET. */
static int
serve_forget(const struct request *q, struct strbuf *answer, struct error *err)
{
	uint64_t bytes;
	int ret = forget_runs(q->repository, q->keep, q->keep_count, q->newest,
			      q->dry_run, &bytes, err);

	cbor_put_uint(answer, bytes);
	return ret;
}

/* ---- serving ---- */

/* Do what message TYPE asks for, with S if that was prepared; ANSWER, of
 * *ANSWER_TYPE, is to be sent. */
static int
serve(unsigned type, const struct request *q, struct snapshot *s,
      unsigned *answer_type, struct strbuf *answer, struct error *err)
{
	*answer_type = CODE_DONE;
	switch (type) {
	case CODE_SNAPSHOT:
		*answer_type = CODE_TAKEN;
		return serve_snapshot(s, q, answer, err);
	case CODE_DIFF:
	case CODE_NAMES:
		cbor_put_null(answer);
		return serve_diff(q, type == CODE_NAMES, err);
	case CODE_CHECKOUT:
		cbor_put_null(answer);
		return look_checkout(q->repository, q->run, q->directory, err);
	case CODE_HISTORY:
		*answer_type = CODE_COMMITS;
		return history_find(q->repository, q->from, q->from_commit,
				    q->to_commit, &q->paths, answer, err);
	case CODE_FORGET:
		*answer_type = CODE_FORGOTTEN;
		return serve_forget(q, answer, err);
	default:
		return error_set(err, "flowmake-git does not know message %u",
				 type);
	}
}

/* Wait for a message: its *TYPE, and Q, or WHY that cannot be read.  Returns 1,
 * 0 at the end, or -1. */
static int
read_message(unsigned *type, struct request *q, struct error *why,
	     struct error *err)
{
	struct strbuf payload = STRBUF_INIT;
	int got = frame_read(ENGINE_FD, type, &payload, NULL, 0, NULL, err);

	if (got > 0)
		read_request(q, &payload, why);
	strbuf_release(&payload);
	return got;
}

/* Answer the request.  An engine that has gone wants no answer. */
static int
answer_request(struct error *err)
{
	struct strbuf answer = STRBUF_INIT;
	struct error why = ERROR_INIT;
	struct snapshot *s = NULL;
	struct request q = { .run = 0 };
	unsigned type, answer_type;
	int got = read_message(&type, &q, &why, err);

	if (got > 0 && type == CODE_PREPARE) {
		s = prepare(&q);
		request_release(&q);
		got = read_message(&type, &q, &why, err);
	}
	if (got <= 0)
		goto out;
	if (why.text || serve(type, &q, s, &answer_type, &answer, &why)) {
		answer_type = CODE_ERROR;
		strbuf_reset(&answer);
		cbor_put_str(&answer, why.text);
	}
	/* Who is answered may end, and we with him: nothing is left behind. */
	snapshot_free(s);
	s = NULL;
	send_frame(answer_type, &answer, NULL);
out:
	request_release(&q);
	snapshot_free(s);
	error_release(&why);
	strbuf_release(&answer);
	return got < 0 ? -1 : 0;
}

/* Where libgit2 is built with Mbed TLS it reads all certificates of the machine
 * when it starts, which takes longer than most snapshots.  Nothing here talks
 * to a network: it finds none. */
int mbedtls_x509_crt_parse_file(void *chain, const char *path);

int
mbedtls_x509_crt_parse_file(void *chain, const char *path)
{
	(void)chain;
	(void)path;
	return -1;
}

/* Leave out what the user's own configuration says if it cannot be read: HOME
 * may be somebody else's, as after sudo(8), and git goes on then. */
static void
leave_out_home(void)
{
	static const git_config_level_t levels[] = {
		GIT_CONFIG_LEVEL_GLOBAL, GIT_CONFIG_LEVEL_XDG,
	};
	const char *home = getenv("HOME");
	size_t i;

	if (!home || !access(home, X_OK) || errno != EACCES)
		return;
	for (i = 0; i < ARRAY_SIZE(levels); i++)
		git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, levels[i], "");
}

static int
start_libgit2(struct error *err)
{
	if (git_libgit2_init() < 0)
		return repo_error(err, "cannot start libgit2");
	leave_out_home();
	/* Nothing of a repository is ever executed here, and who runs its
	 * Flowfile trusts it: it may belong to anybody. */
	git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
	/* Trees may be made before the pack is there that has their files. */
	git_libgit2_opts(GIT_OPT_ENABLE_STRICT_OBJECT_CREATION, 0);
	return 0;
}

int
main(void)
{
	struct error err = ERROR_INIT;
	int ret;

	fcntl(ENGINE_FD, F_SETFD, FD_CLOEXEC);
	ret = start_libgit2(&err) || answer_request(&err) ? 2 : 0;
	if (ret)
		fprintf(stderr, "flowmake-git: %s\n", err.text);
	error_release(&err);
	return ret;
}
