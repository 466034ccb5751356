/*
 * run-scheme FILE: runs a Scheme program with the evaluator's primitives, for
 * the tests of what needs them.
 */
#include "base/base.h"

#include <libguile.h>
#include <unistd.h>

#include "evaluator/boot.h"

static const char *program;
static int exit_status = 2;

/* Run the program, which finds modules beside it. */
static void
run_program(void)
{
	SCM path = scm_c_public_variable("guile", "%load-path");
	SCM name = scm_from_locale_string(program);

	scm_variable_set_x(path, scm_cons(scm_dirname(name),
					  scm_variable_ref(path)));
	scm_primitive_load(name);
	scm_flush_all_ports();
	exit_status = 0;
}

int
main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	program = argv[1];
	boot_guile(run_program);
	_exit(exit_status);
}
