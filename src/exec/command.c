/*
 * The command of an attempt.
 */
#include "base/base.h"

#include "exec/command.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/error.h"
#include "exec/slot.h"
#include "exec/spec.h"

/* A single argument may have 131,072 bytes (execve(2), MAX_ARG_STRLEN). */
enum { MAX_TEXT_IN_ARGV = 100000 };

void
command_init(struct command *c)
{
	memset(c, 0, sizeof(*c));
	strbuf_init(&c->text);
	strbuf_init(&c->path);
}

void
command_release(struct command *c)
{
	strvec_release(&c->argv);
	shell_redirections_clear(&c->files);
	strbuf_release(&c->text);
	strbuf_release(&c->path);
}

/* ---- filling in ---- */

/* A stand-in of a shell text whose path has to be quoted where it stands. */
struct hole {
	size_t at;        /* in the text without stand-ins */
	const char *path;
};

/* Take the stand-ins out of TEXT into HOLES (the caller frees). */
static size_t
take_holes(const char *text, size_t len, const struct slot *slot,
	   struct strbuf *out, struct hole **holes)
{
	const char *end = text + len, *mark, *path, *rest;
	size_t count = 0, alloc = 0;

	while ((mark = memmem(text, (size_t)(end - text), SPEC_MARK,
			      SPEC_MARK_LEN))) {
		path = spec_stand_in(mark, end, slot->results.v,
				     slot->lists.v, &rest);
		if (!path)
			rest = mark + SPEC_MARK_LEN;
		strbuf_add(out, text, (size_t)((path ? mark : rest) - text));
		text = rest;
		if (!path)
			continue;
		ARRAY_GROW(*holes, count, alloc);
		(*holes)[count++] = (struct hole){ out->len, path };
	}
	strbuf_add(out, text, (size_t)(end - text));
	return count;
}

/* Fill the shell text of SPEC with paths that may need quoting: a result's
 * file name is the user's. */
static int
fill_quoted(struct command *c, const struct task_spec *spec,
	    const struct slot *slot, struct error *err)
{
	struct strbuf bare = STRBUF_INIT;
	struct hole *holes = NULL;
	size_t count, bad = 0, from = 0, path_len, *at;
	enum wire_quote *quotes;
	const char *why;
	int rc = 0;

	count = take_holes(spec->text, spec->text_len, slot, &bare, &holes);
	at = xcalloc(count + 1, sizeof(*at));
	quotes = xcalloc(count + 1, sizeof(*quotes));
	for (size_t i = 0; i < count; i++)
		at[i] = holes[i].at;
	if (shell_text_scan(bare.buf, bare.len, at, count, quotes, &bad,
			    &why) < 0)
		rc = error_set(err, "'%s' cannot stand %s", holes[bad].path,
			       why);
	for (size_t i = 0; !rc && i < count; i++) {
		strbuf_add(&c->text, bare.buf + from, at[i] - from);
		from = at[i];
		path_len = strlen(holes[i].path);
		rc = shell_quote_words(&c->text, quotes[i], &holes[i].path,
				       &path_len, 1, err);
	}
	strbuf_add(&c->text, bare.buf + from, bare.len - from);
	strbuf_release(&bare);
	free(holes);
	free(quotes);
	free(at);
	return rc;
}

/* Fill the shell text. */
static int
fill_text(struct command *c, const struct task_spec *spec,
	  const struct slot *slot, struct error *err)
{
	bool named = false;

	strbuf_reset(&c->text);
	for (size_t i = 0; i < spec->result_count; i++)
		named |= spec->results[i].format == SPEC_RESULT_NAMED;
	if (named && fill_quoted(c, spec, slot, err) < 0)
		return -1;
	if (!named)
		spec_fill(&c->text, spec->text, spec->text_len,
			  slot->results.v, slot->lists.v);
	if (memchr(c->text.buf, '\0', c->text.len))
		return error_set(err, "the shell text holds a NUL byte");
	return 0;
}

/* Fill the program and its arguments. */
static void
fill_argv(struct command *c, char *const *argv, const struct slot *slot)
{
	struct strbuf sb = STRBUF_INIT;

	strvec_clear(&c->argv);
	for (; *argv; argv++) {
		if (!strstr(*argv, SPEC_MARK)) {
			strvec_push(&c->argv, *argv);
			continue;
		}
		strbuf_reset(&sb);
		spec_fill(&sb, *argv, strlen(*argv), slot->results.v,
			  slot->lists.v);
		strvec_push_len(&c->argv, sb.buf, sb.len);
	}
	strbuf_release(&sb);
	c->program = c->argv.v[0];
}

/* ---- the kinds ---- */

/* A shell with the text as its last argument, or, when that is too long for
 * one, with a command that reads it from a file, where "return" and "$0" mean
 * the same. */
static int
use_shell(struct command *c, const struct task_spec *spec, struct slot *slot,
	  struct error *err)
{
	char *command;

	c->replaces = SHELL_NONE;
	fill_argv(c, spec->argv ? spec->argv : (char **)spec_default_shell,
		  slot);
	if (c->text.len <= MAX_TEXT_IN_ARGV) {
		strvec_push_len(&c->argv, c->text.buf, c->text.len);
		return 0;
	}
	if (slot_put_text(slot, c->text.buf, c->text.len, err) < 0)
		return -1;
	command = xasprintf(". ./%s", slot->text_path);
	strvec_push_take(&c->argv, command);
	return 0;
}

/* Execute the one program of a text in the shell's place, where that is the
 * same. */
static bool
replace_shell(struct command *c, const struct task_spec *spec,
	      struct environment *env)
{
	enum shell_kind kind;

	strvec_clear(&c->argv);
	shell_redirections_clear(&c->files);
	strbuf_reset(&c->path);
	if (c->text.len > MAX_TEXT_IN_ARGV ||
	    !shell_text_is_exec(c->text.buf, c->text.len, &c->argv, &c->files))
		return false;
	kind = environment_shell(env, spec);
	if (!kind || !environment_find(env, spec, c->argv.v[0], &c->path))
		return false;
	c->program = c->path.buf;
	c->replaces = kind;
	return true;
}

int
command_build(struct command *c, const struct task_spec *spec,
	      struct slot *slot, struct environment *env,
	      struct error *err)
{
	char *script;

	c->replaces = SHELL_NONE;
	if (spec->kind == SPEC_SHELL) {
		if (fill_text(c, spec, slot, err) < 0)
			return -1;
		return replace_shell(c, spec, env)
			       ? 0 : use_shell(c, spec, slot, err);
	}
	fill_argv(c, spec->argv, slot);
	if (spec->kind != SPEC_SCRIPT)
		return 0;
	script = slot_script(spec->run, spec->text, spec->text_len, err);
	if (!script)
		return -1;
	strvec_push_take(&c->argv, script);
	return 0;
}

int
command_fall_back(struct command *c, const struct task_spec *spec,
		  struct slot *slot, struct error *err)
{
	return use_shell(c, spec, slot, err);
}

/* ---- redirections ---- */

static bool
is_null(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == makedev(1, 3);
}

/* Open the file of R, never waiting for anybody at its other end: that would
 * stop all tasks.  So may emptying a large file; and one that says it is empty
 * may be in /proc, where it depends on who opens it. */
static int
open_file(const struct shell_redirection *r)
{
	static const int flags_of[] = {
		[SHELL_READ] = O_RDONLY,
		[SHELL_WRITE] = O_WRONLY | O_CREAT | O_TRUNC,
		[SHELL_APPEND] = O_WRONLY | O_CREAT | O_APPEND,
	};
	int flags = flags_of[r->kind], fd;
	struct stat st;

	if (!stat(r->path, &st) && !is_null(&st) &&
	    (!S_ISREG(st.st_mode) || !st.st_size || flags & O_TRUNC))
		return -1;
	fd = open(r->path, flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0666);
	if (fd < 0)
		return -1;
	if (fstat(fd, &st) < 0 || (!S_ISREG(st.st_mode) && !is_null(&st)) ||
	    fcntl(fd, F_SETFL, flags & O_APPEND) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

int
command_redirect(const struct command *c, int fds[3], int *opened,
		 size_t *count)
{
	for (size_t i = 0; i < c->files.count; i++) {
		const struct shell_redirection *r = &c->files.v[i];

		if (r->kind == SHELL_JOIN) {
			fds[r->fd] = fds[STDOUT_FILENO];
			continue;
		}
		fds[r->fd] = open_file(r);
		if (fds[r->fd] < 0)
			return -1;
		opened[(*count)++] = fds[r->fd];
	}
	return 0;
}
