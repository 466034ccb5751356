/*
 * Our repository of the code of runs.
 *
 * It is made under another name and renamed, so that what is there is whole.
 * Objects, packs, refs and the index appear by a rename, too: what a killed
 * writer leaves is temporary files, and libgit2's locks, which are files that
 * are there.
 */
#include "base/base.h"

#include "git/repo.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/path.h"
#include "base/strbuf.h"
#include "base/strvec.h"
#include "sys/file.h"

/* Of their refs. */
#define RUNS_DIR "refs/flowmake/runs"

/* Set ERR to WHAT and what libgit2 said last. */
static void
set_error(struct error *err, const char *format, va_list ap)
{
	const git_error *e = git_error_last();
	struct strbuf what = STRBUF_INIT;

	strbuf_vaddf(&what, format, ap);
	error_set(err, "%s: %s", what.buf,
		  e && e->message ? e->message : "libgit2 does not say why");
	strbuf_release(&what);
}

int
project_error(struct error *err, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	set_error(err, format, ap);
	va_end(ap);
	return -1;
}

int
repo_error(struct error *err, const char *format, ...)
{
	const git_error *e = git_error_last();
	bool is_damaged = e && (e->klass == GIT_ERROR_ZLIB ||
				e->klass == GIT_ERROR_ODB ||
				e->klass == GIT_ERROR_OBJECT ||
				e->klass == GIT_ERROR_TREE ||
				e->klass == GIT_ERROR_INDEX);
	struct error why = ERROR_INIT;
	va_list ap;

	va_start(ap, format);
	set_error(&why, format, ap);
	va_end(ap);
	error_set(err, "%s%s", why.text, is_damaged ? "; "
		  ".flowmake/code.git seems to be damaged: move it away, and "
		  "the next run begins it anew" : "");
	error_release(&why);
	return -1;
}

int
repo_open(struct repo *r, const char *path, struct error *err)
{
	if (git_repository_open_bare(&r->git, path))
		return repo_error(err, "cannot open %s", path);
	return 0;
}

/* Make the repository PATH. */
static int
make(const char *path, struct error *err)
{
	git_repository_init_options options;
	char *new_path = xasprintf("%s.new", path);
	git_repository *git = NULL;
	int ret = -1;

	git_repository_init_options_init(&options,
					 GIT_REPOSITORY_INIT_OPTIONS_VERSION);
	options.flags = GIT_REPOSITORY_INIT_BARE |
			GIT_REPOSITORY_INIT_NO_DOTGIT_DIR |
			GIT_REPOSITORY_INIT_MKDIR;
	if (file_remove_tree(new_path, err))
		goto out;
	if (git_repository_init_ext(&git, new_path, &options)) {
		repo_error(err, "cannot make %s", path);
		goto out;
	}
	if (rename(new_path, path) < 0)
		error_sys(err, "cannot make %s", path);
	else
		ret = 0;
out:
	git_repository_free(git);
	free(new_path);
	return ret;
}

/* Whether NAME is a temporary file or a lock: of libgit2, or of
 * file_replace(). */
static bool
is_temporary(const char *name)
{
	size_t len = strlen(name);

	return !strncmp(name, "tmp_object_", 11) ||
	       file_is_temporary(name) ||
	       (len > 5 && !strcmp(name + len - 5, ".lock"));
}

/* Remove what is temporary in DIR, if that is there. */
static int
tidy_dir(const char *dir, struct error *err)
{
	struct strvec names = STRVEC_INIT;
	size_t i;
	char *name;
	int ret = access(dir, F_OK) ? 0 : file_list(dir, &names, err);

	for (i = 0; !ret && i < names.count; i++) {
		if (!is_temporary(names.v[i]))
			continue;
		name = path_join(dir, names.v[i]);
		ret = file_remove_tree(name, err);
		free(name);
	}
	strvec_release(&names);
	return ret;
}

/* Remove what a writer that was killed left in PATH. */
static int
tidy(const char *path, struct error *err)
{
	static const char *const dirs[] = {
		"", "objects", "objects/pack", RUNS_DIR
	};
	char *dir;
	size_t i;
	int ret = 0;

	for (i = 0; !ret && i < ARRAY_SIZE(dirs); i++) {
		dir = path_join(path, dirs[i]);
		ret = tidy_dir(dir, err);
		free(dir);
	}
	return ret;
}

int
repo_open_to_write(struct repo *r, const char *path, const char *what,
		   struct error *err)
{
	char *lock = xasprintf("%s.lock", path);
	/* Who ends well removes the file. */
	bool untidy = !access(lock, F_OK);
	int ret = lock_wait(lock, what, &r->lock, err) < 0 ? -1 : 0;

	if (!ret && untidy)
		ret = tidy(path, err);
	if (!ret && access(path, F_OK))
		ret = make(path, err);
	if (!ret && !r->git)
		ret = repo_open(r, path, err);
	free(lock);
	return ret;
}

void
repo_close(struct repo *r)
{
	git_repository_free(r->git);
	r->git = NULL;
	lock_drop(&r->lock);
}

/* ---- the trees of runs ---- */

enum { REF_BYTES = 64 };

static void
name_ref(char *name, uint32_t run)
{
	snprintf(name, REF_BYTES, RUNS_DIR "/%u", run);
}

int
repo_get_tree(struct repo *r, uint32_t run, git_tree **tree, struct error *err)
{
	char name[REF_BYTES];
	git_oid id;

	name_ref(name, run);
	if (git_reference_name_to_id(&id, r->git, name) ||
	    git_tree_lookup(tree, r->git, &id))
		return repo_error(err, "cannot find the code of run %u", run);
	return 0;
}

int
repo_set_tree(struct repo *r, uint32_t run, const git_oid *tree,
	      struct error *err)
{
	git_reference *ref = NULL;
	char name[REF_BYTES];

	name_ref(name, run);
	if (git_reference_create(&ref, r->git, name, tree, true, NULL))
		return repo_error(err, "cannot name the code of run %u", run);
	git_reference_free(ref);
	return 0;
}

/* The run of the ref NAME; 0: none. */
static uint32_t
run_of_ref(const char *name)
{
	unsigned run;
	char rest;

	return sscanf(name, RUNS_DIR "/%u%c", &run, &rest) == 1 ? run
									 : 0;
}

/* List the refs of runs. */
static int
list_refs(struct repo *r, struct strvec *names, struct error *err)
{
	git_reference_iterator *i = NULL;
	const char *name;
	int rc = git_reference_iterator_glob_new(&i, r->git,
						 RUNS_DIR "/*");

	while (!rc && !(rc = git_reference_next_name(&name, i)))
		strvec_push(names, name);
	git_reference_iterator_free(i);
	return rc == GIT_ITEROVER ? 0
	       : repo_error(err, "cannot list the code of runs");
}

int
repo_forget_trees(struct repo *r, uint32_t newest,
		  bool (*wanted)(void *data, uint32_t run), void *data,
		  struct error *err)
{
	struct strvec names = STRVEC_INIT;
	int ret = list_refs(r, &names, err);
	size_t i;

	for (i = 0; !ret && i < names.count; i++) {
		uint32_t run = run_of_ref(names.v[i]);

		if (run && run <= newest && !wanted(data, run) &&
		    git_reference_remove(r->git, names.v[i]))
			ret = repo_error(err, "cannot forget the code of run "
					 "%u", run);
	}
	strvec_release(&names);
	return ret;
}

int
repo_each_tree(struct repo *r,
	       int (*fn)(void *data, uint32_t run, const git_oid *tree),
	       void *data, struct error *err)
{
	struct strvec names = STRVEC_INIT;
	int ret = list_refs(r, &names, err);
	git_oid id;
	size_t i;

	for (i = 0; !ret && i < names.count; i++) {
		ret = git_reference_name_to_id(&id, r->git, names.v[i]);
		ret = ret ? repo_error(err, "cannot read %s", names.v[i])
			  : fn(data, run_of_ref(names.v[i]), &id);
	}
	strvec_release(&names);
	return ret;
}
