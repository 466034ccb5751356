/*
 * Shell texts: quote contexts, refusals, quoting, texts that need no shell.
 */
#include "base/base.h"
#include "model/shell-text.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/strbuf.h"
#include "base/strvec.h"
#include "tap.h"

enum { MAX_HOLES = 16 };

/* Scan TEXT, in which each % is a hole.  The answer is a letter for each
 * hole, or "INDEX: why". */
static char *
scan(const char *text)
{
	static const char letters[] = "bsdrw";
	enum wire_quote quotes[MAX_HOLES];
	struct strbuf plain = STRBUF_INIT, answer = STRBUF_INIT;
	size_t holes[MAX_HOLES], count = 0, bad = 99, i;
	const char *why = NULL;
	char *exact;

	for (; *text; text++)
		if (*text == '%')
			holes[count++] = plain.len;
		else
			strbuf_addch(&plain, *text);
	/* Without a NUL behind it, so that a sanitizer sees overruns. */
	exact = xmemdup(plain.buf, plain.len);
	if (shell_text_scan(exact, plain.len, holes, count, quotes, &bad,
			    &why))
		strbuf_addf(&answer, "%zu: %s", bad, why);
	else
		for (i = 0; i < count; i++)
			strbuf_addch(&answer, letters[quotes[i]]);
	free(exact);
	strbuf_release(&plain);
	return strbuf_detach(&answer, NULL);
}

static void
is_scan(const char *text, const char *want, const char *title)
{
	char *got = scan(text);

	if (!is_str(got, want, title))
		printf("# text: %s\n", text);
	free(got);
}

/* Refused, for whatever reason; WANT is how the reason begins. */
static void
is_refused(const char *text, const char *want, const char *title)
{
	char *got = scan(text);

	if (!ok(!strncmp(got, want, strlen(want)), "%s", title))
		printf("# got:  %s\n# want: %s\n# text: %s\n", got, want,
		       text);
	free(got);
}

static void
test_contexts(void)
{
	is_scan("", "", "an empty text has no holes");
	is_scan("%", "b", "a hole alone is bare");
	is_scan("cat % '%' \"%\"", "bsd", "quotes are seen");
	is_scan("%%", "bb", "holes may touch");
	is_scan("a\\\\%", "b", "a quoted backslash does not quote a hole");
	is_scan("echo \\\n%", "b", "a quoted newline does not quote a hole");
	is_scan("'a\\'%", "b", "a backslash in single quotes is literal");
	is_scan("\"a\\\"%\"%", "db", "a quoted double quote is no end");
	is_scan("\"$x %\"", "d", "behind a variable and a blank");
	is_scan("$x%", "b", "bare behind a variable: quotes end the name");
	is_scan("\"\\$%\"", "d", "a quoted dollar is literal");
	is_scan("\"${x}%\"", "d", "behind braces");
	is_scan("\"${x:-\"a b\"}%\"", "d", "behind quotes in braces");
	is_scan("${x#'}'}%", "b", "behind a quoted brace");
	is_scan("$((1+(2)))%", "b", "behind arithmetic");
	is_scan("$(( $(cat %) ))", "b", "a command in arithmetic");
	is_scan("`echo`%", "b", "behind backquotes");
	is_scan("# it's\n%", "b", "behind a comment");
	is_scan("a#'%'", "s", "no comment inside of a word");
	is_scan("%#x", "b", "a hole keeps # from being a comment");
	is_scan("(a)#'\n%", "b", "a comment behind a parenthesis");
	is_scan("$'a\\n'%", "b", "behind $'...'");
	is_scan("$# %", "b", "behind the count of parameters");
	is_scan("echo a >f; % | %&%", "bbb", "operators");
}

static void
test_substitutions(void)
{
	is_scan("\"$(cat % '%' \"%\")%\"", "bsdd",
		"a substitution in quotes starts anew");
	is_scan("$(echo \"$(echo %)%\")%", "bdb", "they nest");
	is_scan("diff <(sort %) >(cat '%') %", "bsb",
		"process substitutions");
	is_scan("x=$(case a in a) echo %;; (b) echo ')';; esac)%", "bw",
		"unbalanced parentheses of case patterns");
	is_scan("$(case % in %|x%) echo %;; esac) %", "wwwbb",
		"case takes one word");
	is_scan("$(case x in a) case y in b) echo;; esac;; esac)%", "b",
		"case inside of case");
	is_scan("(case x in x) w %;; esac) && w %", "bb",
		"esac before a parenthesis");
	is_scan("$(for x in case a in; do echo %; done)%", "bb",
		"case is a word behind in");
	is_scan("$(if true; then case x in x) w;; esac; fi)%", "b",
		"case behind then");
	is_scan("f() { echo %; }; function g { echo '%'; }", "bs",
		"functions");
	is_scan("function g() { echo %; }; f () ( echo % )", "bb",
		"functions with parentheses");
	is_scan("( % ) # it's\n%", "bb", "subshells");
	is_scan("$(w # ' )\n %)%", "bb", "comments in substitutions");
	is_scan("${x:-$(w %)}%", "bb", "a substitution in braces");
}

static void
test_one_word(void)
{
	is_scan("x=% y=a% export z+=% a[1]=%", "wwww",
		"an assignment takes one word");
	is_scan("cat <% >% >>% >|% <>% &>% &>>% 2>% <<<% %", "wwwwwwwwwb",
		"a redirection takes one word");
	is_scan("a=(% 'b' \"%\" [1]=%\n#'\n%) %", "bdwbb", "arrays");
	is_scan("[[ % == %* && (-n %) ]] && %", "wwwb", "[[ ]]");
	is_scan("[[ $x =~ ^(a|%)$ ]]; %", "wb", "regular expressions");
	is_scan("[[ % ]]|%", "wb", "an operator behind ]]");
	is_scan("ls *.@(a|%) %", "wb", "extended patterns");
	is_scan("ls {a,%} %", "wb", "brace expansion");
	is_scan("for x in % %; do %; done", "bbb", "for takes words");
	is_scan("for ((i=0;i<3;i++)); do %; done", "b", "arithmetic for");
	is_scan("((x > 3)) && %", "b", "an arithmetic command");
	is_scan("time -p % | time % ", "bb", "time");
}

static void
test_heredocs(void)
{
	is_scan("cat <<E %\nit's\nE\n%", "bb", "behind a here document");
	is_scan("cat <<-E %\nit's\n\t\tE\n%", "bb", "tabs are stripped");
	is_scan("cat <<'E' <<\"F\" <<\\G %\nE '\nE\nF \"\nF\nG\n'%'", "bs",
		"several on a line, with quoted delimiters");
	is_scan("cat <<E\nE \nE%\n E\nE\n%", "0: in a here document",
		"only the whole line ends it");
	is_scan("$(cat <<E\n)'\nE\n)%", "b", "in a substitution");
	is_scan("(cat <<E\n)'\nE\n)%", "b", "in a subshell");
	is_scan("cat <<''\nx'\n\n%", "b", "an empty delimiter");
	is_refused("cat <<E\n%\nE", "0: in a here document", "in the body");
	is_refused("cat <<E\nx\nE%", "0: in a here document",
		   "glued to the last line");
	is_refused("cat <<'E'\n%\nE", "0: in a here document", "quoted too");
	is_refused("cat <<% x\n", "0: in the delimiter", "as delimiter");
	is_refused("cat <<E%\n", "0: in the delimiter", "behind it");
	is_refused("cat <<E\nE\\\n\nE\n%", "0: behind a here document",
		   "a line that could join to the delimiter");
	is_refused("cat <<E\n$(cat <<E\nx\nE\n)\nE\n%", "0: behind a here",
		   "a substitution over several lines");
	is_scan("cat <<E 'a\nb' \\\n%\n'\nE\n%", "bb",
		"quotes over the end of the line");
	is_refused("cat <<E $(a\nb) %\nE\n", "0: behind a newline",
		   "a substitution over the end of the line");
	is_refused("cat <<$x\n%\n", "0: behind a here", "no plain delimiter");
	is_refused("$(cat <<E)\nE\n%", "0: behind a paren", "a body is due");
}

static void
test_refusals(void)
{
	is_refused("# %", "0: in a comment", "a comment");
	is_refused("a %# b\n# %\n", "1: in a comment", "the second hole");
	is_refused("# a%\nb", "0: in a comment", "at a comment's end");
	is_refused("a ${b%}", "0: in ${...}", "in braces");
	is_refused("\"${b:-\"%\"}\"", "0: in ${...}", "in quotes in braces");
	is_refused("${b:-'%'}", "0: in ${...}", "in single quotes there");
	is_refused("$((%))", "0: in $((...))", "in arithmetic");
	is_refused("((x=%))", "0: in ((...))", "in an arithmetic command");
	is_refused("$'%'", "0: in $'...'", "in $'...'");
	is_refused("$\"%\"", "0: in $\"...\"", "in $\"...\"");
	is_refused("`a %`", "0: in backquotes", "in backquotes");
	is_refused("\"`a %`\"", "0: in backquotes", "in quoted backquotes");
	is_refused("\\%", "0: directly behind a backslash", "a backslash");
	is_refused("\"\\%\"", "0: directly behind a back", "quoted too");
	is_refused("a\\%", "0: directly behind a back", "at the end");
	is_refused("$%", "0: directly behind $", "a dollar");
	is_refused("\"$%\"", "0: directly behind $", "a quoted dollar");
	is_refused("\"$x%\"", "0: directly behind the name", "a variable");
	is_refused("\"$x\\\n%\"", "0: directly behind the name",
		   "a quoted newline does not end the name");
	is_refused("a[%]=1", "0: in an array sub", "a subscript");
	is_refused("a[\"%\"]=1", "0: in an array sub", "a quoted one");
	is_refused("a=([%]=1)", "0: in an array sub", "one in an array");
	is_refused("a[$(w %)]=1 >&%", "1: behind <& or >&", "descriptors");
	is_refused("[[ % -eq 1 ]]", "0: in an arithmetic", "before -eq");
	is_refused("[[ 1 -lt \"%\" ]]", "0: in an arithmetic", "behind -lt");
	is_refused("[[ -v % ]]", "0: in an arithmetic", "behind -v");
	is_refused("a%=b", "0: in the name of a var", "an assigned name");
	is_refused("for % in a", "0: in the name of a var", "a loop's name");
	is_refused("a%() { :; }", "0: in the name of a func", "a function");
	is_refused("<%<", "0: in the middle", "inside of an operator");
}

static void
test_unsure(void)
{
	is_refused("$[1] %", "0: behind", "old arithmetic");
	is_refused("a ) %", "0: behind", "a parenthesis too many");
	is_refused("$(((a) | b) ) %", "0: behind", "(( that is none");
	is_refused("\"${x:-'}'}%\"", "0: behind", "quotes in quoted braces");
	is_refused("!(a) %", "0: behind", "a pattern or a subshell");
	is_refused("coproc x { w; }; %", "0: behind", "coproc");
	is_refused("alias x=y\nx %", "0: behind", "alias");
	is_refused("((1<<E))\n%", "0: behind", "a shift in a command");
	is_refused("$'\\'' %", "0: behind", "a quote in $'...'");
	is_refused("a 'b %", "0: in quotes", "quotes that do not end");
	is_refused("`a '` %", "0: behind", "a quote in backquotes");
	is_refused("${ w; } %", "0: in ${", "a command in braces");
	is_refused("a %\\", "0: before a backslash", "a backslash at the end");
	is_refused("a &\\\n& %", "0: behind", "an operator on two lines");
	is_scan("% $[1] )", "b", "what comes behind all holes is no matter");
}

/* Quote up to two words. */
static void
is_quoted(enum wire_quote quote, size_t count, const char *a, const char *b,
	  const char *want, const char *title)
{
	const char *words[] = { a, b };
	size_t lens[] = { a ? strlen(a) : 0, b ? strlen(b) : 0 };
	struct strbuf out = STRBUF_INIT;
	struct error err = ERROR_INIT;

	if (shell_quote_words(&out, quote, words, lens, count, &err))
		is_str(err.text, want, title);
	else
		is_str(out.buf, want, title);
	error_release(&err);
	strbuf_release(&out);
}

static void
test_quoting(void)
{
	const char *word = "a\0b";
	size_t len = 3;
	struct strbuf out = STRBUF_INIT;

	is_quoted(WIRE_QUOTE_BARE, 1, "if", NULL, "'if'",
		  "a bare word is always quoted");
	is_quoted(WIRE_QUOTE_BARE, 2, "a b", "c'd", "'a b' 'c'\\''d'",
		  "a list is several words");
	is_quoted(WIRE_QUOTE_BARE, 1, "", NULL, "''", "an empty word");
	is_quoted(WIRE_QUOTE_BARE, 0, NULL, NULL, "${-+}",
		  "an empty list holds its place");
	is_quoted(WIRE_QUOTE_WORD, 1, "-n", NULL, "'-n'", "one word");
	is_quoted(WIRE_QUOTE_WORD, 2, "a", "b", "a list of 2 words stands "
		  "where the shell takes one word", "but not two");
	is_quoted(WIRE_QUOTE_WORD, 0, NULL, NULL, "a list of 0 words stands "
		  "where the shell takes one word", "nor none");
	is_quoted(WIRE_QUOTE_SINGLE, 2, "a'b", "$c", "a'\\''b $c",
		  "in single quotes");
	is_quoted(WIRE_QUOTE_DOUBLE, 2, "a'b", "c", "a'b c",
		  "in double quotes");
	is_quoted(WIRE_QUOTE_DOUBLE, 1, "$a'b", NULL, "\"'$a'\\''b'\"",
		  "what means something there is put in single quotes");
	is_quoted(WIRE_QUOTE_DOUBLE, 1, "\xe9", NULL, "\"'\xe9'\"",
		  "so is what a charset may join to the next byte");
	is_quoted(WIRE_QUOTE_RAW, 2, "a|b", "$c", "a|b $c", "raw");
	ok(shell_quote_words(&out, WIRE_QUOTE_BARE, &word, &len, 1, NULL) < 0,
	   "a NUL byte is refused");
	strbuf_release(&out);
}

/* The words of TEXT joined by |, then its redirections; or "no". */
static void
is_exec(const char *text, const char *want, const char *title)
{
	static const char *const kinds[] = {
		[SHELL_READ] = "<", [SHELL_WRITE] = ">", [SHELL_APPEND] = ">>",
		[SHELL_JOIN] = ">&1",
	};
	struct strvec argv = STRVEC_INIT;
	struct shell_redirections files = { .count = 0 };
	struct strbuf got = STRBUF_INIT;
	size_t i;

	if (!shell_text_is_exec(text, strlen(text), &argv, &files))
		strbuf_adds(&got, argv.count || files.count ? "words left" :
			    "no");
	for (i = 0; i < argv.count; i++)
		strbuf_addf(&got, "%s%s", i ? "|" : "", argv.v[i]);
	for (i = 0; i < files.count; i++)
		strbuf_addf(&got, " %d%s%s", files.v[i].fd,
			    kinds[files.v[i].kind],
			    files.v[i].path ? files.v[i].path : "");
	is_str(got.buf, want, title);
	strbuf_release(&got);
	strvec_release(&argv);
	shell_redirections_clear(&files);
}

static void
test_exec(void)
{
	is_exec("gzip -n9 a=b 'c d' \"e\" \\'f''", "gzip|-n9|a=b|c d|e|'f",
		"plain words");
	is_exec("\n gzip \t-x \n\n", "gzip|-x", "blanks around");
	is_exec("gzip ''", "gzip|", "an empty word");
	is_exec("", "no", "nothing");
	is_exec("''", "no", "no name");
	is_exec("echo a", "no", "a builtin");
	is_exec("'echo' a", "no", "a quoted builtin");
	is_exec("[ a ]", "no", "the bracket");
	is_exec("if", "no", "a reserved word");
	is_exec("a=b c", "no", "an assignment");
	is_exec("a 'b' c=~", "no", "a tilde");
	is_exec("a *.c", "no", "a pattern");
	is_exec("a {b,c}", "no", "braces");
	is_exec("a \"$b\"", "no", "an expansion");
	is_exec("a \"b\\\"\"", "no", "a backslash in quotes");
	is_exec("a; b", "no", "two commands");
	is_exec("a\nb", "no", "two lines");
	is_exec("a #b", "no", "a comment");
	is_exec("a 'b", "no", "quotes that do not end");
	is_exec("a b\\ ", "no", "a quoted blank at the end");
	is_exec("a b\\", "no", "a backslash at the end");
	is_exec("a \xc3\xa9", "no", "bytes that a charset may call blank");
	is_exec("a '\xc3\xa9'", "a|\xc3\xa9", "which quotes allow");
	is_exec("%1", "no", "a job");
}

static void
test_redirections(void)
{
	is_exec("a >b", "a 1>b", "output to a file");
	is_exec("a b<'c d'>e", "a|b 0<c d 1>e", "with and without blanks");
	is_exec("> b a c >> d", "no", "the same descriptor twice");
	is_exec("< b a c >> d", "a|c 0<b 1>>d", "before the program");
	is_exec("a 2>b", "a 2>b", "of stderr");
	is_exec("a 2 >b", "a|2 1>b", "2 as a word");
	is_exec("a x2>b", "a|x2 1>b", "and at the end of one");
	is_exec("a > b 2>&1", "a 1>b 2>&1", "stderr to where stdout goes");
	is_exec("a 2>&1 > b", "a 2>&1 1>b", "in the order of the text");
	is_exec("a 2>&12", "no", "to another descriptor");
	is_exec("a 2>&1<b", "no", "a number that dash takes for the next");
	is_exec("a 3>b", "no", "of another descriptor");
	is_exec("a 12>b", "no", "of one with two digits");
	is_exec("a > 5>b", "no", "a number behind an operator");
	is_exec("a >&2", "no", "a copied descriptor");
	is_exec("a &>b", "no", "both at once");
	is_exec("a >|b", "no", "one that may overwrite");
	is_exec("a <>b", "no", "both ways");
	is_exec("a <<b", "no", "a here-document");
	is_exec("a <<<b", "no", "a here-string");
	is_exec("a <(b)", "no", "a substituted process");
	is_exec("a > \"$b\"", "no", "a file that is expanded");
	is_exec("a > b*", "no", "a pattern for a file");
	is_exec("a > ~/b", "no", "a tilde for a file");
	is_exec("a > ''", "no", "a file without a name");
	is_exec("a >", "no", "no file");
	is_exec("> a", "no", "no program");
	is_exec("a=b > c", "no", "an assignment and a file");
	is_exec("a > /dev/tcp/h/1", "no", "a file that is none");
	is_exec("a > /dev/null 2>&1", "a 1>/dev/null 2>&1", "nowhere");
}

int
main(void)
{
	test_contexts();
	test_substitutions();
	test_one_word();
	test_heredocs();
	test_refusals();
	test_unsure();
	test_quoting();
	test_exec();
	test_redirections();
	return done_testing();
}
