/*
 * Hash maps in order of insertion.
 */
#include "base/base.h"

#include <stdlib.h>

#include "base/map.h"
#include "base/strbuf.h"
#include "tap.h"

enum { MANY = 20000 };

static int values[MANY];

/* The key of number I. */
static size_t
make_key(char *key, size_t size, int i)
{
	return (size_t)snprintf(key, size, "key-%d", i);
}

static void
test_basics(void)
{
	struct map_entry *e;
	struct map m;
	int a, b;

	map_init(&m);
	ok(!map_gets(&m, "x"), "an empty map has nothing");
	ok(!map_remove(&m, "x", 1), "and nothing to remove");
	ok(!map_sets(&m, "x", &a), "a new key replaces nothing");
	ok(map_gets(&m, "x") == &a, "a key has its value");
	ok(map_sets(&m, "x", &b) == &a, "a new value returns the old one");
	ok(map_gets(&m, "x") == &b && m.live == 1, "and takes its place");
	map_set(&m, "a\0b", 3, &a);
	map_set(&m, "a\0c", 3, &b);
	map_set(&m, "", 0, &a);
	ok(map_get(&m, "a\0b", 3) == &a && map_get(&m, "a\0c", 3) == &b,
	   "keys may hold NUL bytes");
	ok(map_get(&m, "", 0) == &a, "a key may be empty");
	ok(map_remove(&m, "x", 1) == &b, "removing returns the value");
	ok(!map_gets(&m, "x") && m.live == 3, "and the key is gone");
	ok(!map_remove(&m, "x", 1), "only once");
	e = map_enter(&m, "x", 1);
	ok(!e->value && !strcmp(e->key, "x"), "one that is entered has none");
	e->value = &b;
	ok(map_enter(&m, "x", 1)->value == &b && m.live == 4,
	   "until it gets one");
	map_release(&m);
}

static void
test_order(void)
{
	static const char *const keys[] = { "c", "a", "b", "d" };
	struct strbuf sb = STRBUF_INIT;
	struct map m;
	size_t i;

	map_init(&m);
	map_each(&m, e)
		strbuf_adds(&sb, e->key);
	is_str(sb.buf, "", "a walk over nothing is none");
	for (i = 0; i < ARRAY_SIZE(keys); i++)
		map_sets(&m, keys[i], &values[i]);
	map_remove(&m, "a", 1);
	map_each(&m, e)
		strbuf_adds(&sb, e->key);
	is_str(sb.buf, "cbd", "a walk is in order of insertion");
	strbuf_reset(&sb);
	map_sets(&m, "a", &values[1]);
	map_sets(&m, "c", &values[2]);
	map_each(&m, e)
		strbuf_adds(&sb, e->key);
	is_str(sb.buf, "cbda", "a key that comes back comes last");
	strbuf_release(&sb);
	map_release(&m);
}

static void
test_many(void)
{
	bool all = true, none = true, order = true;
	char key[32];
	struct map m;
	size_t len;
	int i, last = -1;

	map_init(&m);
	for (i = 0; i < MANY; i++) {
		len = make_key(key, sizeof(key), i);
		map_set(&m, key, len, &values[i]);
	}
	for (i = 0; i < MANY; i += 2) {
		len = make_key(key, sizeof(key), i);
		all &= map_remove(&m, key, len) == &values[i];
	}
	for (i = 0; i < MANY; i++) {
		len = make_key(key, sizeof(key), i);
		if (i % 2)
			all &= map_get(&m, key, len) == &values[i];
		else
			none &= !map_get(&m, key, len);
	}
	ok(all, "many keys have their values");
	ok(none, "and those removed have none");
	is_int(m.live, MANY / 2, "live entries are counted");
	map_each(&m, e) {
		i = (int)((int *)e->value - values);
		order &= i > last;
		last = i;
	}
	ok(order, "order survives growth and removal");
	map_release(&m);
}

static void
test_churn(void)
{
	char key[32];
	struct map m;
	size_t len;
	int i, j;

	map_init(&m);
	for (i = 0; i < 5000; i++) {
		for (j = 0; j < 4; j++) {
			len = make_key(key, sizeof(key), i + j);
			map_set(&m, key, len, &values[j]);
		}
		for (j = 0; j < 4; j++) {
			len = make_key(key, sizeof(key), i + j);
			map_remove(&m, key, len);
		}
	}
	ok(m.slot_count <= 64, "a map that stays small takes no more room");
	is_int(m.live, 0, "and is empty in the end");
	map_release(&m);
}

int
main(void)
{
	test_basics();
	test_order();
	test_many();
	test_churn();
	return done_testing();
}
