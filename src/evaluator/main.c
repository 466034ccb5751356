/*
 * flowmake-evaluator: loads a Flowfile and evaluates what it says, for the
 * engine, which starts it with the control socket on descriptor 3.
 *
 * "flowmake-evaluator -s FILE" runs a Scheme program that may use the
 * primitives, as the tests do.
 *
 * One thread only, so that fork() is safe at any time: one GC marker, no
 * finalizer thread.  Nothing here may load GOOPS (7 ms), so never
 * scm_c_eval_string() and the like.
 */
#include "base/base.h"

#include <fcntl.h>
#define GC_THREADS 1 /* declares GC_set_markers_count() */
#include <gc/gc.h>
#include <libguile.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/error.h"
#include "base/strbuf.h"
#include "evaluator/prim.h"
#include "evaluator/zygote.h"
#include "model/wire.h"
#include "sys/frame.h"

enum { CONTROL_FD = 3 };

static int exit_status = 2;

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

static void
boot(void)
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

/* Read the one message that comes before all others. */
static SCM
read_load_request(struct error *err)
{
	struct strbuf payload = STRBUF_INIT;
	size_t fd_count;
	unsigned type;
	SCM bytes = SCM_BOOL_F;
	int rc = frame_read(CONTROL_FD, &type, &payload, NULL, 0, &fd_count,
			    err);

	if (rc > 0 && type != WIRE_LOAD)
		error_set(err, "the engine sent a message of type %u first",
			  type);
	else if (rc > 0)
		bytes = prim_take_bytes(&payload);
	strbuf_release(&payload);
	return bytes;
}

/* Serve the engine. */
static void
serve(void)
{
	struct error err = ERROR_INIT;
	SCM load, expand, recipe, rehearse, request;

	load = scm_c_public_ref("flowmake load", "load-flow");
	expand = scm_c_public_ref("flowmake serve", "serve-expansion");
	recipe = scm_c_public_ref("flowmake serve", "serve-recipe");
	rehearse = scm_c_public_ref("flowmake serve", "rehearse-recipe");
	request = read_load_request(&err);
	if (scm_is_bytevector(request)) {
		exit_status = 1;
		if (scm_is_true(scm_call_2(load, scm_from_int(CONTROL_FD),
					   request)) &&
		    !zygote_serve(CONTROL_FD, expand, recipe, rehearse,
				  &err))
			exit_status = 0;
	}
	if (err.text)
		fprintf(stderr, "flowmake-evaluator: %s\n", err.text);
	else if (exit_status == 2)
		exit_status = 0; /* the engine has gone before it asked */
	error_release(&err);
}

/* Run the Scheme program FILE, which finds modules beside it. */
static void
run_script(const char *file)
{
	SCM path = scm_c_public_variable("guile", "%load-path");
	SCM name = scm_from_locale_string(file);

	scm_variable_set_x(path, scm_cons(scm_dirname(name),
					  scm_variable_ref(path)));
	scm_primitive_load(name);
	scm_flush_all_ports();
	exit_status = 0;
}

static SCM
run(void *script)
{
	boot();
	if (script)
		run_script(script);
	else
		serve();
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
inner_main(void *script)
{
	scm_c_catch(SCM_BOOL_T, run, script, complain, NULL, NULL, NULL);
	return NULL;
}

int
main(int argc, char **argv)
{
	char *script = argc == 3 && !strcmp(argv[1], "-s") ? argv[2] : NULL;

	/* File names in Scheme's own primitives are UTF-8 everywhere. */
	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		setlocale(LC_CTYPE, "");
	fcntl(CONTROL_FD, F_SETFD, FD_CLOEXEC);
	/* A Flowfile that loops would not notice that the engine has gone. */
	if (!script)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	GC_set_markers_count(1);
	scm_set_automatic_finalization_enabled(0);
	scm_with_guile(inner_main, script);
	_exit(exit_status);
}
