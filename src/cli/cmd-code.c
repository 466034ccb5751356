/*
 * flowmake diff, checkout: the code of runs.
 */
#include "base/base.h"

#include <stdio.h>

#include "base/error.h"
#include "cli/command.h"
#include "report/code.h"
#include "store/store.h"

int
cmd_diff(struct invocation *inv, const struct command *self, struct error *err)
{
	struct strbuf none = STRBUF_INIT;
	struct store *s;
	char **words;
	int rc = -1;

	if (command_words(inv, self, 2, INT32_MAX, &words, err))
		return -1;
	s = store_open(STORE_READ, err);
	if (s)
		rc = code_show_diff(s, words[0], words[1], words + 2, stdout,
				    err);
	rc = command_close_store(s, rc, err);
	return rc ? -1 : command_print(&none, err);
}

int
cmd_checkout(struct invocation *inv, const struct command *self,
	     struct error *err)
{
	struct strbuf out = STRBUF_INIT;
	struct store *s;
	char **words;
	int rc = -1;

	if (command_words(inv, self, 2, 2, &words, err))
		return -1;
	s = store_open(STORE_READ, err);
	if (s)
		rc = code_check_out(s, words[0], words[1], &out, err);
	rc = command_close_store(s, rc, err);
	if (!rc)
		rc = command_print(&out, err);
	strbuf_release(&out);
	return rc;
}
