/*
 * Properties of shell texts, against the real shells.
 *
 * Quoting: a random text with random holes is written twice, with harmless
 * words and with hostile ones.  The shell runs both; what its commands were
 * called with must be the same but for the words themselves, however deep in
 * quotes and substitutions they stand.  Without a shell: each text that needs
 * none gives the program the same words as the shell does.
 *
 * The cases are the same each time, so that a failure is no matter of luck:
 * FLOWMAKE_SEED gives others, FLOWMAKE_CASES more.
 */
#include "base/base.h"
#include "model/shell-text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/strbuf.h"
#include "base/strvec.h"
#include "tap.h"

enum { MAX_HOLES = 8, BATCH = 400 };

static uint64_t seed;

/* A number below N. */
static unsigned
pick(unsigned n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned)((seed >> 20) % n);
}

struct text {
	struct strbuf text;
	size_t holes[MAX_HOLES];
	enum wire_quote quotes[MAX_HOLES];
	size_t words[MAX_HOLES]; /* how many each stands for */
	size_t count;
};

/* Whole commands, and parts of them to be thrown together; % is a hole. */
static const char *const commands[] = {
	"w % a\n", "w 'a%b' \"c%d\" %\n", "w \"$(w '%' \"%\" %)%\"\n",
	"w %%\n", "v=% w $x\n", "v=a%\nw \"$v\" %\n", "w a%b \"%\"'%'%\n",
	"case % in (%) w % ;; esac\n", "case a in b|c) w ;; a) w %; esac\n",
	"for i in a % b; do w \"$i\" %; done\n", "w <<E %\nit's $(w)\nE\n",
	"w <<-'E' '%'\n\t$(%\n\tE\nw %\n", "w # it's\nw %\n",
	"{ w %; } && ( w '%' )\n", "f() { w % \"$@\"; }; f %\n",
	"w \"${x:-\"a b\"}\" % $((1 + (2)))\n", "w `w a` % \\\n %\n",
	"w $x% ${x}% \"${x}%\" \"\\$%\" a\\\\%\n", "w % >%\n",
	"if w %; then w \"%\"; else w; fi\n", "w a; % && w\n",
	"w $(case a in a) w %;; esac) %\n", "% w if %\n", "w ~% %~ =%\n",
	"! w '%' | w \"%\" || w %\n", "w #{%} {a,%} [%] *%* ?%\n",
};

static const char *const bash_commands[] = {
	"a=(v % [7]=% y)\nw \"${a[@]}\" %\n", "w <<< % <(w %)\n",
	"[[ % == % ]] && w %\n", "[[ a =~ ^(%|a)$ ]]; w %\n",
	"w $'a\\n' % &>%\n", "((1 < 2)) && w %\n", "w $\"a\"%\n",
	"for ((i=0;i<2;i++)); do w %; done\n", "v+=% y[1]=% w %\n",
	"function g { w %; }; g\n", "w {a,%,b} {c,'%',\"%\"}\n",
	"declare y=% z=a\nw \"$y\"\n", "[[ -n % && a < % ]]; w %\n",
	"time -p w %\n", "shopt -s extglob\nw @(a|%) +(%)\n",
};

static const char *const parts[] = {
	"%", "%", "%", "%", "%", "%", "%", " ", " ", " ", " ", "w ", "w ",
	"w ", "\nw ", ";w ", "'", "'", "\"", "\"", "\"", "$(", "$(w ", ")",
	")", "(", "`", "\\", "\\\\", "\n", "\n", "#", " #", "${x:-", "${x#",
	"${x}", "}", "{ ", "; }", "$x", "$", "$((", "))", "((", "<<E ",
	"<<'E' ", "<<-E ", "\nE\n", "\n\tE\n", "<", ">", "<(", ">&", "&&",
	"||", "|", "&", ";", ";;", "v=", "a=(", "v[", "]", "=", "+",
	"case x in ", " x) ", "(x) ", "esac", " esac\n", " in ", "for i in ",
	"; do ", "; done\n", "if ", "; then ", "; fi\n", "[[ ",
	" ]]", " == ", " =~ ", " -eq ", "!", "f() ", "function f ", "time ",
	"@(", "a", "b", "E", "1", "-", "~", "*", "{", ",", "$'", "$\"",
	"<<<", "\t", "\\\n", "$[", "$#", "$@", "do ", "then ", "else ",
	"EOF", "if", "\nE\nw %\n", "'%'", "\"%\"", "$(w % '%' \"%\")",
};

/* Append PART, noting its holes. */
static void
add_part(struct text *t, const char *part)
{
	for (; *part; part++)
		if (*part != '%')
			strbuf_addch(&t->text, *part);
		else if (t->count < MAX_HOLES)
			t->holes[t->count++] = t->text.len;
}

static void
make_text(struct text *t, bool posix)
{
	unsigned n, kind = pick(4);

	t->count = 0;
	strbuf_reset(&t->text);
	if (kind) {
		for (n = 1 + pick(12); n; n--)
			add_part(t, parts[pick(ARRAY_SIZE(parts))]);
		if (kind > 1)
			add_part(t, "\nw end\n");
		return;
	}
	for (n = 1 + pick(2); n; n--)
		if (posix || pick(2))
			add_part(t, commands[pick(ARRAY_SIZE(commands))]);
		else
			add_part(t, bash_commands[pick(
				ARRAY_SIZE(bash_commands))]);
}

/* A word that would do harm, were it read as anything but data. */
static void
make_word(struct strbuf *sb)
{
	static const char *const hostile[] = {
		"'; w PWNED; '", "\"; w PWNED; \"", "$(w PWNED)", "`w PWNED`",
		"\nw PWNED\n", ") w PWNED", "\nE\nw PWNED\n", "if", "esac",
		"-n", "~", "*", "{a,b}", "x=1", "\\", "'", "\"", "$x", "${x}",
		"#", "a b", "\x81", "\xe2\x82", "\xff\\", "2", "!!", "]]",
		"<(w PWNED)", "((", "}", "$'", "\t", "\r\n", "--", "in", "\x01",
		"\x7f", "x[$(w PWNED)]", ";;", "&", "|", "*)", "\x81'", "!",
	};
	unsigned n;
	char c;

	for (n = pick(4); n; n--) {
		if (pick(4)) {
			strbuf_adds(sb, hostile[pick(ARRAY_SIZE(hostile))]);
			continue;
		}
		/* Not by chance the name of a command. */
		c = (char)(1 + pick(255));
		strbuf_addch(sb, strchr(":.[wfg", c) ? '%' : c);
	}
}

/* Write the text with words from make_word or, when WORDS is empty, with
 * markers, and append the words that stand for each marker. */
static void
fill(struct text *t, struct strbuf *out, bool markers, struct strvec *words)
{
	const char *v[3];
	struct strbuf word = STRBUF_INIT;
	size_t lens[3], hole, i, at = 0, first;

	for (hole = 0; hole < t->count; hole++) {
		strbuf_add(out, t->text.buf + at, t->holes[hole] - at);
		at = t->holes[hole];
		first = words->count;
		for (i = 0; i < t->words[hole]; i++) {
			strbuf_reset(&word);
			if (markers)
				strbuf_addf(&word, "M%zu_%zuM", hole, i);
			else
				make_word(&word);
			/* Nothing before w would make it the command. */
			if (!word.len && strchr("w'\"\\$", t->text.buf[at]))
				strbuf_addch(&word, 'e');
			strvec_push_len(words, word.buf, word.len);
		}
		for (i = 0; i < t->words[hole]; i++) {
			v[i] = words->v[first + i];
			lens[i] = strlen(v[i]);
		}
		shell_quote_words(out, t->quotes[hole], v, lens,
				  t->words[hole], NULL);
	}
	strbuf_add(out, t->text.buf + at, t->text.len - at);
	strbuf_release(&word);
}

static void
write_file(const char *name, const struct strbuf *sb)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || write(fd, sb->buf, sb->len) != (ssize_t)sb->len ||
	    close(fd)) {
		printf("Bail out! %s: %s\n", name, strerror(errno));
		exit(2);
	}
}

static void
read_file(const char *name, struct strbuf *sb)
{
	char buf[65536];
	ssize_t n;
	int fd = open(name, O_RDONLY);

	while (fd >= 0 && (n = read(fd, buf, sizeof(buf))) > 0)
		strbuf_add(sb, buf, n);
	if (fd >= 0)
		close(fd);
}

/* In the child: redirect as FILES say. */
static bool
redirect(const struct shell_redirections *files)
{
	static const int flags[] = {
		[SHELL_READ] = O_RDONLY,
		[SHELL_WRITE] = O_WRONLY | O_CREAT | O_TRUNC,
		[SHELL_APPEND] = O_WRONLY | O_CREAT | O_APPEND,
	};
	size_t i;

	for (i = 0; i < files->count; i++) {
		const struct shell_redirection *r = &files->v[i];
		int fd = r->kind == SHELL_JOIN ? 1 :
			 open(r->path, flags[r->kind], 0666);

		if (fd < 0 || dup2(fd, r->fd) < 0)
			return false;
	}
	return true;
}

/* Run ARGV with stdin empty and stdout in the file OUT, then redirected as
 * FILES say, if there are any; its wait status. */
static int
run(const char *const *argv, const char *out,
    const struct shell_redirections *files)
{
	int status, fd, alive[2];
	char c;
	pid_t pid;

	fflush(stdout);
	if (pipe(alive))
		return -1;
	pid = fork();
	if (!pid) {
		fd = open("/dev/null", O_RDWR);
		dup2(fd, 0);
		dup2(fd, 2);
		fd = open(out, O_WRONLY | O_CREAT | O_TRUNC, 0600);
		dup2(fd, 1);
		if (files && !redirect(files))
			_exit(127);
		execvp(argv[0], (char *const *)argv);
		_exit(127);
	}
	/* Processes in the background hold the pipe until they are done. */
	close(alive[1]);
	while (waitpid(pid, &status, 0) < 0 || read(alive[0], &c, 1) > 0)
		;
	close(alive[0]);
	return status;
}

/* Runs every case in a shell of its own; w writes down what it was called
 * with, as one record. */
static const char driver[] =
	"ulimit -t 60\n"
	"w() { printf '%s\\001' \"($#\" \"$@\" END >&9; }\n"
	"x=X; i=0; n=$1; mkdir d; cd d\n"
	"while [ $i -lt $n ]; do\n"
	"for k in m h; do\n"
	"( set -uf; exec 9>../log-$k-$i; . ../$k-$i ) >/dev/null 2>&1 "
	"</dev/null\n"
	"done; i=$((i + 1)); done\n";

/* Put the words for the markers in LOG. */
static void
replace_markers(struct strbuf *log, const struct text *t,
		const struct strvec *words)
{
	struct strbuf out = STRBUF_INIT;
	size_t i = 0, hole, word, skip, h;
	int n;

	while (i < log->len) {
		n = 0;
		if (log->buf[i] == 'M')
			sscanf(log->buf + i, "M%zu_%zuM%n", &hole, &word, &n);
		if (!n) {
			strbuf_addch(&out, log->buf[i++]);
			continue;
		}
		for (skip = word, h = 0; h < hole; h++)
			skip += t->words[h];
		strbuf_adds(&out, words->v[skip]);
		i += n;
	}
	strbuf_release(log);
	*log = out;
}

/* Split LOG into its records, sorted: some were written at the same time. */
static void
add_records(struct strvec *records, const struct strbuf *log)
{
	const char *p = log->buf, *end;

	while ((end = strstr(p, "\001END\001"))) {
		strvec_push_len(records, p, end - p);
		p = end + 5;
	}
	strvec_push(records, p);
	strvec_sort(records);
}

/* Whether the two logs hold the same records. */
static bool
is_same(const struct strbuf *a, const struct strbuf *b)
{
	struct strvec one = STRVEC_INIT, two = STRVEC_INIT;
	bool same;
	size_t i;

	add_records(&one, a);
	add_records(&two, b);
	same = one.count == two.count;
	for (i = 0; same && i < one.count; i++)
		same = !strcmp(one.v[i], two.v[i]);
	strvec_release(&one);
	strvec_release(&two);
	return same;
}

static int
compare_bytes(const void *a, const void *b)
{
	return *(const char *)a - *(const char *)b;
}

/* Whether the logs hold the same bytes, and sort those: commands that run at
 * the same time may write in turn, as bash flushes each line. */
static bool
is_same_mixed(struct strbuf *a, struct strbuf *b)
{
	qsort(a->buf, a->len, 1, compare_bytes);
	qsort(b->buf, b->len, 1, compare_bytes);
	return a->len == b->len && !memcmp(a->buf, b->buf, a->len);
}

/* Whether what TEXT does may rightly depend on its words: it compares them,
 * or opens files. */
static bool
is_dependent(const char *text)
{
	char last = 0;

	if (strstr(text, "[[") || strstr(text, "case"))
		return true;
	for (; *text; last = *text++)
		if (strchr("<>", *text) && text[1] != '(' && text[1] != '<' &&
		    last != '<')
			return true;
	return false;
}

struct tally {
	size_t texts, accepted, holes, called, wrong;
};

/* Compare what case I did with markers and with words. */
static void
compare(size_t i, const struct text *t, const struct strvec *words,
	struct tally *tally)
{
	struct strbuf want = STRBUF_INIT, got = STRBUF_INIT;
	char name[64];
	size_t k;

	snprintf(name, sizeof(name), "log-m-%zu", i);
	read_file(name, &want);
	snprintf(name, sizeof(name), "log-h-%zu", i);
	read_file(name, &got);
	tally->called += strstr(want.buf, "M0_") || strstr(want.buf, "M1_");
	replace_markers(&want, t, words);
	if (strstr(got.buf, "(1\001PWNED\001END") ||
	    (!is_dependent(t->text.buf) && !is_same(&want, &got) &&
	     (!strpbrk(t->text.buf, "|&<>") ||
	      !is_same_mixed(&want, &got)))) {
		tally->wrong++;
		printf("# text, a hole before each of");
		for (k = 0; k < t->count; k++)
			printf(" %zu%c", t->holes[k], "bsdrw"[t->quotes[k]]);
		printf(": <<%s>>\n# want <<%s>>\n# got  <<%s>>\n",
		       t->text.buf, want.buf, got.buf);
	}
	strbuf_release(&want);
	strbuf_release(&got);
}

/* Fill BATCH texts and let SHELL run them. */
static void
run_batch(const char *const *shell, bool posix, struct tally *tally)
{
	static struct text texts[BATCH];
	static struct strvec words[BATCH], markers;
	const char *argv[8], *why;
	struct strbuf out = STRBUF_INIT;
	size_t i, h, bad, n = 0;
	char name[64];

	while (n < BATCH) {
		struct text *t = &texts[n];

		if (!t->text.buf)
			strbuf_init(&t->text);
		make_text(t, posix);
		tally->texts++;
		if (!t->count ||
		    shell_text_scan(t->text.buf, t->text.len, t->holes,
				    t->count, t->quotes, &bad, &why))
			continue;
		for (h = 0; h < t->count; h++)
			t->words[h] = t->quotes[h] == WIRE_QUOTE_WORD ||
					      pick(3) ? 1 : pick(4);
		strvec_clear(&words[n]);
		for (i = 0; i < 2; i++) {
			strvec_clear(&markers);
			snprintf(name, sizeof(name), "%c-%zu", "mh"[i], n);
			strbuf_reset(&out);
			fill(t, &out, !i, i ? &words[n] : &markers);
			write_file(name, &out);
		}
		tally->holes += t->count;
		n++;
	}
	snprintf(name, sizeof(name), "%zu", n);
	for (i = 0; shell[i]; i++)
		argv[i] = shell[i];
	argv[i++] = driver;
	argv[i++] = "driver";
	argv[i++] = name;
	argv[i] = NULL;
	if (run(argv, "out", NULL))
		ok(false, "%s runs its cases", shell[0]);
	for (i = 0; i < n; i++)
		compare(i, &texts[i], &words[i], tally);
	tally->accepted += n;
	strbuf_release(&out);
	if (system("rm -rf d log-* m-* h-*"))
		ok(false, "the cases can be removed");
}

static void
test_quoting(const char *const *shell, bool posix, unsigned cases)
{
	struct tally tally = { 0 };

	while (tally.accepted < cases)
		run_batch(shell, posix, &tally);
	printf("# %s: %zu of %zu texts accepted, %zu holes; words of %zu "
	       "texts reached a command\n", shell[0], tally.accepted,
	       tally.texts, tally.holes, tally.called);
	ok(!tally.wrong, "%s takes all values as data", shell[0]);
	ok(tally.called * 8 > tally.accepted, "and enough of them were seen");
}

/* ---- texts that need no shell ---- */

/* Texts for shell_text_is_exec; the program prints its words. */
static void
make_simple(struct strbuf *sb)
{
	static const char *const pieces[] = {
		" ", " ", " ", "\t", "a", "b=", "'c d'", "\"e f\"", "\\'",
		"\\g", "-x", "/y", ".", "%", "+", ":", "@", "'", "\"", "\\",
		"''", "'\n'", "~", "{a,b}", "$", "*", "!", "#", "^", "=", ",",
		"\xc3\xa9", "'\xc3\xa9\x81'", "\n", ";", "\"!\"", "\x01",
		"1", "[a]", "?", "'$x`*'", "\"*?[~\"", "%1", "\r",
		"<", ">", ">>", "2>", "2>>", "2>&1", "< in", "<in ", "> new",
		">>old ", "> old", "2> why", "&", "| ", "in", "2", "./in",
		"< gone", "> no/where", "/dev/null", "> /dev/null", "<>",
	};
	unsigned n;

	strbuf_reset(sb);
	if (!pick(8))
		strbuf_adds(sb, pick(2) ? "> first " : "<in ");
	strbuf_adds(sb, pick(8) ? "./show" : "show");
	for (n = pick(8); n; n--) {
		if (pick(2))
			strbuf_addch(sb, ' ');
		strbuf_adds(sb, pieces[pick(ARRAY_SIZE(pieces))]);
	}
}

static void
write_text(const char *name, const char *text)
{
	struct strbuf sb = STRBUF_INIT;

	strbuf_adds(&sb, text);
	write_file(name, &sb);
	strbuf_release(&sb);
}

/* A directory as each text finds it, in which we are then. */
static void
enter_case(void)
{
	if (system("rm -rf case") || mkdir("case", 0700) || chdir("case"))
		ok(false, "a case has a directory");
	write_text("show", "#!/bin/sh\nprintf '%s|' $# \"$@\"\ncat\n"
		   "echo problem >&2\nexit $#\n");
	chmod("show", 0700);
	write_text("in", "what is read\n");
	write_text("old", "what was there\n");
}

/* Leave it, and put into SEEN what is there: names and bytes. */
static void
leave_case(struct strbuf *seen)
{
	struct dirent **names;
	int i, n = scandir(".", &names, NULL, alphasort);

	strbuf_reset(seen);
	for (i = 0; i < n; i++) {
		strbuf_addf(seen, "[%s]", names[i]->d_name);
		if (names[i]->d_type == DT_REG)
			read_file(names[i]->d_name, seen);
		free(names[i]);
	}
	free(names);
	if (chdir(".."))
		ok(false, "a case can be left");
}

/* Compare TEXT, whose words are ARGV and FILES, with what SHELL, whose last
 * argument it becomes, does.  Returns whether they differ. */
static bool
differs(const char *text, const struct strvec *argv,
	const struct shell_redirections *files, const char *const *shell)
{
	struct strbuf a = STRBUF_INIT, b = STRBUF_INIT;
	const char *words[8];
	int one, two = 0, i;

	for (i = 0; shell[i]; i++)
		words[i] = shell[i];
	words[i] = text;
	words[i + 1] = NULL;
	enter_case();
	one = run((const char *const *)argv->v, "out", files);
	leave_case(&a);
	/* Not executed: the caller would take the shell. */
	if (WEXITSTATUS(one) != 127) {
		enter_case();
		two = run(words, "out", NULL);
		leave_case(&b);
	}
	if (WEXITSTATUS(one) != 127 && (one != two || a.len != b.len ||
					memcmp(a.buf, b.buf, a.len))) {
		printf("# <<%s>> status %d %d\n# %s <<%s>>\n# got  <<%s>>\n",
		       text, one, two, shell[0], b.buf, a.buf);
		two = -1;
	}
	strbuf_release(&a);
	strbuf_release(&b);
	return two < 0;
}

static void
test_exec(unsigned cases, const char *const *shell)
{
	struct strbuf text = STRBUF_INIT;
	struct strvec argv = STRVEC_INIT;
	struct shell_redirections files = { .count = 0 };
	unsigned direct = 0, redirected = 0, wrong = 0, tries = 0;

	while (direct < cases) {
		tries++;
		make_simple(&text);
		strvec_clear(&argv);
		shell_redirections_clear(&files);
		if (!shell_text_is_exec(text.buf, text.len, &argv, &files))
			continue;
		direct++;
		redirected += files.count > 0;
		wrong += differs(text.buf, &argv, &files, shell);
	}
	printf("# %u of %u texts need no shell, %u of them redirect\n", direct,
	       tries, redirected);
	ok(!wrong, "a text without a shell does what %s does with it",
	   shell[0]);
	ok(redirected * 8 > direct, "and enough of them redirect");
	strbuf_release(&text);
	strvec_release(&argv);
	shell_redirections_clear(&files);
}

int
main(void)
{
	static const char *const bash[] = { "bash", "-c", NULL };
	static const char *const dash[] = { "dash", "-c", NULL };
	static const char *const strict_bash[] = { "bash", "-euo", "pipefail",
						   "-c", NULL };
	static const char *const strict_dash[] = { "dash", "-euc", NULL };
	const char *set = getenv("FLOWMAKE_SEED");
	const char *cases = getenv("FLOWMAKE_CASES");
	unsigned n = cases ? (unsigned)atoi(cases) : 3 * BATCH;
	char dir[] = "/tmp/shell-property-XXXXXX";
	char *remove;

	seed = set ? strtoull(set, NULL, 0) : 2654435761;
	printf("# FLOWMAKE_SEED=%" PRIu64 "\n", seed);
	if (!mkdtemp(dir) || chdir(dir)) {
		printf("Bail out! no directory: %s\n", strerror(errno));
		return 2;
	}
	test_quoting(bash, false, n);
	if (!system("command -v dash >/dev/null"))
		test_quoting(dash, true, n);
	test_exec(n / 12, strict_bash);
	if (!system("command -v dash >/dev/null"))
		test_exec(n / 12, strict_dash);
	remove = xasprintf("rm -rf %s", dir);
	if (chdir("/") || system(remove))
		printf("# %s is left\n", dir);
	free(remove);
	return done_testing();
}
