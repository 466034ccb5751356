/*
 * Forgetting the code of runs: their refs are removed; then, if some object is
 * not needed by the others or by the index, all that are needed are written
 * into new packs, and everything else is removed.  Killed at any point, that
 * leaves some objects twice, or some that nobody needs.
 */
#include "base/base.h"

#include "git/forget.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/map.h"
#include "base/path.h"
#include "base/strvec.h"
#include "git/pack.h"
#include "git/repo.h"
#include "git/stored.h"
#include "sys/file.h"

struct forgetting {
	const char *repository;
	const uint32_t *keep;
	size_t keep_count;
	uint32_t newest;      /* later runs are kept, too */
	bool dry_run;
	struct repo repo;
	git_odb *odb;
	struct map needed;    /* id of an object -> anything */
	git_oid *trees;       /* those needed, of which some are read */
	size_t tree_count;
	size_t tree_alloc;
	size_t unneeded;      /* objects that are there, */
	uint64_t unneeded_bytes; /* ... which take so much */
	struct error *err;
};

/* ---- what is needed ---- */

static int
compare_numbers(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static bool
is_kept(void *data, uint32_t run)
{
	const struct forgetting *f = data;

	return f->keep_count && bsearch(&run, f->keep, f->keep_count,
					sizeof(*f->keep), compare_numbers);
}

/* Need the object ID; whether it was not needed before. */
static bool
need(struct forgetting *f, const git_oid *id)
{
	static char needed;

	return !map_set(&f->needed, (const char *)id->id, GIT_OID_RAWSZ,
			&needed);
}

static int
need_tree(void *data, const git_oid *id)
{
	struct forgetting *f = data;

	if (need(f, id)) {
		ARRAY_GROW(f->trees, f->tree_count, f->tree_alloc);
		f->trees[f->tree_count++] = *id;
	}
	return 0;
}

/* Need the tree ID of RUN, if that is kept. */
static int
need_run(void *data, uint32_t run, const git_oid *id)
{
	struct forgetting *f = data;

	return run > f->newest || is_kept(f, run) ? need_tree(f, id) : 0;
}

/* Need what is in the tree ID. */
static int
read_tree(struct forgetting *f, const git_oid *id)
{
	const git_tree_entry *e;
	git_tree *tree;
	size_t i;

	if (git_tree_lookup(&tree, f->repo.git, id))
		return repo_error(f->err, "cannot read the code of a run");
	for (i = 0; i < git_tree_entrycount(tree); i++) {
		e = git_tree_entry_byindex(tree, i);
		if (git_tree_entry_type(e) == GIT_OBJECT_TREE)
			need_tree(f, git_tree_entry_id(e));
		else
			need(f, git_tree_entry_id(e));
	}
	git_tree_free(tree);
	return 0;
}

/* Need the files that INDEX names; to name their trees it would have to be
 * written. */
static void
need_files(struct forgetting *f, git_index *index)
{
	size_t i;

	for (i = 0; i < git_index_entrycount(index); i++)
		need(f, &git_index_get_byindex(index, i)->id);
}

/* Need the files and trees that the index says are there; it may be of a run
 * that is forgotten. */
static int
read_index(struct forgetting *f)
{
	git_index *index;
	git_oid tree;
	int rc;

	if (git_repository_index(&index, f->repo.git))
		return repo_error(f->err, "cannot read the index");
	if (f->dry_run) {
		need_files(f, index);
		git_index_free(index);
		return 0;
	}
	rc = git_index_write_tree_to(&tree, index, f->repo.git);
	if (rc) /* without it the next snapshot reads all files anew */
		rc = git_index_clear(index) || git_index_write(index);
	else
		need_tree(f, &tree);
	git_index_free(index);
	return rc ? repo_error(f->err, "cannot write the index") : 0;
}

static int
find_needed(struct forgetting *f)
{
	size_t i;

	if (read_index(f) || repo_each_tree(&f->repo, need_run, f, f->err))
		return -1;
	for (i = 0; i < f->tree_count; i++)
		if (read_tree(f, &f->trees[i]))
			return -1;
	return 0;
}

static bool
is_needed(const struct forgetting *f, const git_oid *id)
{
	return map_get(&f->needed, (const char *)id->id, GIT_OID_RAWSZ);
}

static int
count_unneeded(const git_oid *id, void *data)
{
	struct forgetting *f = data;

	f->unneeded += !is_needed(f, id);
	return 0;
}

static void
add_unneeded(void *data, const git_oid *id, uint64_t bytes)
{
	struct forgetting *f = data;

	if (!is_needed(f, id))
		f->unneeded_bytes += bytes;
}

/* ---- packing ---- */

/* Put the object ID into the pack P. */
static int
pack_object(struct forgetting *f, struct pack *p, const git_oid *id)
{
	git_odb_object *o = NULL;
	git_oid same;
	int ret;

	/* A power failure may have taken it. */
	if (!git_odb_exists(f->odb, id))
		return 0;
	if (git_odb_read(&o, f->odb, id))
		return repo_error(f->err, "cannot read the code of a run");
	ret = pack_add(p, git_odb_object_type(o), git_odb_object_data(o),
		       git_odb_object_size(o), &same, f->err);
	git_odb_object_free(o);
	return ret;
}

static int
pack_needed(struct forgetting *f, struct pack *p)
{
	git_oid id;

	map_each(&f->needed, e) {
		memcpy(id.id, e->key, GIT_OID_RAWSZ);
		if (pack_object(f, p, &id))
			return -1;
	}
	return pack_write(p, f->err);
}

/* ---- removing ---- */

/* Whether the file NAME, "pack-....idx", is of a pack that is WRITTEN. */
static bool
is_written(const struct strvec *written, const char *name)
{
	size_t i, len;

	for (i = 0; i < written->count; i++) {
		len = strlen(written->v[i]);
		if (!strncmp(name, written->v[i], len) && name[len] == '.')
			return true;
	}
	return false;
}

/* Remove the packs that were there, but for those WRITTEN now: first their
 * indexes, without which they are none. */
static int
remove_packs(const char *dir, const struct strvec *written, const char *suffix,
	     struct error *err)
{
	struct strvec names = STRVEC_INIT;
	size_t i, len = strlen(suffix);
	int ret = file_list(dir, &names, err);

	for (i = 0; !ret && i < names.count; i++) {
		const char *name = names.v[i];
		char *path;

		if (strlen(name) < len || is_written(written, name) ||
		    strcmp(name + strlen(name) - len, suffix))
			continue;
		path = path_join(dir, name);
		ret = file_remove_tree(path, err);
		free(path);
	}
	strvec_release(&names);
	return ret;
}

/* Remove the objects that have files of their own: directories of two
 * digits. */
static int
remove_loose(const char *objects, struct error *err)
{
	struct strvec names = STRVEC_INIT;
	int ret = file_list(objects, &names, err);
	size_t i;

	for (i = 0; !ret && i < names.count; i++) {
		char *path = path_join(objects, names.v[i]);

		if (strlen(names.v[i]) == 2)
			ret = file_remove_tree(path, err);
		free(path);
	}
	strvec_release(&names);
	return ret;
}

/* Write the names in DIR to the disk. */
static int
sync_names(const char *dir, struct error *err)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int ret = fd < 0 || fsync(fd) < 0
			  ? error_sys(err, "cannot write %s", dir) : 0;

	if (fd >= 0)
		close(fd);
	return ret;
}

/* Keep only what is needed.  It is on the disk before anything is removed. */
static int
repack(struct forgetting *f)
{
	char *objects = path_join(f->repository, "objects");
	char *dir = path_join(objects, "pack");
	struct pack p;
	int ret = pack_init(&p, dir, NULL, f->err);

	p.sync = true;
	if (!ret)
		ret = pack_needed(f, &p);
	if (!ret)
		ret = sync_names(dir, f->err);
	if (!ret)
		ret = remove_packs(dir, &p.written, ".idx", f->err) ||
		      remove_packs(dir, &p.written, "", f->err) ||
		      remove_loose(objects, f->err) ? -1 : 0;
	pack_release(&p);
	free(objects);
	free(dir);
	return ret;
}

/* ---- all ---- */

/* Remove the names of what is forgotten. */
static int
forget_trees(struct forgetting *f)
{
	return repo_open_to_write(&f->repo, f->repository, "gc", f->err) ||
	       repo_forget_trees(&f->repo, f->newest, is_kept, f,
				 f->err) ? -1 : 0;
}

static int
forget(struct forgetting *f)
{
	if ((f->dry_run ? repo_open(&f->repo, f->repository, f->err)
			: forget_trees(f)) ||
	    find_needed(f))
		return -1;
	stored_each(f->repository, add_unneeded, f);
	if (f->dry_run)
		return 0;
	if (git_repository_odb(&f->odb, f->repo.git) ||
	    git_odb_foreach(f->odb, count_unneeded, f))
		return repo_error(f->err, "cannot read %s", f->repository);
	return f->unneeded ? repack(f) : 0;
}

int
forget_runs(const char *repository, const uint32_t *keep, size_t count,
	    uint32_t newest, bool dry_run, uint64_t *bytes, struct error *err)
{
	struct forgetting f = {
		.repository = repository, .keep = keep, .keep_count = count,
		.newest = newest, .dry_run = dry_run, .repo = REPO_INIT,
		.err = err,
	};
	int ret;

	map_init(&f.needed);
	ret = forget(&f);
	*bytes = f.unneeded_bytes;
	map_release(&f.needed);
	free(f.trees);
	git_odb_free(f.odb);
	repo_close(&f.repo);
	return ret;
}
