/*
 * report/table, and words of report/target.
 */
#include "base/base.h"

#include "report/table.h"
#include "report/target.h"

#include "tap.h"

static void
test_table(void)
{
	static const char *const headings[] = { "NAME", "COUNT", "NONE",
						"LAST" };
	struct strbuf got = STRBUF_INIT;
	struct table t;

	table_init(&t, 4, 1 << 1, headings);
	table_add(&t, "gr\303\274n");
	table_add_count(&t, 1234);
	table_add(&t, "");
	table_add(&t, "a\nb");
	table_add(&t, "longer");
	table_add_count(&t, 0);
	table_add(&t, NULL);
	table_add(&t, "");
	table_print(&t, &got);
	is_str(got.buf,
	       "NAME    COUNT  LAST\n"
	       "gr\303\274n    1,234  a\\nb\n"
	       "longer\n",
	       "columns are as wide as their widest; empty ones are left out");
	table_release(&t);
	strbuf_release(&got);
}

static void
quotes(const char *word, const char *want, const char *title)
{
	struct strbuf got = STRBUF_INIT;

	target_add_quoted(&got, word);
	is_str(got.buf, want, title);
	strbuf_release(&got);
}

int
main(void)
{
	test_table();
	quotes("15/count/3.2", "15/count/3.2", "a plain word needs no quotes");
	quotes("a b", "'a b'", "a space does");
	quotes("it's", "'it'\\''s'", "an apostrophe stays one");
	quotes("", "''", "an empty word is a word");
	quotes("a\033'\377", "$'a\\033\\'\\377'",
	       "what would disturb a terminal is written out");
	return done_testing();
}
