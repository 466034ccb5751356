/*
 * What has to be done before a task, and after one that failed.
 */
#include "base/base.h"

#include "exec/agent.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/path.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "exec/spec.h"
#include "store/files.h"
#include "store/objects.h"
#include "store/store.h"
#include "sys/file.h"

/* Whether something else stands in the place of the directory DIR, or of one
 * around it; then DIR is cut down to that. */
static bool
is_in_the_way(char *dir)
{
	struct stat st;
	size_t len;

	while (lstat(dir, &st) < 0) {
		len = path_dir_len(dir);
		if (!len)
			return false;
		dir[len] = '\0';
	}
	return stat(dir, &st) < 0 || !S_ISDIR(st.st_mode);
}

/* Make the directory that PATH is in; most often it is there. */
static int
make_parent(const char *path, struct error *err)
{
	size_t len = path_dir_len(path);
	struct stat st;
	char *dir;
	int rc = 0;

	if (!len)
		return 0;
	dir = xstrndup(path, len);
	if (stat(dir, &st) < 0 || !S_ISDIR(st.st_mode)) {
		rc = file_make_dirs(dir, err);
		if (rc && is_in_the_way(dir))
			error_set(err, "cannot make '%s': '%s' is no "
				  "directory; remove it, or move it away",
				  path, dir);
	}
	free(dir);
	return rc;
}

/* A free path for what is to be kept of PATH. */
static char *
replaced_path(uint32_t run, const char *path)
{
	struct stat st;
	char *kept;

	/* One outside the project has no place of its own there. */
	if (*path == '/' || !strncmp(path, "../", 3))
		path = path_base(path);
	kept = xasprintf(STORE_DIR "/replaced/%" PRIu32 "/%s", run, path);
	for (unsigned i = 2; !lstat(kept, &st); i++) {
		free(kept);
		kept = xasprintf(STORE_DIR "/replaced/%" PRIu32 "/%s~%u", run,
				 path, i);
	}
	return kept;
}

/* Keep what stands at PATH, which we did not make as it is. */
static int
keep_replaced(uint32_t run, const char *path, bool changed,
	      struct strbuf *notes, struct error *err)
{
	char *kept = replaced_path(run, path);
	int rc = make_parent(kept, err);

	if (!rc)
		rc = file_move(path, kept, err);
	if (!rc) {
		strbuf_adds(notes, "moved '");
		text_add_escaped(notes, path, strlen(path));
		strbuf_addf(notes, "', which %s, to %s\n",
			    changed ? "was changed since flowmake made it"
				    : "no finished task made", kept);
	}
	free(kept);
	return rc;
}

/* Take away what stands at PATH. */
static int
take_away(struct files *files, uint32_t run, const char *path,
	     struct strbuf *notes, struct error *err)
{
	struct file_state state;

	switch (files_check_output(files, path, &state, err)) {
	case 0:
		return 0;
	case 1:
		/* What is behind a symlink may be anybody's. */
		if (state.is_symlink) {
			if (file_remove_tree(path, err) < 0)
				return -1;
			break;
		}
		/* The record that names it may be forgotten meanwhile. */
		if (files_begin(files, err) ||
		    object_take(path, &state.digest, NULL, files, err) < 0)
			return -1;
		break;
	case 2:
		if (keep_replaced(run, path, state.changed, notes, err) < 0)
			return -1;
		break;
	default:
		return -1;
	}
	files_forget(files, path);
	return 0;
}

int
agent_clear_output(struct files *files, uint32_t run, const char *path,
		   struct strbuf *notes, struct error *err)
{
	if (take_away(files, run, path, notes, err) < 0)
		return -1;
	return make_parent(path, err);
}

int
agent_prepare(struct files *files, const struct task_spec *spec,
	      struct strbuf *notes, struct error *err)
{
	for (size_t i = 0; i < spec->output_count; i++)
		if (agent_clear_output(files, spec->run, spec->outputs[i].path,
				       notes, err) < 0)
			return -1;
	return 0;
}

void
agent_discard(struct files *files, const struct task_spec *spec)
{
	for (size_t i = 0; i < spec->output_count; i++) {
		file_remove_tree(spec->outputs[i].path, NULL);
		files_forget(files, spec->outputs[i].path);
	}
}
