/*
 * What is checked out, and what of the project differs from it: the snapshot's
 * tree is compared with the commit's, where equal directories are one look.
 *
 * A snapshot has the bytes that the tasks see, a commit what git's filters
 * made of them (line ends, git-lfs).  So a file whose bytes differ is unchanged
 * all the same if git's index knows it by its times, or git's own filters make
 * what the commit has.
 */
#include "base/base.h"

#include "git/changes.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cbor.h"
#include "base/error.h"
#include "base/strbuf.h"
#include "git/asker.h"
#include "git/project.h"
#include "git/repo.h"
#include "model/code-wire.h"

struct change {
	const char *path; /* the diff's */
	char letter;      /* 0: none after all */
};

/* ---- what is checked out ---- */

/* The branch, which may have no commit yet; NULL: none is checked out. */
static char *
get_branch(struct project *p)
{
	static const char heads[] = "refs/heads/";
	git_reference *head = NULL;
	const char *name = NULL;
	char *branch = NULL;

	if (p->git && !git_reference_lookup(&head, p->git, "HEAD"))
		name = git_reference_symbolic_target(head);
	if (name && !strncmp(name, heads, strlen(heads)))
		branch = xstrdup(name + strlen(heads));
	git_reference_free(head);
	return branch;
}

/* The project's directory in commit ID; NULL: it has none. */
static git_tree *
get_commit_tree(struct project *p, const git_oid *id)
{
	git_commit *commit = NULL;
	git_tree *whole = NULL, *tree = NULL;
	git_tree_entry *entry = NULL;

	if (git_commit_lookup(&commit, p->git, id) ||
	    git_commit_tree(&whole, commit))
		goto out;
	if (!p->path_len) {
		tree = whole;
		whole = NULL;
	} else if (!git_tree_entry_bypath(&entry, whole, project_path(p, "")))
		git_tree_lookup(&tree, p->git, git_tree_entry_id(entry));
out:
	git_tree_entry_free(entry);
	git_tree_free(whole);
	git_commit_free(commit);
	return tree;
}

/* ---- what differs ---- */

/* Whether git's index has the content ID for the file PATH, by its times. */
static bool
is_known(struct project *p, const char *path, const struct stat *st,
	 const git_oid *id)
{
	const git_index_entry *e;

	e = git_index_get_bypath(p->index, project_path(p, path), 0);
	return e && git_oid_equal(&e->id, id) &&
	       e->mtime.seconds == (int32_t)st->st_mtim.tv_sec &&
	       e->mtime.nanoseconds == (uint32_t)st->st_mtim.tv_nsec &&
	       e->file_size == (uint32_t)st->st_size;
}

/* Whether the file PATH becomes ID when git filters it. */
static bool
is_filtered(struct project *p, const char *path, const git_oid *id)
{
	const char *name = project_path(p, path);
	git_oid filtered;

	/* it begins at the top of the repository for both */
	return !git_repository_hashfile(&filtered, p->git, name,
					GIT_OBJECT_BLOB, name) &&
	       git_oid_equal(&filtered, id);
}

/* The letter for D; 0: that is no change. */
static char
judge(struct project *p, const git_diff_delta *d)
{
	const char *path = d->new_file.path;
	struct stat st;

	switch (d->status) {
	case GIT_DELTA_ADDED:
		return project_tracks(p, path) ? 'A' : '?';
	case GIT_DELTA_DELETED:
		/* Submodules, and what is left out, are there. */
		return lstat(path, &st) ? 'D' : 0;
	default:
		if (d->old_file.mode == d->new_file.mode && !lstat(path, &st) &&
		    (is_known(p, path, &st, &d->old_file.id) ||
		     is_filtered(p, path, &d->old_file.id)))
			return 0;
		return 'M';
	}
}

/* Forget those of COUNT changes that are of what tasks make: such a file may
 * be gone because it is just being made anew.  Others are not in the tree. */
static int
forget_made(struct change *list, size_t count, const struct asker *asker,
	    struct error *err)
{
	struct change *asked[CODE_CHUNK];
	const char *paths[CODE_CHUNK];
	bool made[CODE_CHUNK];
	size_t i = 0, k, n;

	while (i < count) {
		for (n = 0; i < count && n < CODE_CHUNK; i++) {
			if (list[i].letter != 'D')
				continue;
			asked[n] = &list[i];
			paths[n++] = list[i].path;
		}
		if (n && asker->ask(asker->data, paths, n, made, err))
			return -1;
		for (k = 0; k < n; k++)
			if (made[k])
				asked[k]->letter = 0;
	}
	return 0;
}

/* Append "changed" and "changed-count". */
static void
put_list(struct strbuf *sb, const struct change *list, size_t count)
{
	size_t i, n = 0, left;

	for (i = 0; i < count; i++)
		n += list[i].letter != 0;
	cbor_put_str(sb, "changed-count");
	cbor_put_uint(sb, n);
	cbor_put_str(sb, "changed");
	left = MIN(n, CODE_CHANGED_MAX);
	cbor_put_array(sb, left);
	for (i = 0; left; i++) {
		if (!list[i].letter)
			continue;
		cbor_put_array(sb, 2);
		cbor_put_text(sb, &list[i].letter, 1);
		cbor_put_str(sb, list[i].path);
		left--;
	}
}

/* Compare COMMIT_TREE, or nothing when it is NULL, with TREE, which are of two
 * repositories: their objects are compared by name and never read. */
static int
put_changes(struct strbuf *sb, struct project *p, git_tree *commit_tree,
	    git_tree *tree, const struct asker *asker, struct error *err)
{
	struct change *list;
	git_diff_options options;
	git_diff *diff = NULL;
	size_t i, count;
	int ret;

	git_diff_options_init(&options, GIT_DIFF_OPTIONS_VERSION);
	if (git_diff_tree_to_tree(&diff, p->git, commit_tree, tree, &options))
		return project_error(err, "cannot compare with the commit");
	count = git_diff_num_deltas(diff);
	list = xcalloc(count + 1, sizeof(*list));
	for (i = 0; i < count; i++) {
		const git_diff_delta *d = git_diff_get_delta(diff, i);

		list[i].path = d->new_file.path;
		list[i].letter = judge(p, d);
	}
	ret = forget_made(list, count, asker, err);
	if (!ret)
		put_list(sb, list, count);
	free(list);
	git_diff_free(diff);
	return ret;
}

int
changes_put(struct strbuf *sb, struct project *p, git_tree *tree,
	    const struct asker *asker, struct error *err)
{
	char *branch = get_branch(p), name[GIT_OID_HEXSZ + 1] = "";
	git_tree *commit_tree = NULL;
	git_oid id;
	int ret = 0;

	if (p->git && !git_reference_name_to_id(&id, p->git, "HEAD")) {
		git_oid_tostr(name, sizeof(name), &id);
		commit_tree = get_commit_tree(p, &id);
	}
	cbor_put_str(sb, "commit");
	cbor_put_str_or_null(sb, *name ? name : NULL);
	cbor_put_str(sb, "branch");
	cbor_put_str_or_null(sb, branch);
	if (p->git)
		ret = put_changes(sb, p, commit_tree, tree, asker, err);
	else
		put_list(sb, NULL, 0);
	git_tree_free(commit_tree);
	free(branch);
	return ret;
}
