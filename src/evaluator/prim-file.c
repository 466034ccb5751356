/*
 * Primitives that look at the world by names that are bytes.
 */
#include "base/base.h"

#include "evaluator/prim.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/path.h"
#include "base/strbuf.h"
#include "base/strvec.h"
#include "evaluator/text.h"
#include "evaluator/value.h"
#include "model/value.h"
#include "sys/file.h"
#include "sys/wildcard.h"

extern char **environ;

static SCM
prim_glob(SCM pattern)
{
	struct strvec names = STRVEC_INIT;
	SCM result = SCM_EOL;
	char *text;
	size_t i;

	SCM_ASSERT(scm_is_string(pattern), pattern, 1, "wildcard");
	text = text_from_scm(pattern, NULL);
	wildcard_list(text, &names);
	free(text);
	for (i = names.count; i-- > 0;)
		result = scm_cons(text_to_scm(names.v[i], strlen(names.v[i])),
				  result);
	strvec_release(&names);
	return result;
}

static SCM
prim_read_file(SCM path)
{
	struct strbuf sb = STRBUF_INIT;
	struct error err = ERROR_INIT;
	char *name;
	int rc;

	SCM_ASSERT(scm_is_string(path), path, 1, "%read-file");
	name = text_from_scm(path, NULL);
	rc = file_read(name, &sb, &err);
	free(name);
	if (rc < 0) {
		strbuf_release(&sb);
		prim_throw(&err);
	}
	return prim_take_text(&sb);
}

/* Read PATH as JSON, appending what it says to VALUE as CBOR. */
static int
read_json(const char *path, struct strbuf *value, struct error *err)
{
	struct strbuf text = STRBUF_INIT;
	int rc = file_read(path, &text, err);

	if (!rc && value_from_json(text.buf, text.len, value, err) < 0)
		rc = error_push(err, "%s is no JSON", path);
	strbuf_release(&text);
	return rc;
}

static SCM
prim_read_json(SCM path)
{
	struct strbuf value = STRBUF_INIT;
	struct error err = ERROR_INIT;
	SCM v = SCM_UNDEFINED;
	char *name;

	SCM_ASSERT(scm_is_string(path), path, 1, "%read-json");
	name = text_from_scm(path, NULL);
	if (!read_json(name, &value, &err))
		v = value_decode(value.buf, value.len, &err);
	free(name);
	strbuf_release(&value);
	if (SCM_UNBNDP(v))
		prim_throw(&err);
	return v;
}

/* The digest of the content of PATH, or #f. */
static SCM
prim_file_digest(SCM path)
{
	struct strbuf sb = STRBUF_INIT;
	struct error err = ERROR_INIT;
	struct digest d;
	char *name;

	SCM_ASSERT(scm_is_string(path), path, 1, "%file-digest");
	name = text_from_scm(path, NULL);
	if (file_read(name, &sb, &err) < 0) {
		error_release(&err);
		strbuf_release(&sb);
		free(name);
		return SCM_BOOL_F;
	}
	free(name);
	d = digest_of(sb.buf, sb.len);
	strbuf_reset(&sb);
	strbuf_add(&sb, d.bytes, sizeof(d.bytes));
	return prim_take_bytes(&sb);
}

static SCM
prim_getenv(SCM name)
{
	char *text;
	const char *value;

	SCM_ASSERT(scm_is_string(name), name, 1, "getenv");
	text = text_from_scm(name, NULL);
	value = getenv(text);
	free(text);
	return value ? text_to_scm(value, strlen(value)) : SCM_BOOL_F;
}

static SCM
prim_setenv(SCM name, SCM value)
{
	char *n, *v;

	SCM_ASSERT(scm_is_string(name), name, 1, "%setenv");
	SCM_ASSERT(scm_is_string(value), value, 2, "%setenv");
	n = text_from_scm(name, NULL);
	v = text_from_scm(value, NULL);
	setenv(n, v, 1);
	free(n);
	free(v);
	return SCM_UNSPECIFIED;
}

/* Start ARGV with its output going to OUT; returns 0 or an errno. */
static int
spawn(char **argv, int out, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t none, all;
	int rc;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, out, 1);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &all);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK |
				 POSIX_SPAWN_SETSIGDEF);
	rc = posix_spawnp(pid, argv[0], &actions, &attr, argv, environ);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&actions);
	return rc;
}

/* Append what can be read from FD until its end. */
static int
read_all(int fd, struct strbuf *sb, struct error *err)
{
	char buf[16384];
	ssize_t n;

	for (;;) {
		n = read(fd, buf, sizeof(buf));
		if (n == 0)
			return 0;
		if (n > 0)
			strbuf_add(sb, buf, (size_t)n);
		else if (errno != EINTR)
			return error_sys(err, "cannot read from a pipe");
	}
}

/* Run ARGV, its output to SB; *STATUS as from waitpid. */
static int
run_command(char **argv, struct strbuf *sb, int *status, struct error *err)
{
	int fds[2] = { -1, -1 };
	pid_t pid = -1;
	int rc = -1;

	if (pipe2(fds, O_CLOEXEC) < 0) {
		error_sys(err, "cannot make a pipe");
		goto out;
	}
	errno = spawn(argv, fds[1], &pid);
	if (errno) {
		error_sys(err, "cannot run %s", argv[0]);
		goto out;
	}
	close(fds[1]);
	fds[1] = -1;
	rc = read_all(fds[0], sb, err);
	while (waitpid(pid, status, 0) < 0 && errno == EINTR)
		;
out:
	if (fds[0] >= 0)
		close(fds[0]);
	if (fds[1] >= 0)
		close(fds[1]);
	return rc;
}

/* (%run-command ARGS) -> (wait-status . output) */
static SCM
prim_run_command(SCM args)
{
	struct strvec argv = STRVEC_INIT;
	struct strbuf sb = STRBUF_INIT;
	struct error err = ERROR_INIT;
	int rc, status = 0;

	SCM_ASSERT(scm_ilength(args) > 0, args, 1, "command-output");
	for (; scm_is_pair(args); args = SCM_CDR(args))
		strvec_push_take(&argv, text_from_scm(SCM_CAR(args), NULL));
	rc = run_command(argv.v, &sb, &status, &err);
	strvec_release(&argv);
	if (rc < 0) {
		strbuf_release(&sb);
		prim_throw(&err);
	}
	return scm_cons(scm_from_int(status), prim_take_text(&sb));
}

/* (%replace-file! PATH BYTES): whether it could be written. */
static SCM
prim_replace_file(SCM path, SCM bytes)
{
	struct error err = ERROR_INIT;
	char *name;
	int rc;

	SCM_ASSERT(scm_is_string(path), path, 1, "%replace-file!");
	SCM_ASSERT(scm_is_bytevector(bytes), bytes, 2, "%replace-file!");
	name = text_from_scm(path, NULL);
	rc = file_replace(name, SCM_BYTEVECTOR_CONTENTS(bytes),
			  SCM_BYTEVECTOR_LENGTH(bytes), false, &err);
	free(name);
	error_release(&err);
	return scm_from_bool(rc == 0);
}

static SCM
prim_create(SCM path)
{
	struct error err = ERROR_INIT;
	char *name;
	int fd;

	SCM_ASSERT(scm_is_string(path), path, 1, "%create");
	name = text_from_scm(path, NULL);
	fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (fd < 0)
		error_sys(&err, "cannot create %s", name);
	free(name);
	if (fd < 0)
		prim_throw(&err);
	return scm_from_int(fd);
}

/* A file without a name, in memory. */
static SCM
prim_memory_file(void)
{
	struct error err = ERROR_INIT;
	int fd = memfd_create("flowmake", MFD_CLOEXEC);

	if (fd < 0) {
		error_sys(&err, "cannot make a file in memory");
		prim_throw(&err);
	}
	return scm_from_int(fd);
}

static SCM
prim_write_bytes(SCM fd, SCM bytes)
{
	struct error err = ERROR_INIT;
	int number = scm_to_int(fd);

	SCM_ASSERT(scm_is_bytevector(bytes), bytes, 2, "%write-bytes");
	if (file_write_all(number, SCM_BYTEVECTOR_CONTENTS(bytes),
			   SCM_BYTEVECTOR_LENGTH(bytes), &err) < 0)
		prim_throw(&err);
	return SCM_UNSPECIFIED;
}

/* (%write-text FD STRING) */
static SCM
prim_write_text(SCM fd, SCM str)
{
	struct error err = ERROR_INIT;
	size_t len;
	char *text;
	int rc;

	SCM_ASSERT(scm_is_string(str), str, 2, "%write-text");
	text = text_from_scm(str, &len);
	rc = file_write_all(scm_to_int(fd), text, len, &err);
	free(text);
	if (rc < 0)
		prim_throw(&err);
	return SCM_UNSPECIFIED;
}

/* Close FD and say so when data were lost. */
static SCM
prim_close(SCM fd)
{
	struct error err = ERROR_INIT;

	if (close(scm_to_int(fd)) < 0) {
		error_sys(&err, "cannot close a file");
		prim_throw(&err);
	}
	return SCM_UNSPECIFIED;
}

void
prim_file_define(void)
{
	scm_c_define_gsubr("%glob", 1, 0, 0, prim_glob);
	scm_c_define_gsubr("%read-file", 1, 0, 0, prim_read_file);
	scm_c_define_gsubr("%read-json", 1, 0, 0, prim_read_json);
	scm_c_define_gsubr("%file-digest", 1, 0, 0, prim_file_digest);
	scm_c_define_gsubr("%getenv", 1, 0, 0, prim_getenv);
	scm_c_define_gsubr("%setenv", 2, 0, 0, prim_setenv);
	scm_c_define_gsubr("%run-command", 1, 0, 0, prim_run_command);
	scm_c_define_gsubr("%replace-file!", 2, 0, 0, prim_replace_file);
	scm_c_define_gsubr("%create", 1, 0, 0, prim_create);
	scm_c_define_gsubr("%memory-file", 0, 0, 0, prim_memory_file);
	scm_c_define_gsubr("%write-bytes", 2, 0, 0, prim_write_bytes);
	scm_c_define_gsubr("%write-text", 2, 0, 0, prim_write_text);
	scm_c_define_gsubr("%close", 1, 0, 0, prim_close);
}
