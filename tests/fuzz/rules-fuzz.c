/*
 * Fuzz the readers of what the evaluator sends: a template, steps, or the end
 * of loading, by the first byte of the input.  Rules that are accepted are
 * resolved.
 */
#include "base/base.h"

#include <stdlib.h>
#include <string.h>

#include "base/cbor.h"
#include "base/error.h"
#include "base/strbuf.h"
#include "fake-rules.h"
#include "fuzz.h"
#include "model/resolve.h"
#include "model/rules.h"

const unsigned fuzz_inputs = 4000;

static const char *const flows[] = {
	"(step a (foreach x (iota 3)) (input i 'in/#{x}') (output o 'out/#{x}')"
	" (produces r (t text) (j json) (f 'f.bin')) (when (= x 1))"
	" (resources #:cpu 2 #:memory (* attempt 100)) (retry #:times 2)"
	" (catch why) (environment (A 'b #{x}')) (timeout #:seconds 5)"
	" (shell-program 'sh' '-euc') (shell 'cp #{i} #d{o} #r{x}'))",
	"(step b (from a r x) (from (a a) (q r)) (after a) (local)"
	" (exec 'prog' x r #:stdin q #:stdout r) (produces p))",
	"(step c (join a (all r)) (batch #:queue 'q')"
	" (script 'python3' 'print(1)'))",
	"(step d (pattern s) (input i '#{s}.c') (output o '#{s}.o')"
	" (scheme body=1 counts=2 odd=?))",
};

static void
add_steps(struct strbuf *sb)
{
	cbor_put_array(sb, 2);
	cbor_put_array(sb, 3);
	cbor_put_uint(sb, 0);
	cbor_put_str(sb, "a");
	cbor_put_array(sb, 0);
	cbor_put_array(sb, 3);
	cbor_put_uint(sb, 1);
	cbor_put_str(sb, "b");
	cbor_put_array(sb, 1);
	cbor_put_str(sb, "a");
}

/* The rules of the flows up to COUNT. */
static void
add_flows(struct fake_flow *f, unsigned count)
{
	unsigned i;

	for (i = 0; i < count; i++)
		fake_flow_add(f, flows[i]);
}

static int
add_input(struct rules *r, const uint8_t *data, size_t size,
	  struct error *err)
{
	const char *payload = (const char *)data + 1;

	switch (*data) {
	case 'T':
		return rules_add_template(r, payload, size - 1, err);
	case 'S':
		return rules_add_steps(r, payload, size - 1, err);
	default:
		return rules_set_loaded(r, payload, size - 1, err);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error err = ERROR_INIT;
	struct strbuf step = STRBUF_INIT;
	struct fake_flow f;

	if (!size)
		return 0;
	fake_flow_init(&f);
	add_flows(&f, *data == 'T' ? 1 : 2);
	if (add_input(&f.rules, data, size, &err)) {
		if (!err.text)
			abort();
		goto out;
	}
	if (*data == 'T') {
		/* a step of the template that has just come */
		cbor_put_array(&step, 1);
		cbor_put_array(&step, 3);
		cbor_put_uint(&step, 1);
		cbor_put_str(&step, "z");
		cbor_put_array(&step, 1);
		cbor_put_str(&step, "a");
		if (rules_add_steps(&f.rules, step.buf, step.len, NULL))
			goto out;
	}
	if (rules_resolve(&f.rules, &err) && !err.text)
		abort();
out:
	error_release(&err);
	strbuf_release(&step);
	fake_flow_release(&f);
	return 0;
}

static void
add_loaded(struct strbuf *sb)
{
	cbor_put_map(sb, 4);
	cbor_put_str(sb, "flow");
	cbor_put_str(sb, "wordcount");
	cbor_put_str(sb, "max-workers");
	cbor_put_uint(sb, 4);
	cbor_put_str(sb, "parameters");
	cbor_put_array(sb, 1);
	cbor_put_array(sb, 4);
	cbor_put_str(sb, "n");
	cbor_put_uint(sb, 3);
	cbor_put_null(sb);
	cbor_put_bool(sb, false);
	cbor_put_str(sb, "manifest");
	cbor_put_array(sb, 0);
}

bool
fuzz_sample(unsigned i, struct strbuf *out)
{
	struct fake_flow f;

	if (i < ARRAY_SIZE(flows)) {
		fake_flow_init(&f);
		add_flows(&f, i + 1);
		strbuf_addch(out, 'T');
		strbuf_add(out, f.last_template.buf, f.last_template.len);
		fake_flow_release(&f);
		return true;
	}
	if (i == ARRAY_SIZE(flows)) {
		strbuf_addch(out, 'S');
		add_steps(out);
		return true;
	}
	strbuf_addch(out, 'L');
	add_loaded(out);
	return i == ARRAY_SIZE(flows) + 1;
}
