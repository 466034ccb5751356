/*
 * Starting Guile.
 */
#include "base/base.h"

#include "evaluator/boot.h"

#define GC_THREADS 1 /* declares GC_set_markers_count() */
#include <gc/gc.h>
#include <libguile.h>
#include <locale.h>
#include <stdlib.h>

#include "evaluator/prim.h"

/* Put the directory that the environment or the build names first on the
 * path VARIABLE.  The environment is for running from the build tree, and
 * tasks must not see it. */
static void
extend_path(const char *variable, const char *environment, const char *built_in)
{
	SCM var = scm_c_public_variable("guile", variable);
	const char *dir = getenv(environment);
	SCM path = scm_variable_ref(var);

	path = scm_cons(scm_from_utf8_string(dir ? dir : built_in), path);
	scm_variable_set_x(var, path);
	unsetenv(environment);
}

/* The paths of modules, and the primitives. */
static void
set_up(void)
{
	scm_variable_set_x(scm_c_public_variable("guile",
						 "%load-should-auto-compile"),
			   SCM_BOOL_F);
	/* The user's own cache may hold older files of the same names. */
	scm_variable_set_x(scm_c_public_variable("guile",
						 "%compile-fallback-path"),
			   SCM_BOOL_F);
	extend_path("%load-path", "FLOWMAKE_SCM_PATH", FLOWMAKE_SCM_DIR);
	extend_path("%load-compiled-path", "FLOWMAKE_GO_PATH",
		    FLOWMAKE_GO_DIR);
	prim_define_all();
}

static SCM
run(void *body)
{
	set_up();
	((void (*)(void))body)();
	return SCM_UNSPECIFIED;
}

/* An exception that nobody caught: our own mistake, or a broken
 * installation. */
static SCM
complain(void *unused, SCM key, SCM args)
{
	(void)unused;
	scm_puts("flowmake-evaluator: ", scm_current_error_port());
	scm_print_exception(scm_current_error_port(), SCM_BOOL_F, key, args);
	scm_force_output(scm_current_error_port());
	return SCM_UNSPECIFIED;
}

static void *
enter(void *body)
{
	scm_c_catch(SCM_BOOL_T, run, body, complain, NULL, NULL, NULL);
	return NULL;
}

void
boot_guile(void (*body)(void))
{
	/* File names in Scheme's own primitives are UTF-8 everywhere. */
	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		setlocale(LC_CTYPE, "");
	GC_set_markers_count(1);
	scm_set_automatic_finalization_enabled(0);
	scm_with_guile(enter, (void *)body);
}
