/*
 * flowmake-evaluator: loads a Flowfile and evaluates what it says, for the
 * engine, which starts it with the control socket on descriptor 3.
 *
 * Nothing here may load GOOPS (7 ms), so never scm_c_eval_string() and the
 * like.
 */
#include "base/base.h"

#include <fcntl.h>
#include <libguile.h>
#include <stdio.h>
#include <unistd.h>

#include "base/error.h"
#include "base/strbuf.h"
#include "evaluator/boot.h"
#include "evaluator/prim.h"
#include "evaluator/zygote.h"
#include "model/wire.h"
#include "sys/frame.h"

enum { CONTROL_FD = 3 };

static int exit_status = 2;

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

int
main(void)
{
	fcntl(CONTROL_FD, F_SETFD, FD_CLOEXEC);
	boot_guile(serve);
	_exit(exit_status);
}
