/*
 * Slots.  The modification time of an empty TMPDIR is set to 1970, so that
 * one look at it says whether a task used it.
 */
#include "base/base.h"

#include "exec/slot.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/path.h"
#include "base/strbuf.h"
#include "base/strvec.h"
#include "exec/spec.h"
#include "exec/task-json.h"
#include "store/store.h"
#include "sys/file.h"
#include "sys/lock.h"
#include "sys/marked.h"

#define TMP_DIR STORE_DIR "/tmp"

enum { MAX_NAME_IN_PATH = 100 };

/* ---- TMPDIR ---- */

/* The relative path of TMPDIR, in S's scratch. */
static const char *
tmp_dir(struct slot *s)
{
	strbuf_reset(&s->text);
	strbuf_addf(&s->text, "%s/tmp", s->dir);
	return s->text.buf;
}

/* Make TMPDIR say that nobody has used it yet. */
static int
mark_tmp(struct slot *s, struct error *err)
{
	const struct timespec times[2] = { { 0, 0 }, { 0, 0 } };
	const char *dir = tmp_dir(s);
	struct stat st;

	if (utimensat(AT_FDCWD, dir, times, 0) < 0 || stat(dir, &st) < 0)
		return error_sys(err, "cannot prepare '%s'", dir);
	s->tmp_inode = st.st_ino;
	return 0;
}

static int
make_tmp(struct slot *s, struct error *err)
{
	if (mkdir(tmp_dir(s), 0777) < 0 && errno != EEXIST)
		return error_sys(err, "cannot make '%s'", s->text.buf);
	return mark_tmp(s, err);
}

/* Empty TMPDIR if a task used it.  Returns -1 when it is not as it was. */
static int
empty_tmp(struct slot *s)
{
	struct stat st;
	struct strvec names = STRVEC_INIT;
	char *path;
	int rc = 0;

	if (lstat(tmp_dir(s), &st) < 0 || !S_ISDIR(st.st_mode) ||
	    st.st_ino != s->tmp_inode)
		return -1;
	if (!st.st_mtim.tv_sec)
		return 0;
	if (file_list(s->text.buf, &names, NULL) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++) {
		path = path_join(tmp_dir(s), names.v[i]);
		rc |= file_remove_tree(path, NULL);
		free(path);
	}
	strvec_release(&names);
	return rc ? -1 : mark_tmp(s, NULL);
}

/* Give the next task an empty TMPDIR, whatever was done to this one. */
static void
reset_tmp(struct slot *s)
{
	char *old;

	if (!empty_tmp(s))
		return;
	if (file_remove_tree(tmp_dir(s), NULL) < 0) {
		old = xasprintf("%s/tmp-%" PRIu64, s->dir, s->serial);
		if (rename(tmp_dir(s), old) < 0)
			unlink(s->text.buf);
		free(old);
	}
	make_tmp(s, NULL);
}

/* ---- task.json ---- */

/* Open task.json anew when it is not there, or not any more. */
static int
open_json(struct slot *s, struct error *err)
{
	struct stat st;

	if (s->json_fd >= 0 && !fstat(s->json_fd, &st) && st.st_nlink)
		return 0;
	if (s->json_fd >= 0)
		close(s->json_fd);
	s->json_len = 0;
	s->json_fd = open(s->json_path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC,
			  0666);
	if (s->json_fd < 0)
		return error_sys(err, "cannot make '%s'", s->json_path);
	return 0;
}

static int
write_json(struct slot *s, const struct task_spec *spec, struct error *err)
{
	const char *data;
	size_t done = 0;
	ssize_t n;

	if (open_json(s, err) < 0)
		return -1;
	strbuf_reset(&s->text);
	task_json_add(&s->text, spec, s->results.v);
	data = s->text.buf;
	while (done < s->text.len) {
		n = pwrite(s->json_fd, data + done, s->text.len - done,
			   (off_t)done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_sys(err, "cannot write '%s'",
					 s->json_path);
		done += (size_t)n;
	}
	if (done < s->json_len && ftruncate(s->json_fd, (off_t)done) < 0)
		return error_sys(err, "cannot write '%s'", s->json_path);
	s->json_len = done;
	return 0;
}

/* ---- a slot ---- */

int
slot_open(struct slot *s, uint32_t run, unsigned number, const char *project,
	  struct error *err)
{
	memset(s, 0, sizeof(*s));
	s->json_fd = -1;
	strbuf_init(&s->text);
	s->dir = xasprintf(TMP_DIR "/%" PRIu32 "-%u", run, number);
	s->tmp_path = xasprintf("%s/%s/tmp", project, s->dir);
	s->json_path = xasprintf("%s/%s/task.json", project, s->dir);
	s->text_path = xasprintf("%s/text", s->dir);
	if (file_make_dirs(s->dir, err) < 0 || make_tmp(s, err) < 0 ||
	    open_json(s, err) < 0) {
		slot_close(s);
		return -1;
	}
	return 0;
}

void
slot_close(struct slot *s)
{
	if (s->json_fd >= 0)
		close(s->json_fd);
	file_remove_tree(s->dir, NULL);
	free(s->dir);
	free(s->tmp_path);
	free(s->json_path);
	free(s->text_path);
	strvec_release(&s->results);
	strvec_release(&s->lists);
	strbuf_release(&s->text);
}

/* Whether NAME can stand in a path that must be plain in any quotes. */
static bool
is_plain(const char *name)
{
	size_t len = strlen(name);

	if (len > MAX_NAME_IN_PATH)
		return false;
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)name[i]) &&
		    !strchr("+-._", name[i]))
			return false;
	return true;
}

/* Choose the path of result number I. */
static int
add_result(struct slot *s, const struct task_spec *spec, size_t i,
	   struct error *err)
{
	const struct spec_result *r = &spec->results[i];

	strbuf_reset(&s->text);
	strbuf_addf(&s->text, "%s/%" PRIu64 ".", s->dir, s->serial);
	if (is_plain(r->name))
		strbuf_adds(&s->text, r->name);
	else
		strbuf_addf(&s->text, "%zu", i);
	if (r->format == SPEC_RESULT_NAMED) {
		if (mkdir(s->text.buf, 0777) < 0 && errno != EEXIST)
			return error_sys(err, "cannot make '%s'", s->text.buf);
		strbuf_addch(&s->text, '/');
		strbuf_adds(&s->text, r->file_name);
	}
	strvec_push_len(&s->results, s->text.buf, s->text.len);
	return 0;
}

/* Write list file number I. */
static int
add_list(struct slot *s, const struct spec_list *list, size_t i,
	 struct error *err)
{
	struct strbuf sb = STRBUF_INIT;
	char *path;
	int rc;

	path = xasprintf("%s/%" PRIu64 "-list.%zu", s->dir, s->serial, i);
	for (size_t j = 0; j < list->count; j++) {
		strbuf_add(&sb, list->items[j], list->lens[j]);
		strbuf_addch(&sb, '\n');
	}
	rc = file_replace(path, sb.buf, sb.len, false, err);
	strbuf_release(&sb);
	strvec_push_take(&s->lists, path);
	return rc;
}

int
slot_begin(struct slot *s, const struct task_spec *spec, struct error *err)
{
	s->serial++;
	strvec_clear(&s->results);
	strvec_clear(&s->lists);
	for (size_t i = 0; i < spec->result_count; i++)
		if (add_result(s, spec, i, err) < 0)
			return -1;
	for (size_t i = 0; i < spec->list_count; i++)
		if (add_list(s, &spec->lists[i], i, err) < 0)
			return -1;
	return write_json(s, spec, err);
}

int
slot_put_text(struct slot *s, const char *text, size_t len, struct error *err)
{
	return file_replace(s->text_path, text, len, false, err);
}

/* Remove a result that is still there, and the directory made for it. */
static void
remove_result(struct slot *s, const char *path)
{
	size_t own = strlen(s->dir) + 1;
	const char *inside = strchr(path + own, '/');
	char *dir;

	if (inside) {
		dir = xstrndup(path, (size_t)(inside - path));
		file_remove_tree(dir, NULL);
		free(dir);
	} else if (unlink(path) < 0 && errno != ENOENT) {
		file_remove_tree(path, NULL);
	}
}

void
slot_end(struct slot *s)
{
	for (size_t i = 0; i < s->results.count; i++)
		remove_result(s, s->results.v[i]);
	for (size_t i = 0; i < s->lists.count; i++)
		unlink(s->lists.v[i]);
	reset_tmp(s);
}

char *
slot_script(uint32_t run, const char *text, size_t len, struct error *err)
{
	struct digest d = digest_of(text, len);
	struct strbuf path = STRBUF_INIT;
	int rc = 0;

	strbuf_addf(&path, TMP_DIR "/%" PRIu32, run);
	if (mkdir(path.buf, 0777) < 0 && errno != EEXIST)
		rc = error_sys(err, "cannot make '%s'", path.buf);
	strbuf_addch(&path, '/');
	digest_add_hex(&path, &d);
	if (!rc && access(path.buf, F_OK) < 0)
		rc = file_replace(path.buf, text, len, false, err);
	if (!rc)
		return strbuf_detach(&path, NULL);
	strbuf_release(&path);
	return NULL;
}

/* ---- the temporary files of runs ---- */

/* The run that a name in TMP_DIR, of a directory or a lock, begins with; 0:
 * none. */
static uint32_t
run_of_name(const char *name)
{
	char *end;
	unsigned long run = strtoul(name, &end, 10);

	if (!isdigit((unsigned char)*name) || run > UINT32_MAX)
		return 0;
	if (*end == '-' && isdigit((unsigned char)end[1]))
		strtoul(end + 1, &end, 10);
	else if (!strcmp(end, ".lock"))
		end += strlen(end);
	return *end ? 0 : (uint32_t)run;
}

static char *
lock_path(uint32_t run)
{
	return xasprintf(TMP_DIR "/%" PRIu32 ".lock", run);
}

/* Remove NAME, a directory of RUN or its lock, unless that run is still going
 * on.  Returns whether it is. */
static bool
remove_stale(const char *name, uint32_t run)
{
	struct lock lock = LOCK_INIT;
	char *path = lock_path(run), *owner = NULL;
	int got = lock_take(path, "clean-up", &lock, &owner, NULL);

	if (got > 0) {
		if (strcmp(path_base(path), name)) {
			free(path);
			path = path_join(TMP_DIR, name);
			file_remove_tree(path, NULL);
		}
		lock_drop(&lock);
	}
	free(owner);
	free(path);
	return got <= 0;
}

/* Whether no run but RUN goes on. */
static bool
is_alone(uint32_t run)
{
	struct strvec names = STRVEC_INIT;
	bool alone = !file_list(TMP_DIR, &names, NULL);

	for (size_t i = 0; alone && i < names.count; i++) {
		uint32_t other = run_of_name(names.v[i]);

		alone = !other || other == run ||
			!remove_stale(names.v[i], other);
	}
	strvec_release(&names);
	return alone;
}

/* Remove what runs that are no more have left.  Objects on their way have
 * names that say nothing of a run; what made one that is found here holds its
 * lock afterwards, or is gone. */
static void
clean_up(uint32_t run)
{
	struct strvec names = STRVEC_INIT;
	bool known = false, alone = false;

	file_list(TMP_DIR, &names, NULL);
	for (size_t i = 0; i < names.count; i++) {
		uint32_t other = run_of_name(names.v[i]);
		char *path;

		if (other && other != run)
			remove_stale(names.v[i], other);
		if (!file_is_temporary(names.v[i]))
			continue;
		if (!known)
			alone = is_alone(run);
		known = true;
		if (!alone)
			continue;
		path = path_join(TMP_DIR, names.v[i]);
		file_remove_tree(path, NULL);
		free(path);
	}
	strvec_release(&names);
}

/* Whether NAME, in TMP_DIR, is of a run that goes on no more. */
static bool
is_left(const char *name)
{
	uint32_t run = run_of_name(name);

	return run && !slot_run_goes_on(run);
}

/* Whether VALUE, of FLOWMAKE_TASK, begins with DATA and such a name. */
static bool
is_orphans(void *data, const char *value)
{
	size_t len = strlen(data);
	char *name;
	bool left;

	if (strncmp(value, data, len))
		return false;
	name = xstrndup(value + len, strcspn(value + len, "/"));
	left = is_left(name);
	free(name);
	return left;
}

bool
slot_is_any_left(void)
{
	struct strvec names = STRVEC_INIT;
	bool is_any = false;
	size_t i;

	file_list(TMP_DIR, &names, NULL);
	for (i = 0; i < names.count && !is_any; i++)
		is_any = is_left(names.v[i]);
	strvec_release(&names);
	return is_any;
}

unsigned
slot_kill_orphans(void)
{
	char *project = slot_is_any_left() ? getcwd(NULL, 0) : NULL, *prefix;
	unsigned count;

	if (!project)
		return 0;
	prefix = xasprintf("%s/" TMP_DIR "/", project);
	count = marked_kill("FLOWMAKE_TASK", is_orphans, prefix);
	free(prefix);
	free(project);
	return count;
}

struct lock *
slot_lock_run(uint32_t run, struct error *err)
{
	struct lock *lock = xmalloc(sizeof(*lock));
	char *path = lock_path(run), *what;
	int got;

	*lock = (struct lock)LOCK_INIT;
	what = xasprintf("run %" PRIu32, run);
	got = file_make_dirs(TMP_DIR, err);
	/* the number is ours alone: nobody holds its lock but another run that
	 * has just begun, and looks whether it is stale */
	if (!got)
		got = lock_wait(path, what, lock, err);
	if (got > 0)
		clean_up(run);
	free(what);
	free(path);
	if (got > 0)
		return lock;
	free(lock);
	return NULL;
}

void
slot_unlock_run(struct lock *lock, uint32_t run)
{
	char *dir = xasprintf(TMP_DIR "/%" PRIu32, run);

	file_remove_tree(dir, NULL);
	free(dir);
	lock_drop(lock);
	free(lock);
}

bool
slot_run_goes_on(uint32_t run)
{
	char *path = lock_path(run);
	bool held = lock_is_held(path);

	free(path);
	return held;
}
