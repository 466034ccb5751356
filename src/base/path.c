/*
 * File names as text.
 */
#include "base/base.h"

#include "base/path.h"

#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/strbuf.h"

/* Take the last component off SB, which is relative or begins with "/";
 * returns false when there is none or it is "..". */
static bool
pop_component(struct strbuf *sb, size_t root_len)
{
	size_t start = sb->len;

	while (start > root_len && sb->buf[start - 1] != '/')
		start--;
	if (start == sb->len || !strcmp(sb->buf + start, ".."))
		return false;
	strbuf_truncate(sb, start > root_len ? start - 1 : start);
	return true;
}

bool
path_is_normal(const char *path)
{
	const char *p = path + (path[0] == '/'), *end;
	bool climbs = path[0] != '/', is_up;

	if (!strcmp(path, ".") || !strcmp(path, "/"))
		return true;
	for (;; p = end + 1) {
		end = strchrnul(p, '/');
		is_up = end - p == 2 && !memcmp(p, "..", 2);
		climbs &= is_up;
		if (end == p || (end - p == 1 && *p == '.') ||
		    (is_up && !climbs))
			return false;
		if (!*end)
			return true;
	}
}

char *
path_normalize(const char *path)
{
	struct strbuf sb = STRBUF_INIT;
	size_t len, root_len = path[0] == '/';

	if (path_is_normal(path))
		return xstrdup(path);
	strbuf_add(&sb, "/", root_len);
	for (; *path; path += len) {
		path += strspn(path, "/");
		len = strcspn(path, "/");
		if (!len || (len == 1 && path[0] == '.'))
			continue;
		if (len == 2 && !memcmp(path, "..", 2) &&
		    (pop_component(&sb, root_len) || root_len))
			continue;
		if (sb.len > root_len)
			strbuf_addch(&sb, '/');
		strbuf_add(&sb, path, len);
	}
	if (!sb.len)
		strbuf_addch(&sb, '.');
	return strbuf_detach(&sb, NULL);
}

/* How many ".." PATH begins with; *REST gets what follows them. */
static size_t
count_ups(const char *path, const char **rest)
{
	size_t ups = 0;

	while (!strncmp(path, "..", 2) && (!path[2] || path[2] == '/')) {
		ups++;
		path += path[2] ? 3 : 2;
	}
	*rest = path;
	return ups;
}

char *
path_plain(const char *path)
{
	char *name = path_normalize(path), *plain;

	if (*name != '-')
		return name;
	plain = xasprintf("./%s", name);
	free(name);
	return plain;
}

bool
path_is_inside(const char *dir, const char *inner)
{
	const char *dir_rest, *inner_rest;
	size_t dir_ups, inner_ups, len;

	if ((dir[0] == '/') != (inner[0] == '/'))
		return false;
	if (!strcmp(dir, "/"))
		return true;
	dir_ups = count_ups(dir, &dir_rest);
	inner_ups = count_ups(inner, &inner_rest);
	/* "." and "../.." hold all that does not climb higher. */
	if (!*dir_rest || !strcmp(dir_rest, "."))
		return inner_ups <= dir_ups;
	len = strlen(dir);
	return !strncmp(dir, inner, len) &&
	       (!inner[len] || inner[len] == '/');
}

bool
path_is_covered(const struct map *m, const char *path)
{
	size_t len;

	for (len = strlen(path); len; len--)
		if ((!path[len] || path[len] == '/') && map_get(m, path, len))
			return true;
	return false;
}

size_t
path_dir_len(const char *path)
{
	const char *slash = strrchr(path, '/');
	size_t len;

	/* Nothing is above "/": who goes up from there would never end. */
	if (!slash || (slash == path && !path[1]))
		return 0;
	for (len = (size_t)(slash - path); len && path[len - 1] == '/';)
		len--;
	return len ? len : 1;
}

const char *
path_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

char *
path_join(const char *dir, const char *name)
{
	size_t len = strlen(dir);

	if (name[0] == '/' || !len || !strcmp(dir, "."))
		return xstrdup(name);
	return xasprintf("%s%s%s", dir, dir[len - 1] == '/' ? "" : "/", name);
}

bool
path_match(const char *pattern, const char *path, const char **stem,
	   size_t *stem_len)
{
	size_t marks = 0, fixed = 0, len = strlen(path), stem_at = 0, n;
	const char *p;

	for (p = pattern; *p; p++) {
		if (*p == '%' && !marks++)
			stem_at = fixed;
		fixed += *p != '%';
	}
	if (!marks || len <= fixed || (len - fixed) % marks)
		return false;
	*stem = path + stem_at;
	*stem_len = (len - fixed) / marks;
	for (p = pattern; *p; p++, path += n) {
		n = *p == '%' ? *stem_len : 1;
		if (memcmp(path, *p == '%' ? *stem : p, n))
			return false;
	}
	return true;
}
