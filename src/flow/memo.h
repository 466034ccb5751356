/*
 * What the evaluator said about a Flowfile that is pure (WIRE_LOADED), kept
 * in the store's cache: the rules, and the answers to questions.  While all
 * that was looked at is as it was, nothing needs to be asked, and no Guile
 * started.
 *
 * A memo is of one Flowfile's text, its parameters, and one build of the
 * evaluator.  It is true as long as what was looked at while the Flowfile was
 * loaded is as it was; an answer, as long as what was looked at for it is so,
 * too.  Answers that nobody asks for any more are forgotten in time.
 */
#ifndef FLOWMAKE_FLOW_MEMO_H
#define FLOWMAKE_FLOW_MEMO_H

#include "base/base.h"
#include "base/digest.h"

struct error;
struct evaluator_load;
struct memo;

/* The memo for HOW, read from its cache if there is one that is true; else
 * empty, to be filled.  NULL when nothing can be kept: there is no cache, the
 * load is a replay, or the Flowfile cannot be read. */
struct memo *memo_open(const struct evaluator_load *how);
/* Keep in the cache what was added, if the flow was said to be pure; errors
 * are silent, it is but a cache. */
void memo_close(struct memo *m);

/* The text of the Flowfile that the memo is of. */
const char *memo_flow_text(const struct memo *m, size_t *len);

/* The frames (sys/frame.h) of loading, or NULL: they are to be added. */
const char *memo_load(const struct memo *m, size_t *len);
void memo_add_load(struct memo *m, unsigned type, const char *payload,
		   size_t len);
/* Add the manifest (model/wire.h) of loading. */
void memo_add_manifest(struct memo *m, const char *manifest, size_t len);

/* The frames that answer the question Q, until M is closed, or NULL: it was not
 * asked, or what was looked at for its answer has changed meanwhile. */
const char *memo_find(struct memo *m, const struct digest *q, size_t *len);
/* Add an answer, in place of any other to the same question, and what was
 * looked at for it: SEEN, manifests one after another. */
void memo_add(struct memo *m, const struct digest *q, const char *frames,
	      size_t len, const char *seen, size_t seen_len);

/* What tells M from all memos that could say another thing: what it is of, and
 * what was looked at for all that it says.  Returns false when M will not be
 * kept. */
bool memo_identity(const struct memo *m, struct digest *id);

/* Keep nothing of this flow. */
void memo_forget(struct memo *m);

#endif
