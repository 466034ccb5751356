/*
 * Decoding what the evaluator says: whole, cut off, and damaged.
 */
#include "base/base.h"

#include "fake-rules.h"
#include "tap.h"

static const char rich[] =
	"(template t\n"
	"  (from (a ,0) r (mine theirs)) (from b) (join c s)\n"
	"  (foreach x ['p' 2 3.5]) (foreach y (list x))\n"
	"  (after d ,1) (when (= x y))\n"
	"  (input in 'd/#{x}-#{(cat y)}') (inputs in ['u' 'v'])\n"
	"  (output out (cat in '.out')) (outputs 'w')\n"
	"  (produces q (l lines) (j json) (t text) (f 'clip.mp4'))\n"
	"  (shell-program 'sh' '-euc')\n"
	"  (shell 'cat #{in} \"#d{r}\" > #s{q} #r{(cat x)}')\n"
	"  (resources #:cpu 2 #:memory (* attempt 100)) (batch) (local)\n"
	"  (timeout #:hours 1) (retry #:times 2) (catch oops)\n"
	"  (environment (A 'b#{x}')) (secret TOKEN))\n"
	"(template e (exec 'p' in #:stdin 'i' #:stdout o)\n"
	"  (input in 'x') (output o 'y'))\n"
	"(template s (script 'python3' '-u' 'print(1)'))\n"
	"(template z (scheme body=1 helper=2 data=?))\n"
	"(template p (pattern stem) (input a '%') (output b '%.gz'))";

static struct error err = ERROR_INIT;

/* Whether the rules take PAYLOAD; it must not do harm. */
static bool
takes(const char *payload, size_t len)
{
	char *copy = xmalloc(MAX(len, 1)); /* so that ASan sees its end */
	struct rules rules;
	bool good;

	memcpy(copy, payload, len);
	rules_init(&rules);
	error_release(&err);
	good = !rules_add_template(&rules, copy, len, &err);
	rules_release(&rules);
	free(copy);
	return good;
}

static void
test_decoding(void)
{
	struct fake_flow f;
	const struct template *t;

	fake_flow_init(&f);
	fake_flow_add(&f, rich);
	t = f.rules.templates[0];
	is_int(f.rules.template_count, 5, "templates are taken");
	is_str(t->file, "Flowfile", "with their file");
	is_int(t->line, 1, "and line");
	is_int(t->foreach_count, 2, "foreachs");
	is_int(t->import_count, 3, "imports");
	ok(t->imports[0].ref_count == 2 && t->imports[0].refs[1].computed == 0
	   && !t->imports[0].refs[1].literal, "alternatives, computed too");
	ok(t->imports[2].is_join && !strcmp(t->imports[2].items[0].theirs, "s"),
	   "joins behind froms");
	is_int(t->binding_count, 5, "one binding for each ref and item");
	ok(t->names[t->imports[2].items[0].mine].clause == 2,
	   "a name knows its import");
	is_int(t->after_count, 2, "afters");
	ok(t->when && t->when->kind == WIRE_EXPR_THUNK, "a when");
	ok(t->input_count == 3 && t->inputs[0].expr.piece_count == 4 &&
	   t->inputs[2].expr.kind == WIRE_EXPR_CONST, "inputs");
	ok(t->output_count == 2 && t->outputs[1].name < 0, "outputs");
	ok(t->produce_count == 5 && t->produces[1].format == PRODUCE_LINES &&
	   !strcmp(t->produces[4].file_name, "clip.mp4"), "results");
	ok(t->recipe.kind == RECIPE_SHELL && t->recipe.word_count == 2 &&
	   t->recipe.piece_count == 8 &&
	   t->recipe.pieces[3].quote == WIRE_QUOTE_DOUBLE, "a shell text");
	is_int(t->annotation_count, 9, "annotations");
	ok(t->annotations[0].clause == CLAUSE_RESOURCES &&
	   !strcmp(t->annotations[1].key, "memory"), "with their keywords");
	t = f.rules.templates[1];
	ok(t->recipe.kind == RECIPE_EXEC && t->recipe.stdin_file &&
	   t->recipe.stdout_file->kind == WIRE_EXPR_NAME, "an exec");
	is_str(f.rules.templates[2]->recipe.text, "print(1)", "a script");
	t = f.rules.templates[3];
	ok(t->recipe.code_count == 3 && t->recipe.code[1].known &&
	   !t->recipe.code[2].known && t->recipe.code[1].value,
	   "parts of a scheme recipe's key");
	ok(f.rules.templates[4]->pattern >= 0, "a pattern");
	ok(f.rules.templates[0]->pattern < 0, "or none");
	fake_flow_release(&f);
}

/* Every message cut at every byte, and with every byte changed. */
static void
test_damage(void)
{
	struct fake_flow f;
	struct strbuf m = STRBUF_INIT;
	size_t i, cut = 0, flipped = 0, count = 0;
	static const unsigned char flips[] = { 0x01, 0x20, 0x80, 0xff, 0x1b };
	size_t k;
	const char *at = rich;

	fake_flow_init(&f);
	for (;;) {
		/* one form at a time, so that each has the id 0 */
		const char *next = strstr(at + 1, "(template");
		char *one = xstrndup(at, next ? (size_t)(next - at) :
				     strlen(at));

		fake_flow_release(&f);
		fake_flow_init(&f);
		fake_flow_add(&f, one);
		strbuf_reset(&m);
		strbuf_add(&m, f.last_template.buf, f.last_template.len);
		free(one);
		for (i = 0; i < m.len; i++) {
			cut += takes(m.buf, i);
			for (k = 0; k < ARRAY_SIZE(flips); k++) {
				m.buf[i] = (char)(m.buf[i] ^ flips[k]);
				flipped += takes(m.buf, m.len);
				m.buf[i] = (char)(m.buf[i] ^ flips[k]);
				count++;
			}
		}
		if (!next)
			break;
		at = next;
	}
	is_int((intmax_t)cut, 0, "no template cut off anywhere is taken");
	ok(flipped < count, "%zu of %zu changed ones were taken, none did harm",
	   flipped, count);
	fake_flow_release(&f);
	strbuf_release(&m);
}

/* What was damaged and taken all the same must not do harm later either. */
static size_t
resolve_damaged(const char *form)
{
	struct fake_flow f;
	struct strbuf m = STRBUF_INIT;
	static const char *const names[] = { "a", "b" };
	size_t i, k, resolved = 0;

	fake_flow_init(&f);
	fake_flow_add(&f, "(template zero)");
	fake_flow_add(&f, form);
	strbuf_add(&m, f.last_template.buf, f.last_template.len);
	for (i = 0; i < m.len * 8; i++) {
		fake_flow_release(&f);
		fake_flow_init(&f);
		fake_flow_add(&f, "(step a (foreach z [1]) (produces r))");
		m.buf[i / 8] = (char)(m.buf[i / 8] ^ 1 << i % 8);
		k = !rules_add_template(&f.rules, m.buf, m.len, NULL) &&
			!fake_flow_instance(&f, 1, "x", names, 2, NULL) &&
			!fake_flow_instance(&f, 1, "b", names, 2, NULL) &&
			!rules_resolve(&f.rules, NULL);
		resolved += k;
		m.buf[i / 8] = (char)(m.buf[i / 8] ^ 1 << i % 8);
	}
	fake_flow_release(&f);
	strbuf_release(&m);
	return resolved;
}

static void
test_damaged_resolve(void)
{
	size_t n = 0;

	n += resolve_damaged("(template t (from a r) (join ,0 (s r))"
		"(foreach x (list r)) (when (= x 1)) (input i 'a#{r}')"
		"(output o (cat i 'x')) (produces p) (shell 'a #{i} #{(cat p)}')"
		"(resources #:cpu (+ attempt 1)))");
	n += resolve_damaged("(template t (input i 'y') (produces p (q 'f'))"
		"(catch w) (exec 'cp' i #:stdout p))");
	n += resolve_damaged("(template t (pattern s) (input i '%')"
		"(output q '%.x') (after ,0) (environment (A s)))");
	ok(n > 100, "damaged templates are resolved without harm (%zu)", n);
}

/* ---- steps and the rest ---- */

static void
test_steps(void)
{
	struct fake_flow f;
	struct strbuf m = STRBUF_INIT;
	size_t i, taken = 0;

	fake_flow_init(&f);
	fake_flow_add(&f, "(template t (from ,0 x)) (defaults (local))"
		      "(step a (produces x))");
	cbor_put_array(&m, 2);
	for (i = 0; i < 2; i++) {
		cbor_put_array(&m, 3);
		cbor_put_uint(&m, 0);
		cbor_put_str(&m, i ? "c" : "b");
		cbor_put_array(&m, 1);
		cbor_put_str(&m, "a");
	}
	for (i = 0; i < m.len; i++)
		taken += !rules_add_steps(&f.rules, m.buf, i, NULL);
	is_int((intmax_t)taken, 0, "no list of steps cut off is taken");
	is_int(f.rules.default_count, 1, "defaults are steps without a name");
	fake_flow_release(&f);
	fake_flow_init(&f);
	fake_flow_add(&f, "(template t (from ,1 x))");
	is_int(fake_flow_instance(&f, 0, "b", NULL, 0, &err), -1,
	       "a step must bring the computed names of its template");
	is_int(fake_flow_instance(&f, 7, "b", NULL, 0, &err), -1,
	       "and have one");
	is_str(err.text, "a list of steps from the evaluator is damaged",
	       "which is said");
	error_release(&err);
	fake_flow_release(&f);
	strbuf_release(&m);
}

static void
test_loaded(void)
{
	struct rules r;
	struct strbuf m = STRBUF_INIT;
	size_t i, taken = 0;

	cbor_put_map(&m, 7);
	cbor_put_str(&m, "flow");
	cbor_put_str(&m, "books");
	cbor_put_str(&m, "doc");
	cbor_put_null(&m);
	cbor_put_str(&m, "max-num-splits");
	cbor_put_uint(&m, 7);
	cbor_put_str(&m, "max-workers");
	cbor_put_null(&m);
	cbor_put_str(&m, "parameters");
	cbor_put_array(&m, 1);
	cbor_put_array(&m, 4);
	cbor_put_str(&m, "shortest");
	cbor_put_uint(&m, 4);
	cbor_put_str(&m, "words");
	cbor_put_bool(&m, true);
	cbor_put_str(&m, "manifest");
	cbor_put_array(&m, 0);
	cbor_put_str(&m, "new one");
	cbor_put_array(&m, 0);
	rules_init(&r);
	is_int(rules_set_loaded(&r, m.buf, m.len, &err), 0,
	       "the end of a load is taken");
	is_str(r.flow, "books", "its flow");
	ok(!r.doc, "no doc");
	is_int(r.max_num_splits, 7, "its limit");
	is_int(r.max_workers, 0, "no other");
	ok(r.parameter_count == 1 && r.parameters[0].given &&
	   r.parameters[0].value_len == 1, "its parameters");
	rules_release(&r);
	for (i = 0; i < m.len; i++) {
		rules_init(&r);
		taken += !rules_set_loaded(&r, m.buf, i, NULL);
		rules_release(&r);
	}
	is_int((intmax_t)taken, 0, "cut off it is not taken");
	strbuf_release(&m);
}

int
main(void)
{
	test_decoding();
	test_damage();
	test_damaged_resolve();
	test_steps();
	test_loaded();
	error_release(&err);
	return done_testing();
}
