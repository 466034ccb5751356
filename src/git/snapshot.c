/*
 * The snapshot of the project's code: the files found are compared with the
 * index of the latest snapshot by their times, those that differ are read, and
 * the index becomes that of the new one.  Their bytes are taken as they are,
 * without git's filters: what the tasks see.
 *
 * The order is that of an update that may be killed at any point: objects, the
 * run's tree, and the index, which says that they are there, last.
 */
#include "base/base.h"

#include "git/snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <git2/sys/mempack.h>
#include <git2/sys/odb_backend.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cbor.h"
#include "base/clock.h"
#include "base/error.h"
#include "git/asker.h"
#include "git/changes.h"
#include "git/pack.h"
#include "git/project.h"
#include "git/repo.h"
#include "git/walk.h"
#include "model/code-wire.h"
#include "sys/file.h"
#include "sys/sights.h"

enum {
	/* More new files than this go into a pack. */
	MAX_LOOSE = 100,
};

struct snapshot {
	char *repository;       /* paths */
	char *store;
	struct repo repo;
	git_odb *odb;           /* of the repository */
	git_odb *packed;        /* its packs alone, if packs is set */
	git_index *latest;
	struct project project;
	char *why;              /* the user's repository cannot be read */
	struct walk walk;       /* names, if repo is open */
	bool packs;             /* the pack is used */
	struct pack pack;
	char *pack_dir;
	struct strbuf content;  /* of the file being read */
	size_t new_count;       /* files to read */
	size_t gone_count;      /* entries of latest without a file */
	git_oid tree;
	struct strbuf seen;     /* a list (sys/sights.h) */
};

/* ---- opening ---- */

static int
open_latest(struct snapshot *s, struct error *err)
{
	char *index = xasprintf("%s/index", s->repository);
	int rc = git_repository_odb(&s->odb, s->repo.git);

	/* The index is there to save time only. */
	if (!rc && git_index_open(&s->latest, index) && !unlink(index))
		rc = git_index_open(&s->latest, index);
	if (rc || !s->latest) {
		repo_error(err, "cannot read %s", s->repository);
		rc = -1;
	}
	free(index);
	return rc;
}

/* Find the names of the project's files, with FULL as walk_names takes it; the
 * repository is open. */
static int
find_names(struct snapshot *s, const struct strvec *full, struct error *err)
{
	if (project_open(&s->project, s->repo.git, &s->why, err))
		return -1;
	s->walk.project = &s->project;
	s->walk.store = s->store;
	s->walk.clock = &clock_system;
	walk_init(&s->walk);
	return walk_names(&s->walk, full, err);
}

/* Forget all but what snapshot_new was given. */
static void
close_all(struct snapshot *s)
{
	if (s->packs)
		pack_release(&s->pack);
	free(s->pack_dir);
	walk_release(&s->walk);
	project_close(&s->project);
	free(s->why);
	git_index_free(s->latest);
	git_odb_free(s->packed);
	git_odb_free(s->odb);
	strbuf_release(&s->content);
	strbuf_release(&s->seen);
	repo_close(&s->repo);
}

/* Let S be as snapshot_new makes it. */
static void
begin(struct snapshot *s, char *repository, char *store)
{
	*s = (struct snapshot){ .repository = repository, .store = store,
				.repo = REPO_INIT, .content = STRBUF_INIT,
				.seen = STRBUF_INIT };
}

struct snapshot *
snapshot_new(const char *repository, const char *store)
{
	struct snapshot *s = xmalloc(sizeof(*s));

	begin(s, xstrdup(repository), xstrdup(store));
	return s;
}

void
snapshot_free(struct snapshot *s)
{
	if (!s)
		return;
	close_all(s);
	free(s->repository);
	free(s->store);
	free(s);
}

static void
start_anew(struct snapshot *s)
{
	close_all(s);
	begin(s, s->repository, s->store);
}

void
snapshot_prepare(struct snapshot *s, const struct strvec *full)
{
	/* Why not is found out when it is taken. */
	if (repo_open(&s->repo, s->repository, NULL) ||
	    find_names(s, full, NULL))
		start_anew(s);
}

/* Open the repository to write the code of RUN, find the names unless that is
 * done and they hold, and look at the files. */
static int
look(struct snapshot *s, uint32_t run, int64_t since_ns,
     const struct strvec *loaded, struct error *err)
{
	char *what = xasprintf("run %u", run);
	bool is_prepared;
	size_t i;
	int rc;

	if (s->repo.git && (access(s->repository, F_OK) ||
			    !walk_holds(&s->walk)))
		start_anew(s);
	is_prepared = s->repo.git;
	rc = repo_open_to_write(&s->repo, s->repository, what, err);
	free(what);
	if (rc || open_latest(s, err) ||
	    (!is_prepared && find_names(s, NULL, err)))
		return -1;
	for (i = 0; i < loaded->count; i++)
		walk_add(&s->walk, loaded->v[i]);
	walk_look(&s->walk, s->latest, since_ns);
	return 0;
}

/* ---- what tasks make ---- */

/* Ask about at most CODE_CHUNK of the found files, from *NEXT on. */
static int
ask_some(struct walk *w, const struct asker *asker, size_t *next,
	 struct error *err)
{
	const char *paths[CODE_CHUNK];
	struct found *asked[CODE_CHUNK];
	bool made[CODE_CHUNK];
	size_t i, n = 0;

	for (; *next < w->count && n < CODE_CHUNK; ++*next) {
		struct found *f = &w->found[*next];

		if (f->is_out || f->is_unchanged)
			continue;
		asked[n] = f;
		paths[n++] = f->path;
	}
	if (n && asker->ask(asker->data, paths, n, made, err))
		return -1;
	for (i = 0; i < n; i++)
		asked[i]->is_out = made[i];
	return 0;
}

static int
leave_out_made(struct walk *w, const struct asker *asker, struct error *err)
{
	size_t next = 0;

	while (next < w->count)
		if (ask_some(w, asker, &next, err))
			return -1;
	return 0;
}

/* ---- reading ---- */

/* Read F, a symlink. */
static int
read_link(struct snapshot *s, const struct found *f)
{
	ssize_t n;

	strbuf_reset(&s->content);
	strbuf_grow(&s->content, (size_t)f->st.st_size + 1);
	n = readlink(f->path, s->content.buf, (size_t)f->st.st_size + 1);
	if (n < 0)
		return -1;
	s->content.len = (size_t)n;
	return 0;
}

/* Read F, a regular file, and its stat once more; one that grows meanwhile is
 * read up to the size that it had. */
static int
read_file(struct snapshot *s, struct found *f)
{
	int fd = open(f->path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct strbuf *sb = &s->content;
	ssize_t n = 1;
	int rc;

	if (fd < 0)
		return -1;
	strbuf_reset(sb);
	rc = fstat(fd, &f->st);
	strbuf_grow(sb, (size_t)f->st.st_size);
	while (!rc && n && sb->len < (size_t)f->st.st_size) {
		n = read(fd, sb->buf + sb->len,
			 (size_t)f->st.st_size - sb->len);
		if (n < 0 && errno != EINTR)
			rc = -1;
		else if (n > 0)
			sb->len += (size_t)n;
	}
	close(fd);
	return rc;
}

/* Fill E for F, which has been read. */
static void
fill_entry(git_index_entry *e, const struct found *f)
{
	const struct stat *st = &f->st;

	e->path = f->path;
	e->mode = S_ISLNK(st->st_mode) ? GIT_FILEMODE_LINK :
		  st->st_mode & S_IXUSR ? GIT_FILEMODE_BLOB_EXECUTABLE :
		  GIT_FILEMODE_BLOB;
	e->ino = (uint32_t)st->st_ino;
	e->file_size = (uint32_t)st->st_size;
	if (f->is_racy)
		return; /* without times it is read again by the next run */
	e->mtime.seconds = (int32_t)st->st_mtim.tv_sec;
	e->mtime.nanoseconds = (uint32_t)st->st_mtim.tv_nsec;
	e->ctime.seconds = (int32_t)st->st_ctim.tv_sec;
	e->ctime.nanoseconds = (uint32_t)st->st_ctim.tv_nsec;
}

static int
write_content(struct snapshot *s, git_oid *id, struct error *err)
{
	const struct strbuf *sb = &s->content;

	if (s->packs)
		return pack_add(&s->pack, GIT_OBJECT_BLOB, sb->buf, sb->len,
				id, err);
	if (git_odb_write(id, s->odb, sb->buf, sb->len, GIT_OBJECT_BLOB))
		return repo_error(err, "cannot keep a file");
	return 0;
}

/* Read F and put it into the index; what cannot be read is left out. */
static int
take(struct snapshot *s, struct found *f, struct error *err)
{
	int64_t now_ns = clock_real_ns(&clock_system);
	git_index_entry e = { .flags = 0 };

	if (S_ISLNK(f->st.st_mode) ? read_link(s, f) : read_file(s, f)) {
		if (errno != ENOENT)
			walk_leave_out(&s->walk, f->path, "%s",
				       strerror(errno));
		return 0;
	}
	f->is_racy = walk_is_racy(&f->st, now_ns);
	if (f->is_racy)
		f->content = digest_of(s->content.buf, s->content.len);
	fill_entry(&e, f);
	if (write_content(s, &e.id, err))
		return -1;
	/* Names that git has no use for, such as GIT~1. */
	if (git_index_add(s->latest, &e))
		walk_leave_out(&s->walk, f->path, "git refuses the name");
	return 0;
}

/* ---- the new index ---- */

/* Remove the entries for which there is no file any more. */
static int
remove_gone(struct snapshot *s, struct error *err)
{
	size_t i, count = git_index_entrycount(s->latest);
	bool *there = xcalloc(count + 1, sizeof(*there));
	const git_index_entry *e;
	char *path;
	int rc = 0;

	for (i = 0; i < s->walk.count; i++) {
		const struct found *f = &s->walk.found[i];

		if (!f->is_out && f->place != WALK_NO_PLACE)
			there[f->place] = true;
	}
	while (!rc && count--) {
		if (there[count])
			continue;
		e = git_index_get_byindex(s->latest, count);
		path = xstrdup(e->path);
		rc = git_index_remove(s->latest, path, 0);
		free(path);
		s->gone_count++;
	}
	free(there);
	return rc ? repo_error(err, "cannot forget a file") : 0;
}

/* New files go into a pack.  Those that the repository has one by one already
 * are not looked for: that costs more than to have some of them twice. */
static int
begin_pack(struct snapshot *s, struct error *err)
{
	char *objects = xasprintf("%s/objects", s->repository);
	git_odb_backend *packs = NULL;
	int rc = git_odb_new(&s->packed) ||
		 git_odb_backend_pack(&packs, objects) ||
		 git_odb_add_backend(s->packed, packs, 1);

	free(objects);
	if (rc)
		return repo_error(err, "cannot read packs");
	s->packs = true;
	s->pack_dir = xasprintf("%s/objects/pack", s->repository);
	return pack_init(&s->pack, s->pack_dir, s->packed, err);
}

/* Bring the index up to date. */
static int
update(struct snapshot *s, struct error *err)
{
	size_t i;

	for (i = 0; i < s->walk.count; i++)
		s->new_count += !s->walk.found[i].is_out &&
				!s->walk.found[i].is_unchanged;
	if ((s->new_count > MAX_LOOSE && begin_pack(s, err)) ||
	    remove_gone(s, err))
		return -1;
	for (i = 0; i < s->walk.count; i++) {
		struct found *f = &s->walk.found[i];

		if (!f->is_out && !f->is_unchanged && take(s, f, err))
			return -1;
	}
	return 0;
}

/* ---- its tree ---- */

/* Put one of the trees into the pack. */
static int
pack_tree(struct snapshot *s, const git_oid *id, struct error *err)
{
	git_odb_object *object = NULL;
	git_oid same;
	int ret;

	if (git_odb_read(&object, s->odb, id))
		return repo_error(err, "cannot read a new tree");
	ret = pack_add(&s->pack, GIT_OBJECT_TREE, git_odb_object_data(object),
		       git_odb_object_size(object), &same, err);
	git_odb_object_free(object);
	return ret;
}

/* What git_tree_walk hands to on_tree. */
struct tree_walk {
	struct snapshot *snapshot;
	struct error *err;
};

static int
on_tree(const char *root, const git_tree_entry *e, void *data)
{
	struct tree_walk *w = data;

	(void)root;
	if (git_tree_entry_type(e) != GIT_OBJECT_TREE)
		return 0;
	return pack_tree(w->snapshot, git_tree_entry_id(e), w->err);
}

/* Write the index as trees: into the pack, by way of the memory. */
static int
write_trees(struct snapshot *s, struct error *err)
{
	struct tree_walk w = { s, err };
	git_odb_backend *memory = NULL;
	git_tree *tree = NULL;
	int ret = -1;

	if (s->packs && (git_mempack_new(&memory) ||
			 git_odb_add_backend(s->odb, memory, INT32_MAX)))
		return repo_error(err, "cannot make trees");
	if (git_index_write_tree_to(&s->tree, s->latest, s->repo.git))
		return repo_error(err, "cannot make trees");
	if (!s->packs)
		return 0;
	if (git_tree_lookup(&tree, s->repo.git, &s->tree))
		repo_error(err, "cannot read the new tree");
	else if (!pack_tree(s, &s->tree, err) &&
		 !git_tree_walk(tree, GIT_TREEWALK_PRE, on_tree, &w))
		ret = pack_write(&s->pack, err);
	git_tree_free(tree);
	return ret;
}

/* Write what is new: see the head of this file. */
static int
write_all(struct snapshot *s, uint32_t run, struct error *err)
{
	if (write_trees(s, err) ||
	    repo_set_tree(&s->repo, run, &s->tree, err))
		return -1;
	if ((s->new_count || s->gone_count) && git_index_write(s->latest))
		return repo_error(err, "cannot write the index");
	return 0;
}

/* Have the next snapshot read all files anew: what is wrong with this one may
 * be that the index is not of the objects that are there. */
static void
forget_latest(struct snapshot *s)
{
	char *index = xasprintf("%s/index", s->repository);

	unlink(index);
	free(index);
}

/* ---- the answer ---- */

/* List the directories whose names were looked at: what is new in them would be
 * code. */
static void
list_dirs(struct snapshot *s)
{
	const struct walk *w = &s->walk;
	const struct walked_dir *d;

	for (d = w->dirs; d < w->dirs + w->dir_count; d++) {
		char *path;

		if (d->is_full)
			continue;
		path = xasprintf("%s/", *d->path ? d->path : ".");
		if (walk_is_racy(&d->st, d->read_ns))
			sights_doubt(&s->seen, path);
		else
			sights_add(&s->seen, path, &d->st, NULL);
		free(path);
	}
}

/* List what was looked at. */
static void
list_seen(struct snapshot *s)
{
	size_t i;

	strbuf_add(&s->seen, s->project.sights.buf, s->project.sights.len);
	list_dirs(s);
	for (i = 0; i < s->walk.count; i++) {
		const struct found *f = &s->walk.found[i];

		if (!f->is_out || f->is_large)
			sights_add(&s->seen, f->path, &f->st,
				   f->is_racy ? &f->content : NULL);
	}
}

static int
put_answer(struct snapshot *s, const struct asker *asker, struct strbuf *sb,
	   struct error *err)
{
	struct strvec *out = &s->walk.left_out;
	uint64_t more = s->walk.left_out_count - out->count;
	char name[GIT_OID_HEXSZ + 1];
	git_tree *tree = NULL;
	size_t i;
	int ret;

	if (git_tree_lookup(&tree, s->repo.git, &s->tree))
		return repo_error(err, "cannot read the new tree");
	git_oid_tostr(name, sizeof(name), &s->tree);
	cbor_put_map(sb, 7);
	cbor_put_str(sb, "tree");
	cbor_put_str(sb, name);
	cbor_put_str(sb, "left-out");
	cbor_put_array(sb, out->count + (more > 0) + (s->why != NULL));
	if (s->why)
		cbor_put_str(sb, s->why);
	for (i = 0; i < out->count; i++)
		cbor_put_str(sb, out->v[i]);
	if (more) {
		char *text = xasprintf("and %llu more",
				       (unsigned long long)more);

		cbor_put_str(sb, text);
		free(text);
	}
	list_seen(s);
	cbor_put_str(sb, "seen");
	cbor_put_bytes(sb, s->seen.buf, s->seen.len);
	ret = changes_put(sb, &s->project, tree, asker, err);
	git_tree_free(tree);
	return ret;
}

int
snapshot_take(struct snapshot *s, uint32_t run, int64_t since_ns,
	      const struct strvec *loaded, const struct asker *asker,
	      struct strbuf *answer, struct error *err)
{
	if (look(s, run, since_ns, loaded, err) ||
	    leave_out_made(&s->walk, asker, err))
		return -1;
	walk_leave_out_data(&s->walk);
	if (!update(s, err) && !write_all(s, run, err))
		return put_answer(s, asker, answer, err);
	forget_latest(s);
	return -1;
}
