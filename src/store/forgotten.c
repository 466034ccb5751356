/*
 * What is left of runs whose database is gone.
 */
#include "base/base.h"

#include "store/forgotten.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/strvec.h"
#include "store/db.h"
#include "sys/file.h"

/* The largest number that is a name in DIR, and at least LEAST. */
static uint32_t
largest_name(const char *dir, uint32_t least)
{
	struct strvec names = STRVEC_INIT;
	struct error err = ERROR_INIT;
	size_t i;

	if (file_list(dir, &names, &err))
		error_release(&err); /* as where nothing has run */
	for (i = 0; i < names.count; i++) {
		unsigned long n = strtoul(names.v[i], NULL, 10);

		if (isdigit((unsigned char)*names.v[i]) && n > least &&
		    n < UINT32_MAX)
			least = (uint32_t)n;
	}
	strvec_release(&names);
	return least;
}

uint32_t
forgotten_latest(void)
{
	return largest_name(STORE_DIR "/replaced",
			    largest_name(STORE_DIR "/logs", 0));
}

int
forgotten_check_log(struct error *err)
{
	struct stat st;

	/* In this order: while another process makes both, the database is
	 * written before its log. */
	if (stat(DB_PATH "-wal", &st) < 0 || !st.st_size ||
	    (!stat(DB_PATH, &st) && st.st_size))
		return 0;
	return error_set(err, DB_PATH " is gone, but not " DB_PATH "-wal, "
			 "which holds what was recorded last; bring the first "
			 "back, or move the second away as well to begin anew "
			 "(results and logs stay)");
}

int
store_say_no_run(uint32_t latest, const char *why, struct error *err)
{
	if (!latest)
		return error_set(err, "nothing has run here yet%s", why);
	return error_set(err, "nothing is known any more of the runs up to "
			 "%" PRIu32 ": " DB_PATH " was lost, or moved away "
			 "(results and logs are still there)", latest);
}

int
store_forgotten(struct store *s, uint32_t *latest, struct error *err)
{
	sqlite3_stmt *st = db_get(s, DB_RUN_ANY, err);

	if (!st || db_row(s, st, "cannot read the runs", err) < 0)
		return -1;
	*latest = sqlite3_column_int(st, 0) ? 0 : forgotten_latest();
	sqlite3_reset(st);
	return 0;
}
