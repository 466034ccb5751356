/*
 * The environment of a task.  What a shell does to variables was found by
 * setting each that it knows and looking at what its child got.
 */
#include "base/base.h"

#include "exec/environment.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cbor.h"
#include "base/error.h"
#include "base/strbuf.h"
#include "exec/slot.h"
#include "exec/spec.h"
#include "sys/programs.h"

/* What every task gets, in the first places of every environment. */
enum own_variable {
	OWN_RUN_ID,
	OWN_STEP,
	OWN_SPLIT,
	OWN_ATTEMPT,
	OWN_TASK,
	OWN_TMPDIR,
	OWN_COUNT
};

static const char *const own_names[OWN_COUNT] = {
	[OWN_RUN_ID] = "FLOWMAKE_RUN_ID",
	[OWN_STEP] = "FLOWMAKE_STEP",
	[OWN_SPLIT] = "FLOWMAKE_SPLIT",
	[OWN_ATTEMPT] = "FLOWMAKE_ATTEMPT",
	[OWN_TASK] = "FLOWMAKE_TASK",
	[OWN_TMPDIR] = "TMPDIR",
};

/* Ours, and no task's business; so are the options of a make that has started
 * us: its job server is closed to tasks. */
static const char *const private_names[] = {
	"FLOWMAKE_SCM_PATH", "FLOWMAKE_GO_PATH", "FLOWMAKE_LIBEXEC",
	"MAKEFLAGS", "MFLAGS",
};

/* Bash gives these another value, or acts upon them. */
static const char *const bash_names[] = {
	"COMP_WORDBREAKS", "DIRSTACK", "EPOCHREALTIME", "EPOCHSECONDS",
	"EUID", "FUNCNAME", "FUNCNEST", "GROUPS", "HISTCMD", "IFS", "LINENO",
	"OPTARG", "OPTERR", "OPTIND", "POSIXLY_CORRECT", "PPID", "PS4",
	"RANDOM", "SECONDS", "SHELLOPTS", "SRANDOM", "UID",
};

/* Bash sets these itself, or takes them away. */
static const char *const reset_names[] = {
	"_", "OLDPWD", "PS1", "PS2", "PWD", "SHLVL",
};

/* Dash gives these another value. */
static const char *const dash_names[] = { "IFS", "OPTIND", "PPID" };

/* A growing NULL-terminated vector of borrowed strings. */
struct entries {
	char **v;
	size_t count;
	size_t alloc;
};

/* What programs get in the place of a shell. */
struct place {
	bool can_be_taken;         /* we know all that the shell would do */
	struct entries entries;    /* as plain; of bash with one for "_" */
};

struct environment {
	struct strbuf own[OWN_COUNT];
	struct strbuf program;     /* "_=PATH" */
	struct entries plain;      /* OWN_COUNT places, then the rest */
	struct place places[SHELL_KINDS];
	struct entries mixed;      /* with a step's variables */
	char **made;               /* strings of places that we made */
	size_t made_count;
	struct strbuf step;        /* strings of mixed */
	struct strbuf shell;       /* a shell that was looked at, */
	bool is_dash;              /* and what it is */
	struct programs *programs;
};

/* ---- entries ---- */

static void
add_entry(struct entries *e, char *entry)
{
	if (e->count + 1 >= e->alloc) {
		e->alloc = e->alloc ? e->alloc * 2 : 64;
		e->v = xrealloc(e->v, e->alloc * sizeof(*e->v));
	}
	e->v[e->count++] = entry;
	e->v[e->count] = NULL;
}

/* Whether ENTRY, "NAME=VALUE", sets NAME. */
static bool
sets(const char *entry, const char *name)
{
	size_t len = strlen(name);

	return !strncmp(entry, name, len) && entry[len] == '=';
}

static bool
sets_any(const char *entry, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (sets(entry, names[i]))
			return true;
	return false;
}

static bool
is_bash_business(const char *entry)
{
	return !strncmp(entry, "BASH", 4) ||
	       sets_any(entry, bash_names, ARRAY_SIZE(bash_names));
}

/* Dash drops what no variable of its own could be called. */
static bool
is_dash_business(const char *entry)
{
	size_t len = strcspn(entry, "=");

	for (size_t i = 0; i < len; i++)
		if (entry[i] != '_' && !isalnum((unsigned char)entry[i]))
			return true;
	return !len || !entry[len] || isdigit((unsigned char)*entry) ||
	       sets_any(entry, dash_names, ARRAY_SIZE(dash_names));
}

/* The value of NAME in V, or NULL. */
static const char *
value_of(char *const *v, const char *name)
{
	for (; *v; v++)
		if (sets(*v, name))
			return *v + strlen(name) + 1;
	return NULL;
}

/* ---- what shells do ---- */

static void
add_made(struct environment *e, struct entries *to, char *entry)
{
	e->made = xrealloc(e->made, (e->made_count + 1) * sizeof(*e->made));
	e->made[e->made_count++] = entry;
	add_entry(to, entry);
}

/* PWD stays if it is a name of the current directory. */
static bool
add_pwd(struct environment *e, struct entries *to, const char *given)
{
	struct stat here, there;
	char *real;

	if (given && *given == '/' && !stat(".", &here) &&
	    !stat(given, &there) && here.st_dev == there.st_dev &&
	    here.st_ino == there.st_ino) {
		add_made(e, to, xasprintf("PWD=%s", given));
		return true;
	}
	real = getcwd(NULL, 0);
	if (!real)
		return false;
	add_made(e, to, xasprintf("PWD=%s", real));
	free(real);
	return true;
}

/* SHLVL counts one up for the shell and one down for the program that takes
 * its place; what is no such number bash should see itself. */
static bool
add_shlvl(struct environment *e, struct entries *to, const char *given)
{
	size_t len = given ? strlen(given) : 1;

	if (given && (!len || len > 2 || strspn(given, "0123456789") != len))
		return false;
	add_made(e, to, xasprintf("SHLVL=%d", given ? atoi(given) : 0));
	return true;
}

/* Prepare the environment of programs that take bash's place. */
static bool
prepare_bash(struct environment *e, char *const *envp)
{
	struct entries *to = &e->places[SHELL_BASH].entries;
	const char *oldpwd = value_of(envp, "OLDPWD");
	struct stat st;

	for (size_t i = 0; i <= OWN_COUNT; i++)
		add_entry(to, i < OWN_COUNT ? e->plain.v[i] : NULL);
	for (char **p = e->plain.v + OWN_COUNT; *p; p++) {
		if (is_bash_business(*p))
			return false;
		if (!sets_any(*p, reset_names, ARRAY_SIZE(reset_names)))
			add_entry(to, *p);
	}
	if (oldpwd && !stat(oldpwd, &st) && S_ISDIR(st.st_mode))
		add_made(e, to, xasprintf("OLDPWD=%s", oldpwd));
	return add_pwd(e, to, value_of(envp, "PWD")) &&
	       add_shlvl(e, to, value_of(envp, "SHLVL"));
}

static bool
prepare_dash(struct environment *e, char *const *envp)
{
	struct entries *to = &e->places[SHELL_DASH].entries;

	for (size_t i = 0; i < OWN_COUNT; i++)
		add_entry(to, e->plain.v[i]);
	for (char **p = e->plain.v + OWN_COUNT; *p; p++) {
		if (is_dash_business(*p))
			return false;
		if (!sets(*p, "PWD"))
			add_entry(to, *p);
	}
	return add_pwd(e, to, value_of(envp, "PWD"));
}

/* ---- making one ---- */

struct environment *
environment_new(char *const *envp, struct programs *programs)
{
	struct environment *e = xcalloc(1, sizeof(*e));

	e->programs = programs;
	for (size_t i = 0; i < OWN_COUNT; i++) {
		strbuf_init(&e->own[i]);
		add_entry(&e->plain, strbuf_empty);
	}
	strbuf_init(&e->program);
	strbuf_init(&e->step);
	strbuf_init(&e->shell);
	for (char *const *p = envp; *p; p++)
		if (!sets_any(*p, own_names, OWN_COUNT) &&
		    !sets_any(*p, private_names, ARRAY_SIZE(private_names)))
			add_entry(&e->plain, *p);
	e->places[SHELL_BASH].can_be_taken = prepare_bash(e, envp);
	e->places[SHELL_DASH].can_be_taken = prepare_dash(e, envp);
	return e;
}

void
environment_free(struct environment *e)
{
	if (!e)
		return;
	for (size_t i = 0; i < OWN_COUNT; i++)
		strbuf_release(&e->own[i]);
	for (size_t i = 0; i < e->made_count; i++)
		free(e->made[i]);
	strbuf_release(&e->program);
	strbuf_release(&e->step);
	strbuf_release(&e->shell);
	free(e->made);
	free(e->plain.v);
	for (size_t i = 0; i < SHELL_KINDS; i++)
		free(e->places[i].entries.v);
	free(e->mixed.v);
	free(e);
}

/* ---- for one task ---- */

static void
set_text(struct strbuf *sb, const char *name, const char *value)
{
	strbuf_reset(sb);
	strbuf_adds(sb, name);
	strbuf_addch(sb, '=');
	strbuf_adds(sb, value);
}

static void
set_number(struct strbuf *sb, const char *name, uint32_t value)
{
	strbuf_reset(sb);
	strbuf_addf(sb, "%s=%" PRIu32, name, value);
}

/* Fill in what every task gets. */
static int
set_own(struct environment *e, const struct task_spec *spec,
	const struct slot *slot, struct error *err)
{
	for (size_t i = 0; i < spec->secret_count; i++)
		if (!value_of(e->plain.v + OWN_COUNT, spec->secrets[i]))
			return error_set(err, "secret '%s' is not set in "
					 "flowmake's environment",
					 spec->secrets[i]);
	set_number(&e->own[OWN_RUN_ID], own_names[OWN_RUN_ID], spec->run);
	set_text(&e->own[OWN_STEP], own_names[OWN_STEP], spec->step);
	set_text(&e->own[OWN_SPLIT], own_names[OWN_SPLIT], spec->split);
	set_number(&e->own[OWN_ATTEMPT], own_names[OWN_ATTEMPT],
		   spec->attempt);
	set_text(&e->own[OWN_TASK], own_names[OWN_TASK], slot->json_path);
	set_text(&e->own[OWN_TMPDIR], own_names[OWN_TMPDIR], slot->tmp_path);
	return 0;
}

/* Whether SPEC's own variables set the variable of ENTRY. */
static bool
step_sets(const struct task_spec *spec, const char *entry)
{
	for (size_t i = 0; i < spec->environment_count; i++)
		if (sets(entry, spec->environment[i].name))
			return true;
	return false;
}

/* Mix BASE with the variables of the step, which win; of one that is given
 * twice the last. */
static char *const *
mix(struct environment *e, const struct task_spec *spec, char *const *base)
{
	const struct spec_variable *v = spec->environment;
	size_t size = 0, n = spec->environment_count;

	e->mixed.count = 0;
	for (; *base; base++)
		if (!step_sets(spec, *base))
			add_entry(&e->mixed, *base);
	for (size_t i = 0; i < n; i++)
		size += strlen(v[i].name) + strlen(v[i].value) + 2;
	/* Room for all first: the entries point into it. */
	strbuf_reset(&e->step);
	strbuf_grow(&e->step, size);
	for (size_t i = 0; i < n; i++) {
		bool again = false;

		for (size_t j = i + 1; j < n; j++)
			again |= !strcmp(v[i].name, v[j].name);
		if (again)
			continue;
		add_entry(&e->mixed, e->step.buf + e->step.len);
		strbuf_adds(&e->step, v[i].name);
		strbuf_addch(&e->step, '=');
		strbuf_add(&e->step, v[i].value, strlen(v[i].value) + 1);
	}
	return e->mixed.v;
}

char *const *
environment_of(struct environment *e, const struct task_spec *spec,
	       const struct slot *slot, enum shell_kind replaced,
	       const char *program, struct error *err)
{
	struct entries *base = replaced ? &e->places[replaced].entries :
					  &e->plain;

	if (set_own(e, spec, slot, err) < 0)
		return NULL;
	for (size_t i = 0; i < OWN_COUNT; i++)
		base->v[i] = e->own[i].buf;
	if (replaced == SHELL_BASH) {
		set_text(&e->program, "_", program);
		base->v[OWN_COUNT] = e->program.buf;
	}
	if (spec->environment_count)
		return mix(e, spec, base->v);
	return base->v;
}

int
environment_put(struct environment *e, const struct task_spec *spec,
		const struct slot *slot, struct strbuf *sb, struct error *err)
{
	if (set_own(e, spec, slot, err) < 0)
		return -1;
	cbor_put_array(sb, OWN_COUNT + spec->environment_count);
	for (size_t i = 0; i < OWN_COUNT; i++) {
		cbor_put_array(sb, 2);
		cbor_put_str(sb, own_names[i]);
		cbor_put_str(sb, e->own[i].buf + strlen(own_names[i]) + 1);
	}
	for (size_t i = 0; i < spec->environment_count; i++) {
		cbor_put_array(sb, 2);
		cbor_put_str(sb, spec->environment[i].name);
		cbor_put_str(sb, spec->environment[i].value);
	}
	return 0;
}

/* ---- finding a program as a shell does ---- */

/* Whether ENTRY leaves the shell KIND nothing to do. */
static bool
allows(enum shell_kind kind, const char *entry)
{
	if (kind == SHELL_DASH)
		return !is_dash_business(entry) && !sets(entry, "PWD");
	return !is_bash_business(entry) &&
	       !sets_any(entry, reset_names, ARRAY_SIZE(reset_names));
}

/* Whether the variables of SPEC's step do. */
static bool
step_allows(enum shell_kind kind, const struct task_spec *spec)
{
	struct strbuf sb = STRBUF_INIT;
	bool allowed = true;

	for (size_t i = 0; allowed && i < spec->environment_count; i++) {
		set_text(&sb, spec->environment[i].name, "");
		allowed = allows(kind, sb.buf);
	}
	strbuf_release(&sb);
	return allowed;
}

/* The PATH that SPEC's task sees, or NULL. */
static const char *
path_of(const struct environment *e, const struct task_spec *spec)
{
	for (size_t i = spec->environment_count; i; i--)
		if (!strcmp(spec->environment[i - 1].name, "PATH"))
			return spec->environment[i - 1].value;
	return value_of(e->plain.v + OWN_COUNT, "PATH");
}

/* Append to FILE where NAME is along PATH.  False when a shell has to be
 * asked. */
static bool
search_path(const struct environment *e, const char *path, const char *name,
	    struct strbuf *file)
{
	size_t len, start = file->len;
	const char *dir = path;
	struct stat st;

	for (; *dir == '/'; dir += len + 1) {
		len = strcspn(dir, ":");
		strbuf_truncate(file, start);
		strbuf_add(file, dir, len);
		strbuf_addch(file, '/');
		strbuf_adds(file, name);
		if (!stat(file->buf + start, &st)) {
			/* One that is not executable it may go past. */
			if (!S_ISREG(st.st_mode) ||
			    access(file->buf + start, X_OK))
				return false;
			programs_put(e->programs, path, dir + len, name,
				     file->buf + start);
			return true;
		}
		if (!dir[len])
			break;
	}
	return false;
}

bool
environment_find(const struct environment *e, const struct task_spec *spec,
		 const char *name, struct strbuf *path)
{
	const char *dirs = path_of(e, spec), *known;
	struct stat st;

	if (!dirs)
		return false;
	if (strchr(name, '/')) {
		strbuf_adds(path, name);
		return !stat(name, &st) && S_ISREG(st.st_mode) &&
		       !access(name, X_OK);
	}
	known = programs_get(e->programs, dirs, name);
	if (!known)
		return search_path(e, dirs, name, path);
	strbuf_adds(path, known);
	return true;
}

/* ---- which shell ---- */

static bool
is_default_shell(char *const *argv)
{
	const char *const *shell = spec_default_shell;

	if (!argv)
		return true;
	for (; *argv && *shell; argv++, shell++)
		if (strcmp(*argv, *shell))
			return false;
	return !*argv && !*shell;
}

/* Whether the program FILE is dash by another name. */
static bool
leads_to_dash(const char *file)
{
	char *real = realpath(file, NULL);
	const char *base = real ? strrchr(real, '/') : NULL;
	bool leads = base && !strcmp(base, "/dash");

	free(real);
	return leads;
}

/* Whether SPEC's shell is dash, with options that mean nothing to a text that
 * executes one program. */
static bool
is_dash(struct environment *e, const struct task_spec *spec)
{
	const char *options = spec->argv[1];
	struct strbuf file = STRBUF_INIT;
	size_t len;

	if (!options || *options != '-' || spec->argv[2])
		return false;
	len = strspn(options + 1, "eu") + 1;
	if (strcmp(options + len, "c") != 0 ||
	    !environment_find(e, spec, spec->argv[0], &file)) {
		strbuf_release(&file);
		return false;
	}
	if (strcmp(e->shell.buf, file.buf) != 0) {
		e->is_dash = leads_to_dash(file.buf);
		strbuf_reset(&e->shell);
		strbuf_adds(&e->shell, file.buf);
	}
	strbuf_release(&file);
	return e->is_dash;
}

enum shell_kind
environment_shell(struct environment *e, const struct task_spec *spec)
{
	enum shell_kind kind = is_default_shell(spec->argv) ? SHELL_BASH :
			       is_dash(e, spec) ? SHELL_DASH : SHELL_NONE;

	return e->places[kind].can_be_taken && step_allows(kind, spec) ?
	       kind : SHELL_NONE;
}
