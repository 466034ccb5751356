/*
 * The history of files: commits are walked from the newest on, and each is
 * asked whether a file is another one in it than in all its parents, as git
 * log does.  Where none has changed a file, those are asked that are not there
 * any more.
 */
#include "base/base.h"

#include "git/history.h"

#include <git2.h>
#include <stdlib.h>

#include "base/cbor.h"
#include "base/error.h"
#include "base/strbuf.h"
#include "base/strvec.h"
#include "git/project.h"
#include "git/repo.h"

enum {
	MAX_COMMITS = 10000, /* so many are looked at, */
	MAX_FOUND = 1000,    /* so many are told */
	MAX_PARENTS = 16,
};

struct history {
	struct project project;
	const struct strvec *paths;
	git_oid *known;       /* by path: what it was in the run; zero: that is
			       * not known */
	git_oid *new;         /* what it is in the newer commit; zero: it is
			       * not there */
	bool *is_known;       /* what the walk leads to has been met */
	bool *is_told;        /* a commit has changed it */
	bool goes_back;       /* the walk is one of commits that are not there
			       * any more */
	struct strbuf list;   /* CBOR of what was found */
	size_t count;
};

/* The content of PATH in TREE: all zero when it is not there. */
static git_oid
get_content(const git_tree *tree, const char *path)
{
	git_tree_entry *entry = NULL;
	git_oid id = { { 0 } };

	if (tree && !git_tree_entry_bypath(&entry, tree, path))
		id = *git_tree_entry_id(entry);
	git_tree_entry_free(entry);
	return id;
}

/* Whether the content ID of PATH is another one than in all of the COUNT
 * PARENTS. */
static bool
is_changed(const git_oid *id, git_tree *const *parents, unsigned count,
	   const char *path)
{
	unsigned i;

	for (i = 0; i < count; i++) {
		git_oid old = get_content(parents[i], path);

		if (git_oid_equal(id, &old))
			return false;
	}
	return count || !git_oid_is_zero(id);
}

/* Take down what the paths were in the code of RUN, which R has, if any. */
static void
read_known(struct history *h, struct repo *r, uint32_t run)
{
	git_tree *tree = NULL;
	size_t i;

	h->known = xcalloc(h->paths->count + 1, sizeof(*h->known));
	h->new = xcalloc(h->paths->count + 1, sizeof(*h->new));
	h->is_known = xcalloc(h->paths->count + 1, sizeof(*h->is_known));
	h->is_told = xcalloc(h->paths->count + 1, sizeof(*h->is_told));
	if (!run || repo_get_tree(r, run, &tree, NULL))
		return;
	for (i = 0; i < h->paths->count; i++)
		h->known[i] = get_content(tree, h->paths->v[i]);
	git_tree_free(tree);
}

/* Path number I was changed by C. */
static void
add_commit(struct history *h, size_t i, git_commit *c)
{
	const git_signature *author = git_commit_author(c);
	const char *summary = git_commit_summary(c);

	h->count++;
	h->is_told[i] = true;
	cbor_put_array(&h->list, 6);
	cbor_put_uint(&h->list, i);
	cbor_put_str(&h->list, git_oid_tostr_s(git_commit_id(c)));
	cbor_put_int(&h->list, author ? author->when.time : 0);
	cbor_put_str(&h->list, author ? author->name : "");
	cbor_put_str(&h->list, summary ? summary : "");
	cbor_put_bool(&h->list, h->goes_back);
}

/* Whether C, of TREE and PARENTS, changed path number I since the run: who
 * committed what that had already did not, nor did anybody before. */
static bool
is_news(struct history *h, size_t i, const git_tree *tree,
	git_tree *const *parents, unsigned count)
{
	const char *path = project_path(&h->project, h->paths->v[i]);
	git_oid id = get_content(tree, path);

	if (h->is_known[i] || !is_changed(&id, parents, count, path))
		return false;
	h->is_known[i] = !git_oid_is_zero(&h->known[i]) &&
			 git_oid_equal(&id, &h->known[i]);
	return !h->is_known[i];
}

/* Whether C had changed path number I to what it is not any more. */
static bool
was_news(struct history *h, size_t i, const git_tree *tree,
	 git_tree *const *parents, unsigned count)
{
	const char *path = project_path(&h->project, h->paths->v[i]);
	git_oid id = get_content(tree, path);

	h->is_known[i] |= git_oid_equal(&id, &h->new[i]);
	return !h->is_known[i] && is_changed(&id, parents, count, path);
}

/* Look at commit ID. */
static int
look_at(struct history *h, const git_oid *id)
{
	git_tree *tree = NULL, *parents[MAX_PARENTS] = { NULL };
	git_commit *c = NULL, *parent;
	unsigned i, count = 0;
	size_t k;
	int rc = git_commit_lookup(&c, h->project.git, id) ||
		 git_commit_tree(&tree, c);

	if (!rc)
		count = MIN(git_commit_parentcount(c), MAX_PARENTS);
	for (i = 0; !rc && i < count; i++) {
		rc = git_commit_parent(&parent, c, i);
		if (rc)
			break;
		rc = git_commit_tree(&parents[i], parent);
		git_commit_free(parent);
	}
	for (k = 0; !rc && k < h->paths->count; k++)
		if ((h->goes_back ? was_news : is_news)(h, k, tree, parents,
							count))
			add_commit(h, k, c);
	for (i = 0; i < count; i++)
		git_tree_free(parents[i]);
	git_tree_free(tree);
	git_commit_free(c);
	return rc;
}

/* Walk from NEW back to OLD.  Returns what libgit2 does. */
static int
walk(struct history *h, const git_oid *old, const git_oid *new)
{
	git_oid id;
	git_revwalk *walk = NULL;
	unsigned n;
	int rc;

	rc = git_revwalk_new(&walk, h->project.git) ||
	     git_revwalk_sorting(walk, GIT_SORT_TOPOLOGICAL | GIT_SORT_TIME) ||
	     git_revwalk_push(walk, new) || git_revwalk_hide(walk, old);
	for (n = 0; !rc && h->count < MAX_FOUND && n < MAX_COMMITS; n++) {
		rc = git_revwalk_next(&id, walk);
		if (rc == GIT_ITEROVER) {
			rc = 0;
			break;
		}
		rc = rc || look_at(h, &id);
	}
	git_revwalk_free(walk);
	return rc;
}

/* Prepare to walk back, for paths that no commit has changed and that are not
 * what they were.  Returns 1, 0 when there is none, -1. */
static int
turn_back(struct history *h, const git_oid *new)
{
	git_commit *c = NULL;
	git_tree *tree = NULL;
	int rc = git_commit_lookup(&c, h->project.git, new) ||
		 git_commit_tree(&tree, c);
	bool is_any = false;
	size_t i;

	h->goes_back = true;
	for (i = 0; !rc && i < h->paths->count; i++) {
		h->new[i] = get_content(tree, project_path(&h->project,
							   h->paths->v[i]));
		h->is_known[i] = h->is_told[i] ||
			git_oid_equal(&h->new[i], &h->known[i]);
		is_any |= !h->is_known[i];
	}
	git_tree_free(tree);
	git_commit_free(c);
	return rc ? -1 : is_any;
}

/* Find the commits between FROM and TO. */
static int
find(struct history *h, const char *from, const char *to, struct error *err)
{
	git_oid old, new;
	int rc;

	if (git_oid_fromstr(&old, from) || git_oid_fromstr(&new, to))
		return project_error(err, "no names of commits");
	rc = walk(h, &old, &new) ? -1 : turn_back(h, &new);
	if (rc > 0)
		rc = walk(h, &new, &old);
	return rc ? project_error(err, "cannot read git's history") : 0;
}

int
history_find(const char *repository, uint32_t run, const char *from,
	     const char *to, const struct strvec *paths,
	     struct strbuf *answer, struct error *err)
{
	struct history h = { .paths = paths };
	struct repo ours = REPO_INIT;
	char *unread = NULL;
	int ret = -1;

	strbuf_init(&h.list);
	if (repo_open(&ours, repository, err))
		return -1;
	read_known(&h, &ours, run);
	if (project_open(&h.project, ours.git, &unread, err))
		goto out;
	if (!h.project.git)
		error_set(err, "%s", unread ? unread :
			  "the project is not in git any more");
	else if (!find(&h, from, to, err))
		ret = 0;
	cbor_put_array(answer, h.count);
	strbuf_add(answer, h.list.buf, h.list.len);
out:
	project_close(&h.project);
	repo_close(&ours);
	strbuf_release(&h.list);
	free(h.known);
	free(h.new);
	free(h.is_known);
	free(h.is_told);
	free(unread);
	return ret;
}
