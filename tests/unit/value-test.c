/*
 * Values as words, as Scheme, from and to JSON.
 */
#include "base/base.h"
#include "model/value.h"

#include <math.h>
#include <stdlib.h>

#include "base/cbor.h"
#include "base/error.h"
#include "base/strbuf.h"
#include "model/number.h"
#include "model/words.h"
#include "tap.h"

/* What Guile 3.0.8 answers to (number->string X). */
static const struct {
	double number;
	const char *text;
} numbers[] = {
	{ 0x0.0p+0, "0.0" },
	{ -0x0.0p+0, "-0.0" },
	{ 0x1.999999999999ap-4, "0.1" },
	{ 0x1.9000000000000p+6, "100.0" },
	{ 0x1.e848000000000p+19, "1000000.0" },
	{ 0x1.312d000000000p+23, "1.0e7" },
	{ 0x1.b1ae4d6e2ef50p+69, "1.0e21" },
	{ 0x1.0624dd2f1a9fcp-10, "0.001" },
	{ 0x1.a36e2eb1c432dp-14, "1.0e-4" },
	{ 0x0.0000000000001p-1022, "5.0e-324" },
	{ 0x1.0000000000000p-1022, "2.2250738585072014e-308" },
	{ 0x1.fffffffffffffp+1023, "1.7976931348623157e308" },
	{ 0x1.0000000000000p+53, "9007199254740992.0" },
	{ 0x1.cbe991a080000p+36, "123456789000.0" },
	{ 0x1.1f71fb0450000p+40, "1.23456789e12" },
	{ 0x1.56a95319d63e1p+63, "12345678901234567000.0" },
	{ 0x1.ac53a7e04bcd9p+66, "1.2345678901234567e20" },
	{ HUGE_VAL, "+inf.0" },
	{ -HUGE_VAL, "-inf.0" },
	{ (double)NAN, "+nan.0" },
	{ 0x1.52d02c7e14af6p+76, "1.0e23" },
	{ 0x1.0000000000000p-20, "9.5367431640625e-7" },
	{ 0x1.5555555555555p-2, "0.3333333333333333" },
	{ -0x1.8000000000000p+0, "-1.5" },
	{ -0x1.73a65f54c914dp+907, "-1.570724844111727e273" },
	{ 0x1.e5c42bc09a39fp-42, "4.314471381121e-13" },
	{ 0x1.9246756905538p+469, "2.3952524434615334e141" },
	{ 0x1.1552c36c6df36p-42, "2.4631256539e-13" },
	{ 0x1.67c4e154bf32fp-60, "1.218945e-18" },
	{ 0x1.dc7f956e4cd00p+695, "3.0596267132525232e209" },
	{ 0x1.d64d22df43046p-21, "8.7600446e-7" },
	{ 0x1.976dfded6c1d4p-465, "1.6705700382798188e-140" },
	{ 0x1.52d79d1c1440fp-264, "4.465177470892662e-80" },
	{ 0x1.fd83525180a04p-47, "1.41418259e-14" },
	{ 0x1.ed2cc6db82817p-571, "2.4924903407884667e-172" },
	{ 0x1.b8d452ef75a6ap+88, "5.329300322127e26" },
	{ 0x1.27af3b1c6cccdp+36, "79372202438.8" },
	{ 0x1.88b6e33333333p+19, "804279.1" },
	{ 0x1.dadad5d2a323bp-44, "1.0543895205317834e-13" },
	{ 0x1.0963a586bdd3cp+173, "1.2411738090867192e52" },
	{ 0x1.6345785d8a000p+56, "1.0e17" },
	{ 0x1.da4a76f61ec17p-63, "2.0087e-19" },
	{ 0x1.1262c36b68061p-9, "0.002093397478987" },
	{ 0x1.0f4e9c61cebc4p-911, "6.122025044714636e-275" },
	{ 0x1.221ff7964b1eep+13, "9283.995892130737" },
	{ 0x1.d1a94a2000000p+39, "1.0e12" },
	{ -0x1.b0a5f91033a11p+518, "-1.4502164330073096e156" },
	{ 0x1.3d8fb9355528ap-44, "7.05128e-14" },
	{ 0x1.25fb3a648c6e1p-28, "4.277991825844605e-9" },
	{ 0x1.8000000000000p+256, "1.736881338559743e77" },
	{ 0x1.0000000000000p+46, "70368744177664.0" },
	{ -0x1.b2908d9cdcfaap+170, "-2.5404678533695814e51" },
	{ 0x1.b75b8f5ceed89p+83, "1.6598462960677928e25" },
	{ -0x1.8e6cc7ee97f90p+1016, "-1.0929042873007728e306" },
	{ -0x1.3ae3ad0df7c72p+730, "-6.947280830169727e219" },
	{ -0x1.de281c11dd90dp-176, "-1.9500736933661503e-53" },
	{ 0x1.66feadeda9035p-22, "3.3434e-7" },
	{ 0x1.d50f840181e04p-1, "0.916134" },
	{ 0x1.f69c412e60000p+41, "4.3173902e12" },
	{ -0x1.9e874beb19fe8p+632, "-2.8858362968034345e190" },
	{ 0x1.a541c754b0ab3p+45, "57897114048021.4" },
	{ 0x1.495012cd4aa11p+17, "168608.14689" },
	{ 0x1.a02ba91ae2e5fp+555, "1.9172509943543553e167" },
	{ 0x1.1a5c2df06e71cp+19, "578273.435599539" },
	{ 0x1.865ba9ff0c27ep-542, "1.0591696768437349e-163" },
	{ 0x1.59e05f1e2674dp-53, "1.5e-16" },
	{ -0x1.f7dfe3c26fbd8p-264, "-6.639931807310119e-80" },
	{ 0x1.d7d7ff46dfa92p-262, "2.4871350472247327e-79" },
	{ -0x1.713ac7ac84a74p-757, "-1.902610274819994e-228" },
	{ 0x1.8203fa1c50d40p+22, "6324478.527652085" },
	{ 0x1.8b04b9fb6e536p+6, "98.7546157156074" },
	{ -0x1.0bdf42775dab2p+252, "-7.572624762533418e75" },
	{ 0x1.167cb58365873p-429, "7.846880652133005e-130" },
	{ 0x1.8000000000000p+799, "5.001010824659891e240" },
	{ 0x1.89325cf541ea9p+57, "221350081360811300.0" },
	{ -0x1.b8f7837637c53p+851, "-2.5863797226956858e256" },
	{ 0x1.15cbc0e101cacp+84, "2.09896656511e25" },
	{ 0x1.cd0f736f12cc9p-396, "1.1159366272117344e-119" },
	{ 0x1.9cbc43dfb6300p+49, "9.0761476646e14" },
	{ -0x1.9b23bea7adbb8p-779, "-5.051062600084542e-235" },
	{ 0x1.a22619e4f5259p+73, "1.5426969e22" },
	{ 0x1.0000000000000p-507, "2.3866690339840662e-153" },
	{ 0x1.e1ae6f0074787p-65, "5.1e-20" },
	{ -0x1.64e5d1660bc7ap-209, "-1.6944732697611999e-63" },
	{ -0x1.cea423436300dp+646, "-5.276932084484024e194" },
	{ 0x1.50f42e9394217p+628, "1.4661139166491775e189" },
	{ 0x1.1db1a75b38a4dp-732, "4.939742009053895e-221" },
	{ 0x1.9a6a5eb5d8bc2p+131, "4.3642862615415724e39" },
	{ -0x1.704b8756a4f29p+776, "-5.717847033580673e233" },
	{ -0x1.69665797e1857p+683, "-5.665457029294094e205" },
	{ -0x1.67de11fa5b4a6p+73, "-1.32767659373655e22" },
	{ 0x1.66a1f4a340000p+36, "96269716020.0" },
	{ 0x1.ce441c4789568p+13, "14792.51380832" },
	{ 0x1.addcd69fc8348p+44, "29539936369795.28" },
	{ 0x1.270aa00000000p+26, "77343360.0" },
	{ 0x1.1037800000000p+23, "8920000.0" },
	{ -0x0.5045ae02a365dp-1022, "-6.977013422077504e-309" },
	{ 0x1.2e551672230fcp+56, "8.509899785916e16" },
	{ 0x1.f6788860778dbp-442, "1.7282748364575239e-133" },
	{ 0x1.59003fb08d4c1p-103, "1.3288954049687358e-31" },
	{ 0x1.0583676a524c2p+508, "8.56035169396945e152" },
	{ 0x1.fd118d336606ap-250, "1.0991004742981882e-75" },
	{ 0x1.482a12bb46000p+44, "2.25512823e13" },
	{ 0x1.087b3deb24d3fp+785, "2.1023343596361413e236" },
	{ 0x1.0c9a766bf2428p+107, "1.702476112667533e32" },
	{ 0x1.bc16d674ec800p+61, "4.0e18" },
	{ -0x1.03f00a38f5ed0p+202, "-6.526620445853187e60" },
	{ 0x1.78af409e56ce5p+260, "2.726068404547582e78" },
	{ 0x1.570d4b279e2dap+87, "2.07362166626335e26" },
	{ 0x1.73b5ce0d00796p-978, "5.683668308264405e-295" },
	{ 0x1.09770b01c8212p+11, "2123.7200936230447" },
	{ -0x1.357a9102fff90p+824, "-1.3524067547382165e248" },
	{ 0x1.2e33e59912761p+241, "4.171453066991565e72" },
	{ 0x1.269e645a1cac1p+13, "9427.799" },
	{ 0x1.11aaaba714a79p+105, "4.336421666679032e31" },
	{ -0x1.baf4073b144e8p-568, "-1.7909372753801703e-171" },
	{ -0x1.d4fbbb18cfb53p-842, "-6.246850114581701e-254" },
	{ 0x1.d0d607b618b10p-475, "1.8612808161561638e-143" },
	{ -0x1.8f79b3bd669cap+665, "-2.3888957086245745e200" },
};

static void
test_doubles(void)
{
	struct strbuf sb = STRBUF_INIT;
	size_t i, wrong = 0;

	for (i = 0; i < ARRAY_SIZE(numbers); i++) {
		strbuf_reset(&sb);
		number_add_double(&sb, numbers[i].number);
		if (!strcmp(sb.buf, numbers[i].text))
			continue;
		wrong++;
		printf("# got %s, want %s\n", sb.buf, numbers[i].text);
	}
	strbuf_release(&sb);
	ok(!wrong, "floats read as Guile writes them");
}

/* Begin a new value. */
static struct strbuf *
fresh(struct strbuf *sb)
{
	strbuf_reset(sb);
	return sb;
}

/* The words of V joined by |, or the error. */
static void
is_words(const struct strbuf *v, const char *want, const char *title)
{
	struct words w = WORDS_INIT;
	struct error err = ERROR_INIT;
	struct strbuf got = STRBUF_INIT;
	size_t i;

	if (value_words(v->buf, v->len, &w, &err)) {
		strbuf_adds(&got, err.text);
	} else {
		strbuf_adds(&got, w.list_file ? "file:" :
				  w.is_list   ? "list:" : "");
		for (i = 0; i < w.count; i++)
			strbuf_addf(&got, "%s%.*s", i ? "|" : "",
				    (int)w.lens[i], w.v[i]);
	}
	is_str(got.buf, want, title);
	strbuf_release(&got);
	error_release(&err);
	words_release(&w);
}

static void
put_tagged(struct strbuf *sb, uint64_t tag, const char *text)
{
	cbor_put_tag(sb, tag);
	cbor_put_str(sb, text);
}

static void
put_bignum(struct strbuf *sb, uint64_t tag, size_t zeros)
{
	char bytes[32] = { 1 };

	cbor_put_tag(sb, tag);
	cbor_put_bytes(sb, bytes, zeros + 1);
}

static void
test_words(void)
{
	struct strbuf v = STRBUF_INIT;

	cbor_put_str(fresh(&v), "a b");
	is_words(&v, "a b", "a string is its text");
	cbor_put_text(fresh(&v), "\xff", 1);
	is_words(&v, "\xff", "also one that is not UTF-8");
	put_tagged(fresh(&v), CBOR_TAG_SYMBOL, "sym");
	is_words(&v, "sym", "a symbol is its name");
	put_tagged(fresh(&v), CBOR_TAG_FILE, "a/b");
	is_words(&v, "a/b", "a file result is its path");
	cbor_put_int(fresh(&v), -42);
	is_words(&v, "-42", "an integer");
	cbor_put_uint(fresh(&v), UINT64_MAX);
	is_words(&v, "18446744073709551615", "a large integer");
	put_bignum(fresh(&v), CBOR_TAG_BIGNUM, 12);
	is_words(&v, "79228162514264337593543950336", "a bignum");
	put_bignum(fresh(&v), CBOR_TAG_NEGATIVE_BIGNUM, 12);
	is_words(&v, "-79228162514264337593543950337", "a negative one");
	cbor_put_tag(fresh(&v), CBOR_TAG_RATIONAL);
	cbor_put_array(&v, 2);
	cbor_put_int(&v, -1);
	cbor_put_int(&v, 3);
	is_words(&v, "-1/3", "a rational");
	cbor_put_array(fresh(&v), 3);
	cbor_put_str(&v, "a");
	cbor_put_double(&v, 0.5);
	put_tagged(&v, CBOR_TAG_SYMBOL, "s");
	is_words(&v, "list:a|0.5|s", "a list is several words");
	cbor_put_array(fresh(&v), 0);
	is_words(&v, "list:", "an empty list is none");
	cbor_put_tag(fresh(&v), CBOR_TAG_LIST_FILE);
	cbor_put_array(&v, 2);
	cbor_put_str(&v, "a");
	cbor_put_str(&v, "b");
	is_words(&v, "file:a|b", "a file of names");
	strbuf_release(&v);
}

static void
test_no_words(void)
{
	struct strbuf v = STRBUF_INIT;

	cbor_put_bool(fresh(&v), true);
	is_words(&v, "a boolean has no text", "a boolean has no text");
	cbor_put_tag(fresh(&v), CBOR_TAG_VECTOR);
	cbor_put_array(&v, 0);
	is_words(&v, "a vector has no text", "nor has a vector");
	cbor_put_map(fresh(&v), 0);
	is_words(&v, "a hash table has no text", "nor a hash table");
	cbor_put_array(fresh(&v), 2);
	cbor_put_str(&v, "a");
	cbor_put_array(&v, 0);
	is_words(&v, "the 2nd element: a list inside of a list has no "
		 "text", "nor a list in a list");
	cbor_put_array(fresh(&v), 1);
	put_tagged(&v, CBOR_TAG_CHAR, "x");
	is_words(&v, "the 1st element: a character has no text",
		 "the element is named");
	strbuf_addch(fresh(&v), '\x1c');
	is_words(&v, "a damaged value has no text", "damage is seen");
	strbuf_release(&v);
}

static void
is_print(const struct strbuf *v, size_t max, const char *want,
	 const char *title)
{
	struct strbuf got = STRBUF_INIT;

	strbuf_addch(&got, '>');
	value_print(v->buf, v->len, max, &got);
	is_str(got.buf + 1, want, title);
	strbuf_release(&got);
}

static void
test_print(void)
{
	struct strbuf v = STRBUF_INIT;
	double pair[] = { 1.5, -2 };

	cbor_put_text(fresh(&v), "a\n\"\\\x01\xc3\xa9\xff", 8);
	is_print(&v, 0, "\"a\\n\\\"\\\\\\x01\xc3\xa9\\U10ffff\"",
		 "strings are escaped");
	cbor_put_array(fresh(&v), 5);
	cbor_put_bool(&v, true);
	put_tagged(&v, CBOR_TAG_SYMBOL, "a b");
	put_tagged(&v, CBOR_TAG_KEYWORD, "key");
	put_tagged(&v, CBOR_TAG_CHAR, " ");
	cbor_put_array(&v, 0);
	is_print(&v, 0, "(#t #{a b}# #:key #\\space ())", "a list");
	cbor_put_tag(fresh(&v), CBOR_TAG_DOTTED);
	cbor_put_array(&v, 3);
	cbor_put_int(&v, 1);
	cbor_put_int(&v, 2);
	cbor_put_int(&v, 3);
	is_print(&v, 0, "(1 2 . 3)", "a dotted list");
	cbor_put_tag(fresh(&v), CBOR_TAG_VECTOR);
	cbor_put_array(&v, 2);
	cbor_put_bytes(&v, "\x01\xff", 2);
	put_tagged(&v, CBOR_TAG_FILE, "a b");
	is_print(&v, 0, "#(#vu8(1 255) a b)", "a vector");
	cbor_put_map(fresh(&v), 2);
	cbor_put_str(&v, "a");
	cbor_put_int(&v, 1);
	cbor_put_str(&v, "b");
	cbor_put_array(&v, 0);
	is_print(&v, 0, "#<hash-table (\"a\" . 1) (\"b\" . ())>",
		 "a hash table");
	cbor_put_map(fresh(&v), 0);
	is_print(&v, 0, "#<hash-table>", "an empty one");
	cbor_put_tag(fresh(&v), 86);
	cbor_put_bytes(&v, pair, sizeof(pair));
	is_print(&v, 0, "#f64(1.5 -2.0)", "a numeric array");
	cbor_put_tag(fresh(&v), 77);
	cbor_put_bytes(&v, "\xfe\xff\x01\x00", 4);
	is_print(&v, 0, "#s16(-2 1)", "one with signs");
	cbor_put_str(fresh(&v), "12\xc3\xa9""4567890");
	is_print(&v, 4, "\"12...", "a long value is cut between characters");
	strbuf_adds(fresh(&v), "\x82\x01");
	is_print(&v, 0, "#<damaged>", "damage is seen");
	strbuf_release(&v);
}

/* Read JSON, print the value as Scheme. */
static void
is_read(const char *json, const char *want, const char *title)
{
	struct strbuf v = STRBUF_INIT, got = STRBUF_INIT;
	struct error err = ERROR_INIT;
	char *exact = xmemdup(json, strlen(json));

	if (value_from_json(exact, strlen(json), &v, &err))
		strbuf_adds(&got, err.text);
	else
		value_print(v.buf, v.len, 0, &got);
	is_str(got.buf, want, title);
	free(exact);
	strbuf_release(&v);
	strbuf_release(&got);
	error_release(&err);
}

static void
test_from_json(void)
{
	is_read("[1, -2.5, \"a\", true, false, null, []]",
		"(1 -2.5 \"a\" #t #f null ())", "an array is a list");
	is_read("{\"b\": 1, \"a\": [2, 3], \"c\": {\"d\": {}}}",
		"((\"b\" . 1) (\"a\" 2 3) (\"c\" (\"d\")))",
		"an object is an alist in its own order");
	is_read("{\"a\": 1, \"b\": 2, \"a\": [3]}",
		"((\"a\" 3) (\"b\" . 2))", "of equal keys the last wins");
	is_read("[-9223372036854775808, 9223372036854775807, 0, -0]",
		"(-9223372036854775808 9223372036854775807 0 0)",
		"integers of 64 bits are exact");
	is_read("[1, 9223372036854775808]", "line 1, column 23: an integer "
		"beyond 64 bits; write it as a string", "larger ones are not "
		"rounded");
	is_read("-9223372036854775809", "line 1, column 20: an integer "
		"beyond 64 bits; write it as a string", "nor are smaller ones");
	is_read("[1e2, 0.1, 1E-7, 123.456e-2]", "(100.0 0.1 1.0e-7 1.23456)",
		"with a point or exponent they are floats");
	is_read("\"\\u00e9\\ud83d\\ude00\\n\\/\\\"\"",
		"\"\xc3\xa9\xf0\x9f\x98\x80\\n/\\\"\"", "escapes");
	is_read("\xef\xbb\xbf[1]", "(1)", "a byte order mark is passed over");
	is_read("[\"a\\u0000\", \"\"]", "(\"a\\x00\" \"\")", "a NUL");
}

static void
test_bytes_from_json(void)
{
	is_read("\"a\\udcffb\\uDC80\"", "\"a\\U10ffffb\\U10ff80\"",
		"a lone surrogate is a byte");
	is_read("{\"\\udcff\": 1}", "((\"\\U10ffff\" . 1))", "also in a key");
	is_read("\"\\udcc3\\udca9\"", "\"\xc3\xa9\"",
		"bytes that are UTF-8 together are a character");
	is_read("\"\\ud83d\\udc80\"", "\"\xf0\x9f\x92\x80\"",
		"the second half of a pair is no byte");
	is_read("\"\\\\udcff\"", "\"\\\\udcff\"",
		"nor is what stands behind an escaped backslash");
	is_read("[\"\\udcff\",\n \"\\udcff\\udcfe\" 2]",
		"line 2, column 17: ']' expected near '2'",
		"columns count the characters of the file");
	is_read("\"\\udcff\\x\"", "line 1, column 9: invalid escape near "
		"'\"\\xff\\x'", "an error shows the byte escaped");
	is_read("\"\\udc7f\"", "line 1, column 8: invalid Unicode '\\uDC7F' "
		"near '\"\\udc7f\"'", "other lone surrogates are errors");
	is_read("\"\\ud83d\"", "line 1, column 8: invalid Unicode '\\uD83D' "
		"near '\"\\ud83d\"'", "so are first halves");
	is_read("\"\\udc", "line 1, column 5: invalid escape near "
		"'\"\\udc'", "an escape cut short");
	is_read("\"\xff\"", "line 1, column 1: unable to decode byte 0xff near "
		"'\"'", "a byte that is not escaped is an error");
}

static void
test_no_json(void)
{
	is_read("", "line 1, column 1: unexpected token near end of file",
		"nothing is no JSON");
	is_read("[1,\n \"\xc3\xa9\" 2]",
		"line 2, column 6: ']' expected near '2'",
		"an error has its place, in characters");
	is_read("[1,]", "line 1, column 4: unexpected token near ']'",
		"a comma before the end");
	is_read("{\"a\\u0000\":1}", "line 1, column 10: NUL byte in object key "
		"not supported near '\"a\\u0000\"'", "a NUL in a key");
	is_read("1e999", "line 1, column 5: real number overflow near '1e999'",
		"a number that no float can hold");
	is_read("[1] x", "line 1, column 5: end of file expected near 'x'",
		"more text");
	is_read("\"\x1b[1m", "line 1, column 1: control character 0x1b near "
		"'\"'", "nothing in an error disturbs a terminal");
}

/* The JSON of DEPTH lists in each other. */
static void
nest(struct strbuf *text, size_t depth)
{
	size_t i;

	strbuf_reset(text);
	for (i = 0; i < depth; i++)
		strbuf_addch(text, '[');
	for (i = 0; i < depth; i++)
		strbuf_addch(text, ']');
}

static void
test_deep_json(void)
{
	enum { DEPTH = 100000 };
	struct strbuf text = STRBUF_INIT, v = STRBUF_INIT;
	struct error err = ERROR_INIT;
	size_t i;

	nest(&text, 2000);
	ok(!value_from_json(text.buf, text.len, &v, &err),
	   "2,000 levels of JSON can be read");
	strbuf_reset(&text);
	ok(!value_to_json(v.buf, v.len, &text, &err), "and written");
	nest(&text, 3000);
	ok(value_from_json(text.buf, text.len, fresh(&v), &err) < 0 && !v.len,
	   "more than 2,048 cannot");
	is_str(err.text, "line 1, column 2049: maximum parsing depth reached "
	       "near '['", "with a reason");
	for (i = 1; i < DEPTH; i++)
		cbor_put_array(&v, 1);
	cbor_put_array(&v, 0);
	strbuf_reset(&text);
	value_print(v.buf, v.len, 0, &text);
	is_int((intmax_t)text.len, 2 * DEPTH, "any depth can be printed");
	ok(value_to_json(v.buf, v.len, &text, &err) < 0,
	   "JSON so deep is not written");
	is_str(err.text, "a value of more than 2,000 levels has no form in "
	       "JSON", "with a reason");
	error_release(&err);
	strbuf_release(&text);
	strbuf_release(&v);
}

static void
is_json(const struct strbuf *v, const char *want, const char *title)
{
	struct strbuf got = STRBUF_INIT;
	struct error err = ERROR_INIT;

	if (value_to_json(v->buf, v->len, &got, &err))
		strbuf_adds(&got, err.text);
	is_str(got.buf, want, title);
	strbuf_release(&got);
	error_release(&err);
}

static void
is_round(const char *json, const char *title)
{
	struct strbuf v = STRBUF_INIT;

	value_from_json(json, strlen(json), &v, NULL);
	is_json(&v, json, title);
	strbuf_release(&v);
}

static void
test_to_json(void)
{
	struct strbuf v = STRBUF_INIT;

	is_round("[1, \"a\", true, null, [], [[\"a\", 1], 2]]",
		 "lists come back as arrays");
	is_round("{\"b\": 1, \"a\": [2, 3], \"c\": {\"d\": {\"e\": 0.5}}}",
		 "alists come back as objects");
	is_round("\"\\udcff\\u0001\\n\\\"\xc3\xa9\"", "strings come back");
	is_round("[{\"a\": []}, {\"a\": [{\"b\": 1}]}]", "objects in arrays");
	cbor_put_array(fresh(&v), 2);
	cbor_put_array(&v, 2);
	cbor_put_str(&v, "a");
	cbor_put_int(&v, 1);
	cbor_put_array(&v, 2);
	cbor_put_str(&v, "a");
	cbor_put_int(&v, 2);
	is_json(&v, "[[\"a\", 1], [\"a\", 2]]", "rows are no object when two "
		"begin alike");
	cbor_put_tag(fresh(&v), CBOR_TAG_VECTOR);
	cbor_put_array(&v, 1);
	cbor_put_array(&v, 1);
	cbor_put_str(&v, "a");
	is_json(&v, "[[\"a\"]]", "a vector is always an array");
	cbor_put_tag(fresh(&v), CBOR_TAG_RATIONAL);
	cbor_put_array(&v, 2);
	cbor_put_int(&v, -1);
	cbor_put_int(&v, 3);
	is_json(&v, "-0.3333333333333333", "a rational is a float");
	put_tagged(fresh(&v), CBOR_TAG_SYMBOL, "sym");
	is_json(&v, "\"sym\"", "a symbol is a string");
	put_tagged(fresh(&v), CBOR_TAG_FILE, "a/b");
	is_json(&v, "\"a/b\"", "a file is its path");
	cbor_put_double(fresh(&v), (double)INFINITY);
	is_json(&v, "null", "an infinity is null");
	cbor_put_map(fresh(&v), 1);
	put_tagged(&v, CBOR_TAG_SYMBOL, "k");
	cbor_put_double(&v, 1e21);
	is_json(&v, "{\"k\": 1.0e21}", "a hash table is an object");
	cbor_put_bytes(fresh(&v), "a", 1);
	is_json(&v, "a bytevector has no form in JSON", "bytes have no form");
	cbor_put_tag(fresh(&v), CBOR_TAG_DOTTED);
	cbor_put_array(&v, 2);
	cbor_put_int(&v, 1);
	cbor_put_int(&v, 2);
	is_json(&v, "a pair outside of an alist has no form in JSON",
		"nor has a pair alone");
	strbuf_release(&v);
}

static void
test_text(void)
{
	struct strbuf v = STRBUF_INIT;

	value_from_text("a\n\n", 3, fresh(&v));
	is_print(&v, 0, "\"a\\n\"", "a text loses its last newline");
	value_from_text("", 0, fresh(&v));
	is_print(&v, 0, "\"\"", "an empty text");
	value_from_lines("a\r\n\nb", 5, fresh(&v));
	is_print(&v, 0, "(\"a\\r\" \"\" \"b\")", "lines, with what CRLF leaves");
	value_from_lines("a\n", 2, fresh(&v));
	is_print(&v, 0, "(\"a\")", "no line behind the last newline");
	value_from_lines("", 0, fresh(&v));
	is_print(&v, 0, "()", "no lines");
	strbuf_release(&v);
}

int
main(void)
{
	test_doubles();
	test_words();
	test_no_words();
	test_print();
	test_from_json();
	test_bytes_from_json();
	test_no_json();
	test_deep_json();
	test_to_json();
	test_text();
	return done_testing();
}
