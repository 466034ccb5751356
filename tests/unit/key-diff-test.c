/*
 * How keys differ, in words.
 */
#include "base/base.h"

#include "base/cbor.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/strbuf.h"
#include "model/key-diff.h"
#include "model/key.h"
#include "tap.h"

static struct strbuf old_key = STRBUF_INIT;
static struct strbuf new_key = STRBUF_INIT;
static struct strbuf words = STRBUF_INIT;

/* Write "recipe=1|input a=2|data=?": parts and what they are a digest of. */
static void
encode(const char *text, struct strbuf *out)
{
	struct key_parts k;

	key_parts_init(&k);
	while (*text) {
		size_t name_len = strcspn(text, "=");
		size_t len = strcspn(text, "|");
		struct digest d = digest_of(text + name_len, len - name_len);
		struct strbuf name = STRBUF_INIT;

		strbuf_add(&name, text, name_len);
		if (text[name_len + 1] == '?')
			key_parts_add_unknown(&k, name.buf);
		else
			key_parts_add(&k, name.buf, &d);
		strbuf_release(&name);
		text += len + (text[len] == '|');
	}
	strbuf_reset(out);
	key_encode(&k, out);
	key_parts_release(&k);
}

static void
is_words(const char *old, const char *new, const char *want,
	 const char *title)
{
	struct error err = ERROR_INIT;

	encode(old, &old_key);
	encode(new, &new_key);
	strbuf_reset(&words);
	if (key_diff_words(old_key.buf, old_key.len, new_key.buf, new_key.len,
			   &words, &err))
		printf("# %s\n", err.text);
	is_str(words.buf, want, title);
	error_release(&err);
}

static void
test_words(void)
{
	is_words("recipe=1|input a=1", "recipe=1|input a=1",
		 "nothing changed", "equal keys");
	is_words("recipe=1|input books/a.txt=1", "recipe=1|input books/a.txt=2",
		 "input books/a.txt changed", "a changed part is named");
	is_words("recipe=1|input a=1|input b=1",
		 "recipe=2|input a=2|input b=2",
		 "recipe and 2 inputs changed", "several are counted");
	is_words("recipe=1|interpreter=1|foreach x=1|image=1",
		 "recipe=2|interpreter=2|foreach x=2|image=1",
		 "recipe, interpreter and foreach x changed",
		 "a recipe comes first");
	is_words("scheme=1|definition f=1|module lib/w.scm=1|parameter n=1",
		 "scheme=2|definition f=2|module lib/w.scm=2|parameter n=2",
		 "recipe, parameter n, definition f and module lib/w.scm "
		 "changed", "code has names");
	is_words("scheme=1|definition f=1|definition g=1",
		 "scheme=1|definition f=2|definition g=2",
		 "2 definitions changed", "or a number");
	is_words("scheme, closed over=1|definition f=1",
		 "scheme, closed over=2|definition f=1",
		 "what the recipe closes over changed",
		 "values around a step");
	is_words("module a=1|module a, data=1|input a=1|input a, b=1",
		 "module a=2|module a, data=2|input a=2|input a, b=2",
		 "module a and 2 inputs changed", "a module counts once");
	is_words("definition f=1|definition f, closed over=1",
		 "definition f=2|definition f, closed over=2",
		 "definition f changed", "so does a definition");
	is_words("definition f, closed over=1", "definition f, closed over=2",
		 "what definition f closes over changed",
		 "and around a definition");
	is_words("from sum=1|join table=1|split=1",
		 "from sum=2|join table=2|split=2",
		 "position in the fan-out, from sum and join table changed",
		 "what other steps give");
	is_words("from a=1|from b=1", "from a=2|from b=2",
		 "2 values from other steps changed",
		 "several of them");
}

static void
test_more_and_less(void)
{
	is_words("input a=1", "input a=1|input b=1", "input b is new",
		 "a new part");
	is_words("input a=1", "input b=1|input c=1",
		 "2 inputs are new; input a is gone", "gone ones come last");
	is_words("names=1|input a=1", "names=2|input a=2|input b=1",
		 "input a changed; input b is new",
		 "that names change with them goes without saying");
	is_words("names=1|input a=1", "names=2|input a=1",
		 "declared files or results changed", "but alone it is said");
	is_words("recipe=1|input a=1|image=1", "recipe=1|image=2|input a=2",
		 "image and input a changed", "order does not matter");
	is_words("input a=1|input a=1|input b=1", "input b=1|input a=1",
		 "nothing changed", "nor does what is there twice");
	is_words("definition d=?", "definition d=?",
		 "definition d cannot be compared",
		 "what has no digest never equals");
	is_words("definition d=1", "definition d=?",
		 "definition d cannot be compared", "even if it had one");
	is_words("hologram=1|input a\nb=1", "hologram=2|input a\nb=2",
		 "input a\\nb and hologram changed",
		 "names are escaped, unknown ones come last");
}

static void
test_data(void)
{
	struct key_diff d;
	const struct key_difference *x;

	encode("recipe=1|input a=1|environment=1", &old_key);
	encode("recipe=1|environment=2|input b=1", &new_key);
	ok(!key_diff_init(&d, old_key.buf, old_key.len, new_key.buf,
			  new_key.len, NULL) && d.count == 3 &&
	   d.old_parts == 3 && d.new_parts == 3, "differences are a list");
	x = d.list;
	ok(x[0].change == KEY_CHANGED && x[0].old.digest && x[0].new.digest &&
	   x[0].old.subject == KEY_OF_ENVIRONMENT &&
	   memcmp(x[0].old.digest, x[0].new.digest, DIGEST_BYTES),
	   "a changed part has both digests");
	ok(x[1].change == KEY_ADDED && !x[1].old.name &&
	   x[1].new.object_len == 1 && *x[1].new.object == 'b' &&
	   x[2].change == KEY_REMOVED && !x[2].new.name &&
	   x[2].old.subject == KEY_OF_INPUT, "added and removed ones have one");
	strbuf_reset(&words);
	key_diff_add_kinds(&d, &words);
	is_str(words.buf, "environment changed; inputs are new; inputs are "
	       "gone", "for several tasks there are words without names");
	key_diff_release(&d);
}

static void
test_notes(void)
{
	struct digest d = digest_of("source", 6);
	struct key_diff diff;
	const char *digest;
	size_t i, plain, bad = 0;

	encode("recipe=1|image=1|from n=1", &old_key);
	encode("recipe=2|image=2|from n=2", &new_key);
	plain = new_key.len;
	cbor_put_map(&new_key, 3);
	cbor_put_str(&new_key, "recipe");
	cbor_put_bytes(&new_key, d.bytes, sizeof(d.bytes));
	cbor_put_str(&new_key, "from n");
	cbor_put_str(&new_key, "num n");
	cbor_put_str(&new_key, "forgotten");
	cbor_put_str(&new_key, "x");
	ok(!key_diff_init(&diff, old_key.buf, old_key.len, new_key.buf,
			  new_key.len, NULL) && diff.count == 3,
	   "notes are no parts");
	ok(diff.list[0].new.source &&
	   !memcmp(diff.list[0].new.source, d.bytes, sizeof(d.bytes)) &&
	   !diff.list[0].old.source, "a recipe's note is a digest");
	ok(!diff.list[1].new.note && diff.list[2].new.note_len == 5 &&
	   !memcmp(diff.list[2].new.note, "num n", 5), "others are texts");
	ok(key_has_note(new_key.buf, new_key.len, "forgotten") &&
	   !key_has_note(new_key.buf, new_key.len, "rerun") &&
	   !key_has_note(old_key.buf, old_key.len, "forgotten"),
	   "a note can be asked for by name");
	digest = key_note_digest(new_key.buf, new_key.len, "recipe");
	ok(digest && !memcmp(digest, d.bytes, sizeof(d.bytes)) &&
	   !key_note_digest(new_key.buf, new_key.len, "from n") &&
	   !key_note_digest(old_key.buf, old_key.len, "recipe"),
	   "and its digest, if it is one");
	key_diff_release(&diff);
	for (i = plain + 1; i < new_key.len; i++)
		bad += key_diff_init(&diff, old_key.buf, old_key.len,
				     new_key.buf, i, NULL) < 0;
	is_int((intmax_t)bad, (intmax_t)(new_key.len - plain - 1),
	       "notes that are cut anywhere are refused");
}

static void
test_damage(void)
{
	struct error err = ERROR_INIT;
	size_t i, bad = 0;

	encode("recipe=1|input a=1", &old_key);
	for (i = 0; i < old_key.len; i++)
		bad += key_diff_words(old_key.buf, i, old_key.buf, old_key.len,
				      &words, NULL) < 0;
	is_int((intmax_t)bad, (intmax_t)old_key.len,
	       "a list that is cut anywhere is refused");
	key_diff_words("\x81\x82\x61x\x41y", 6, old_key.buf, old_key.len,
		       &words, &err);
	is_str(err.text, "the key of a task is damaged",
	       "so is a digest of another length");
	error_release(&err);
}

int
main(void)
{
	test_words();
	test_more_and_less();
	test_data();
	test_notes();
	test_damage();
	strbuf_release(&old_key);
	strbuf_release(&new_key);
	strbuf_release(&words);
	return done_testing();
}
