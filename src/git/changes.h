/*
 * What is checked out, and what of the project differs from it.
 */
#ifndef FLOWMAKE_GIT_CHANGES_H
#define FLOWMAKE_GIT_CHANGES_H

#include <git2.h>

#include "base/base.h"

struct asker;
struct error;
struct project;
struct strbuf;

/* Append "commit", "branch", "changed" and "changed-count" of CODE_TAKEN, as
 * keys and values, four pairs; TREE is the snapshot. */
int changes_put(struct strbuf *sb, struct project *p, git_tree *tree,
		const struct asker *asker, struct error *err);

#endif
