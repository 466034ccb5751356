/*
 * The project directory as git sees it.
 */
#include "base/base.h"

#include "git/project.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "git/repo.h"
#include "sys/sights.h"

/* Set p->path to that of directory CWD in the work tree.  Returns false when
 * it is not there: core.worktree may name any place. */
static bool
find_path(struct project *p, const char *cwd)
{
	const char *top = git_repository_workdir(p->git);
	size_t len = top ? strlen(top) : 0; /* with its slash */

	strbuf_adds(&p->path, cwd);
	if (p->path.len > 1)
		strbuf_addch(&p->path, '/');
	if (!top || strncmp(p->path.buf, top, len))
		return false;
	memmove(p->path.buf, p->path.buf + len, p->path.len - len + 1);
	strbuf_truncate(&p->path, p->path.len - len);
	p->path_len = p->path.len;
	return true;
}

/* Whether the work tree that was found has nothing to do with the project: it
 * is a directory of builds, or the user's home with its dot files. */
static bool
is_foreign(struct project *p)
{
	int ignored = 0;

	return p->path_len && !project_tracks_below(p, "") &&
	       !git_ignore_path_is_ignored(&ignored, p->git, p->path.buf) &&
	       ignored;
}

/* Give up the user's repository. */
static void
forget(struct project *p)
{
	git_index_free(p->index);
	git_repository_free(p->git);
	p->index = NULL;
	p->git = NULL;
	strbuf_reset(&p->path);
	p->path_len = 0;
}

/* Say why git's record cannot be read, by what libgit2 said last. */
static char *
why_unread(void)
{
	const git_error *last = git_error_last();
	struct error err = ERROR_INIT;

	/* it may be built to read these, one day */
	if (last && strstr(last->message, "objectformat"))
		return xstrdup("git's own record of the project (commit, "
			       "branch, what differs from it): its repository "
			       "has SHA-256 names, which this libgit2 cannot "
			       "read");
	project_error(&err, "git's own record of the project cannot be read");
	return err.text;
}

/* Look at NAME in the directory DIR, which has a slash. */
static void
look_in(struct strbuf *list, const char *dir, const char *name)
{
	char *path = xasprintf("%s%s", dir, name);

	sights_look(list, path);
	free(path);
}

/* Look where there may be a repository one day that has the project, or is one
 * that has not: what git does there shows in the times of its directory. */
static void
look_above(struct strbuf *list)
{
	char *cwd = getcwd(NULL, 0), *git;
	size_t len = cwd ? strlen(cwd) : 0;

	for (;;) {
		git = xasprintf("%.*s/.git", (int)len, cwd ? cwd : "");
		sights_look(list, git);
		free(git);
		if (!len)
			break;
		while (len && cwd[--len] != '/')
			;
	}
	free(cwd);
}

/* Look at what says what is checked out and tracked in GIT. */
static void
look_at(struct strbuf *list, git_repository *git)
{
	const char *common = git_repository_commondir(git), *branch = NULL;
	git_reference *head = NULL;

	look_in(list, git_repository_path(git), "HEAD");
	look_in(list, git_repository_path(git), "index");
	look_in(list, common, "packed-refs");
	if (!git_reference_lookup(&head, git, "HEAD"))
		branch = git_reference_symbolic_target(head);
	if (branch)
		look_in(list, common, branch);
	git_reference_free(head);
}

int
project_open(struct project *p, git_repository *ours, char **why,
	     struct error *err)
{
	char *cwd = getcwd(NULL, 0);
	int rc;

	memset(p, 0, sizeof(*p));
	strbuf_init(&p->path);
	strbuf_init(&p->sights);
	*why = NULL;
	if (!cwd)
		return error_sys(err, "cannot name the current directory");
	rc = git_repository_open_ext(&p->git, ".", 0, NULL);
	if (!rc)
		look_at(&p->sights, p->git);
	if (!rc && find_path(p, cwd)) {
		rc = git_repository_index(&p->index, p->git);
		p->rules = p->git;
	}
	if (rc && rc != GIT_ENOTFOUND)
		*why = why_unread();
	if (rc || !p->rules || is_foreign(p)) {
		forget(p);
		look_above(&p->sights);
		p->rules = ours;
		rc = git_repository_set_workdir(ours, cwd, 0);
		if (rc)
			project_error(err, "cannot look at %s", cwd);
	}
	free(cwd);
	return rc ? -1 : 0;
}

void
project_close(struct project *p)
{
	forget(p);
	strbuf_release(&p->path);
	strbuf_release(&p->sights);
}

const char *
project_path(struct project *p, const char *path)
{
	strbuf_truncate(&p->path, p->path_len);
	strbuf_adds(&p->path, path);
	return p->path.buf;
}

bool
project_tracks(struct project *p, const char *path)
{
	return p->index &&
	       !git_index_find(NULL, p->index, project_path(p, path));
}

bool
project_tracks_below(struct project *p, const char *path)
{
	if (!p->index)
		return false;
	project_path(p, path);
	if (*path)
		strbuf_addch(&p->path, '/');
	return !git_index_find_prefix(NULL, p->index, p->path.buf);
}

bool
project_ignores(struct project *p, const char *path, bool is_dir)
{
	int ignored = 0;

	project_path(p, path);
	if (is_dir)
		strbuf_addch(&p->path, '/');
	/* Rules that cannot be read might say so. */
	return git_ignore_path_is_ignored(&ignored, p->rules, p->path.buf) ||
	       ignored;
}
