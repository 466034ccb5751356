/*
 * Notes: what people are told of a key's parts besides their digests, stored
 * behind them with each executed attempt (model/key-diff.h reads them).  They
 * cost few bytes a task; texts that are the same for all tasks of a step, its
 * recipe and the values of its definitions, are stored once by their digest
 * (store_text_put); so is what an input that is a directory holds.
 */
#ifndef FLOWMAKE_SCHED_NOTES_H
#define FLOWMAKE_SCHED_NOTES_H

#include "base/base.h"

struct attempt;
struct error;
struct files;
struct graph;
struct notes;
struct store;

/* For the steps of G's rules; G and F are borrowed. */
struct notes *notes_new(struct graph *g, struct files *f);
void notes_free(struct notes *n);

/* Append the notes of A, whose key was just made, to its parts.  RERUN: it is
 * executed because --rerun asks for it. */
void notes_add(struct notes *n, struct attempt *a, bool rerun);

/* Store the texts that notes mention and S may not have yet. */
int notes_save(struct notes *n, struct store *s, struct error *err);

#endif
