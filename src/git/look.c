/*
 * Looking at the code of runs.
 */
#include "base/base.h"

#include "git/look.h"

#include <git2.h>
#include <git2/sys/repository.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/strbuf.h"
#include "base/strvec.h"
#include "git/repo.h"

/* What git_diff_print hands to on_line. */
struct printing {
	int (*fn)(void *data, char origin, const char *line, size_t len);
	void *data;
	struct strbuf line;
};

static int
on_line(const git_diff_delta *delta, const git_diff_hunk *hunk,
	const git_diff_line *line, void *data)
{
	struct printing *p = data;
	char origin = line->origin;

	(void)delta;
	(void)hunk;
	strbuf_reset(&p->line);
	switch (origin) {
	case GIT_DIFF_LINE_CONTEXT:
	case GIT_DIFF_LINE_ADDITION:
	case GIT_DIFF_LINE_DELETION:
		strbuf_addch(&p->line, origin);
		break;
	case GIT_DIFF_LINE_CONTEXT_EOFNL:
	case GIT_DIFF_LINE_ADD_EOFNL:
	case GIT_DIFF_LINE_DEL_EOFNL:
		origin = GIT_DIFF_LINE_CONTEXT;
		break;
	}
	strbuf_add(&p->line, line->content, line->content_len);
	return p->fn(p->data, origin, p->line.buf, p->line.len);
}

static int
print_diff(git_diff *diff, struct printing *p)
{
	return git_diff_find_similar(diff, NULL) ||
	       git_diff_print(diff, GIT_DIFF_FORMAT_PATCH, on_line, p);
}

static int
print_names(git_diff *diff, struct printing *p)
{
	size_t i, count = git_diff_num_deltas(diff);
	int rc = 0;

	for (i = 0; !rc && i < count; i++) {
		const git_diff_delta *d = git_diff_get_delta(diff, i);

		rc = p->fn(p->data, git_diff_status_char(d->status),
			   d->new_file.path, strlen(d->new_file.path));
	}
	return rc;
}

/* Compare PATHS of the code of runs FROM and TO and PRINT what differs. */
static int
compare(const char *repository, uint32_t from, uint32_t to,
	const struct strvec *paths,
	int (*print)(git_diff *diff, struct printing *p), struct printing *p,
	struct error *err)
{
	git_tree *from_tree = NULL, *to_tree = NULL;
	git_diff_options options;
	struct repo r = REPO_INIT;
	git_diff *diff = NULL;
	int ret = -1;

	git_diff_options_init(&options, GIT_DIFF_OPTIONS_VERSION);
	options.flags = GIT_DIFF_DISABLE_PATHSPEC_MATCH;
	options.pathspec.strings = paths->v;
	options.pathspec.count = paths->count;
	if (repo_open(&r, repository, err) ||
	    repo_get_tree(&r, from, &from_tree, err) ||
	    repo_get_tree(&r, to, &to_tree, err))
		goto out;
	if (git_diff_tree_to_tree(&diff, r.git, from_tree, to_tree,
				  &options) || print(diff, p))
		repo_error(err, "cannot compare the code");
	else
		ret = 0;
out:
	git_diff_free(diff);
	git_tree_free(from_tree);
	git_tree_free(to_tree);
	repo_close(&r);
	strbuf_release(&p->line);
	return ret;
}

int
look_diff(const char *repository, uint32_t from, uint32_t to,
	  const struct strvec *paths,
	  int (*fn)(void *data, char origin, const char *line, size_t len),
	  void *data, struct error *err)
{
	struct printing p = { fn, data, STRBUF_INIT };

	return compare(repository, from, to, paths, print_diff, &p, err);
}

int
look_names(const char *repository, uint32_t from, uint32_t to,
	   const struct strvec *paths,
	   int (*fn)(void *data, char letter, const char *path, size_t len),
	   void *data, struct error *err)
{
	struct printing p = { fn, data, STRBUF_INIT };

	return compare(repository, from, to, paths, print_names, &p, err);
}

int
look_checkout(const char *repository, uint32_t run, const char *directory,
	      struct error *err)
{
	char *target = realpath(directory, NULL);
	git_checkout_options options;
	struct repo r = REPO_INIT;
	git_index *none = NULL;
	git_tree *tree = NULL;
	int ret = -1;

	git_checkout_options_init(&options, GIT_CHECKOUT_OPTIONS_VERSION);
	options.checkout_strategy = GIT_CHECKOUT_FORCE |
				    GIT_CHECKOUT_DONT_UPDATE_INDEX |
				    GIT_CHECKOUT_NO_REFRESH;
	options.disable_filters = true;
	options.target_directory = target; /* must be absolute */
	if (!target) {
		error_sys(err, "cannot write to %s", directory);
		goto out;
	}
	if (repo_open(&r, repository, err) ||
	    repo_get_tree(&r, run, &tree, err))
		goto out;
	/* The index that is there is not of what is in DIRECTORY. */
	if (git_index_new(&none) || git_repository_set_index(r.git, none) ||
	    git_checkout_tree(r.git, (const git_object *)tree, &options))
		repo_error(err, "cannot write the code of run %u", run);
	else
		ret = 0;
out:
	free(target);
	git_index_free(none);
	git_tree_free(tree);
	repo_close(&r);
	return ret;
}
