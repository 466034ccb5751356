/*
 * How two keys differ: their parts (model/key.h), as they are stored with
 * attempts, compared one by one; the differences as data and in words.
 *
 * Behind the list of parts an executed attempt has a map of notes, which are
 * no part of the key:
 *
 *   {"recipe": digest of its source (bytes), "recipe values": text, those
 *    of expressions in it, "interpreter": text,
 *    "environment": text, "image": text, "from NAME": "STEP NAME",
 *    "join NAME": "STEP NAME", "rerun": "", "stale": "",
 *    "mentions": digest of a list of parts (bytes)}
 *
 * "rerun" says that --rerun asked for the task, "stale" that it read a file
 * which was not as the task that made it had left it.  The parts of "mentions"
 * stand for what the step's expressions mention; the store has the list.
 */
#ifndef FLOWMAKE_MODEL_KEY_DIFF_H
#define FLOWMAKE_MODEL_KEY_DIFF_H

#include "base/base.h"

struct cbor;
struct error;
struct strbuf;

/* What a part is about, in the order in which words name them. */
enum key_subject {
	KEY_OF_FORMAT,
	KEY_OF_RECIPE,      /* its text, or a scheme body's */
	KEY_OF_INTERPRETER,
	KEY_OF_PARAMETER,
	KEY_OF_DEFINITION,
	KEY_OF_MODULE,
	KEY_OF_ENVIRONMENT,
	KEY_OF_IMAGE,
	KEY_OF_FOREACH,
	KEY_OF_STEM,
	KEY_OF_STEP,
	KEY_OF_SPLIT,
	KEY_OF_NAMES,
	KEY_OF_FROM,
	KEY_OF_JOIN,
	KEY_OF_PARAMETERS,  /* all of them */
	KEY_OF_INPUT,
	KEY_OF_OTHER,       /* of another version of flowmake */
	KEY_SUBJECTS
};

enum key_change {
	KEY_CHANGED,
	KEY_ADDED,
	KEY_REMOVED,
	KEY_UNKNOWN,        /* no digest: it never equals anything */
};

/* A stored part. */
struct key_part {
	const char *name;      /* not NUL-terminated; borrowed */
	size_t name_len;
	const char *digest;    /* DIGEST_BYTES; NULL: unknown */
	enum key_subject subject;
	const char *object;    /* the rest of the name, "books/a.txt" of "input
				* books/a.txt"; "" if the name is all */
	size_t object_len;
	const char *note;      /* short text: what the digest is of; or NULL */
	size_t note_len;
	const char *source;    /* of a recipe: the digest of its source, whose
				* text the store has; or NULL */
};

/* A part that differs. */
struct key_difference {
	enum key_change change;
	struct key_part old;   /* name NULL: ADDED */
	struct key_part new;   /* name NULL: REMOVED */
};

/* Differences in the order of subjects and, within one, in the new key's
 * order, removed ones last. */
struct key_diff {
	struct key_difference *list; /* owned; names are borrowed */
	size_t count;
	size_t old_parts;            /* how many were compared */
	size_t new_parts;
};

/* Read all of a list into *PARTS, which the caller frees. */
int key_parts_read(struct key_part **parts, size_t *count, const char *data,
		   size_t len, struct error *err);

/* Whether the notes behind the parts at DATA hold one called NAME. */
bool key_has_note(const char *data, size_t len, const char *name);
/* The digest that is the note called NAME there, borrowed; NULL: none. */
const char *key_note_digest(const char *data, size_t len, const char *name);

/* Compare two lists of parts as key_encode writes them, which D borrows.
 * Fails only when one of them is damaged; D must be released anyway. */
int key_diff_init(struct key_diff *d, const char *old, size_t old_len,
		  const char *new, size_t new_len, struct error *err);
void key_diff_release(struct key_diff *d);

/* Whether P is of a scheme body, or of what that closes over. */
bool key_part_is_scheme(const struct key_part *p);

/* Append what P is called in a sentence: "input books/a.txt", "recipe",
 * "what definition counts closes over". */
void key_part_add_words(const struct key_part *p, struct strbuf *out);

/* Append all differences as one short line: "input books/a.txt changed",
 * "recipe and 2 inputs changed; input c.txt is new", "nothing changed". */
void key_diff_add_words(const struct key_diff *d, struct strbuf *out);
/* The same of several tasks, that differ in the names and numbers of what
 * changed: "recipe and inputs changed". */
void key_diff_add_kinds(const struct key_diff *d, struct strbuf *out);

/* All of the above at once. */
int key_diff_words(const char *old, size_t old_len, const char *new,
		   size_t new_len, struct strbuf *out, struct error *err);

#endif
