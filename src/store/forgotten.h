/*
 * Runs of which there are results and logs, but no records any more, because
 * the database was lost or moved away.  Their numbers are not given again, so
 * that nothing of theirs is overwritten.  For the files of this floor only;
 * store_forgotten and store_say_no_run of store.h are for all.
 */
#ifndef FLOWMAKE_STORE_FORGOTTEN_H
#define FLOWMAKE_STORE_FORGOTTEN_H

#include "base/base.h"

struct error;

/* The latest run of which files of its own are there; 0: none. */
uint32_t forgotten_latest(void);

/* Refuse, with -1, a database that is missing, or empty, beside a write-ahead
 * log that is not: SQLite would remove that. */
int forgotten_check_log(struct error *err);

#endif
