/*
 * The store's directory and transactions; db.c has the database, runs.c and
 * attempts.c the records.
 */
#include "base/base.h"

#include "store/store.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/error.h"
#include "store/db.h"
#include "sys/file.h"

static const char *const directories[] = {
	STORE_DIR,
	STORE_DIR "/objects",
	STORE_DIR "/named",
	STORE_DIR "/logs",
	STORE_DIR "/replaced",
	STORE_DIR "/tmp",
	STORE_DIR "/cache",
};

/* Make what is missing of the directory. */
static int
make_directories(struct error *err)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(directories); i++)
		if (mkdir(directories[i], 0777) < 0 && errno != EEXIST)
			return error_sys(err, "cannot make the directory %s",
					 directories[i]);
	if (access(STORE_DIR "/.gitignore", F_OK) == 0)
		return 0;
	return file_replace(STORE_DIR "/.gitignore", "*\n", 2, false, err);
}

/* Drop S, whether it is open or not. */
static void
store_drop(struct store *s)
{
	strbuf_release(&s->results);
	strbuf_release(&s->outputs);
	free(s);
}

struct store *
store_open(enum store_mode mode, struct error *err)
{
	struct store *s = xcalloc(1, sizeof(*s));

	s->mode = mode;
	if (mode == STORE_TRIAL && !access(STORE_DIR, F_OK))
		s->mode = STORE_WRITE;
	strbuf_init(&s->results);
	strbuf_init(&s->outputs);
	if ((s->mode == STORE_WRITE && make_directories(err)) ||
	    db_open(s, err)) {
		db_close(s, NULL);
		store_drop(s);
		return NULL;
	}
	return s;
}

int
store_close(struct store *s, struct error *err)
{
	int rc = store_commit(s, err);

	if (db_close(s, rc ? NULL : err))
		rc = -1;
	store_drop(s);
	return rc;
}

/* Other machines do not see this one's shared memory, on which WAL rests. */
bool
store_is_remote(void)
{
	static const uint32_t types[] = {
		0x6969, 0x517b, 0xff534d42, 0xfe534d42, /* NFS, SMB, CIFS */
		0x5346414f, 0x00c36400, 0x0bd00bd0,     /* AFS, Ceph, Lustre */
		0x47504653, 0x01021997, 0x65735546,     /* GPFS, 9P, FUSE */
	};
	struct statfs fs;
	size_t i;

	if (statfs(STORE_DIR, &fs) < 0)
		return false;
	for (i = 0; i < ARRAY_SIZE(types); i++)
		if ((uint32_t)fs.f_type == types[i])
			return true;
	return false;
}

int
store_begin(struct store *s, struct error *err)
{
	if (s->in_transaction)
		return 0;
	if (s->mode == STORE_READ || s->in_snapshot)
		bug("a store that is only read is written");
	if (db_exec(s, DB_BEGIN, "cannot begin to write", err))
		return -1;
	s->in_transaction = true;
	return 0;
}

bool
store_is_writing(const struct store *s)
{
	return s->in_transaction;
}

int
store_commit(struct store *s, struct error *err)
{
	int rc;

	if (!s->in_transaction)
		return 0;
	s->in_transaction = false;
	rc = db_exec(s, DB_COMMIT, "cannot record what was done", err);
	/* A full disk ends a transaction by itself; what is left of another
	 * must not hold the lock. */
	if (rc && !sqlite3_get_autocommit(s->db))
		db_exec(s, DB_ROLLBACK, "", NULL);
	return rc;
}

int
store_snapshot_begin(struct store *s, struct error *err)
{
	if (s->in_transaction || s->in_snapshot)
		return 0;
	if (db_exec(s, DB_SNAPSHOT, "cannot read the store", err))
		return -1;
	s->in_snapshot = true;
	return 0;
}

int
store_snapshot_end(struct store *s, struct error *err)
{
	if (!s->in_snapshot)
		return 0;
	s->in_snapshot = false;
	return db_exec(s, DB_COMMIT, "cannot read the store", err);
}
