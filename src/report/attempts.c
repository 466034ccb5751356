/*
 * Records of attempts, read and added up for show.
 */
#include "base/base.h"

#include "report/show-state.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/map.h"
#include "base/strbuf.h"

/* ---- copies ---- */

/* Copy COUNT artifacts. */
static const struct artifact *
copy_artifacts(struct arena *arena, const struct artifact *list, size_t count)
{
	struct artifact *copy;
	size_t i;

	if (!count)
		return NULL;
	copy = arena_memdup(arena, list, count * sizeof(*copy));
	for (i = 0; i < count; i++) {
		copy[i].name = arena_strdup(arena, copy[i].name);
		if (copy[i].value)
			copy[i].value = arena_memdup(arena, copy[i].value,
						     copy[i].value_len);
		if (copy[i].file_name)
			copy[i].file_name = arena_strdup(arena,
							 copy[i].file_name);
	}
	return copy;
}

/* Take down one record. */
static bool
copy_attempt(void *data, const struct attempt_record *a)
{
	struct attempts *as = data;
	struct attempt_record *copy;

	ARRAY_GROW(as->list, as->count, as->alloc);
	copy = &as->list[as->count++];
	*copy = *a;
	copy->step = arena_strdup(&as->arena, a->step);
	copy->split = arena_strdup(&as->arena, a->split);
	copy->element = arena_strdup(&as->arena, a->element);
	if (a->message)
		copy->message = arena_strdup(&as->arena, a->message);
	if (a->key_parts)
		copy->key_parts = arena_memdup(&as->arena, a->key_parts,
					       a->key_parts_len);
	copy->results = copy_artifacts(&as->arena, a->results,
				       a->result_count);
	copy->outputs = copy_artifacts(&as->arena, a->outputs,
				       a->output_count);
	return false;
}

int
attempts_read(struct attempts *as, struct store *s, const struct target *t,
	      bool latest_only, struct error *err)
{
	struct attempt_filter filter = {
		.run = t->run.number,
		.step = t->step,
		.split = t->rest,
		.latest_only = latest_only,
	};

	memset(as, 0, sizeof(*as));
	arena_init(&as->arena);
	if (store_attempt_each(s, &filter, copy_attempt, as, err) == 0)
		return 0;
	attempts_release(as);
	return -1;
}

void
attempts_release(struct attempts *as)
{
	free(as->list);
	as->list = NULL;
	as->count = 0;
	arena_release(&as->arena);
}

int64_t
attempt_time_ns(const struct attempt_record *a)
{
	if (a->ended_ns)
		return MAX(a->ended_ns - a->started_ns, 0);
	if (a->outcome != TASK_RUNNING || !a->started_ns)
		return 0;
	return MAX(clock_real_ns(&clock_system) - a->started_ns, 0);
}

void
attempt_add_ending(struct strbuf *sb, const struct attempt_record *a)
{
	if (a->signal)
		strbuf_addf(sb, "signal %d", a->signal);
	else if (a->exit_status > 0)
		strbuf_addf(sb, "status %d", a->exit_status);
}

/* ---- order ---- */

/* Compare splits: numbers by value, all else bytewise. */
static int
compare_splits(const char *a, const char *b)
{
	unsigned long na, nb;
	char *a_end, *b_end;

	while (*a && *b) {
		if (*a >= '0' && *a <= '9' && *b >= '0' && *b <= '9') {
			na = strtoul(a, &a_end, 10);
			nb = strtoul(b, &b_end, 10);
			if (na != nb)
				return na < nb ? -1 : 1;
			a = a_end;
			b = b_end;
		} else if (*a != *b) {
			break;
		} else {
			a++;
			b++;
		}
	}
	return (int)(unsigned char)*a - (int)(unsigned char)*b;
}

int
attempt_compare_splits(const void *a, const void *b)
{
	const struct attempt_record *x = a, *y = b;
	int rc = compare_splits(x->split, y->split);

	return rc ? rc : x->task < y->task ? -1 : x->task > y->task;
}

/* ---- sums ---- */

/* The work of step_sums_read. */
struct summing {
	struct arena *arena;
	const char *run_state;
	struct map by_name;      /* struct step_sum */
	struct step_sum *current; /* of the task that is being read */
	uint32_t task;           /* its number */
	size_t state;            /* as of its last attempt read */
};

const char *
step_sum_state(size_t state)
{
	return state == SHOWN_STATES - 1
	       ? "died" : task_outcome_name((enum task_outcome)state);
}

/* The task that was being read is complete. */
static void
end_task(struct summing *sum)
{
	if (!sum->current)
		return;
	sum->current->tasks++;
	sum->current->states[sum->state]++;
	sum->current = NULL;
}

/* The sum of the step called NAME. */
static struct step_sum *
get_sum(struct summing *sum, const char *name)
{
	struct step_sum *found = map_gets(&sum->by_name, name);

	if (!found) {
		found = arena_zalloc(sum->arena, sizeof(*found));
		found->name = arena_strdup(sum->arena, name);
		map_sets(&sum->by_name, name, found);
	}
	return found;
}

/* Add one attempt. */
static bool
add_attempt(void *data, const struct attempt_record *a)
{
	struct summing *sum = data;
	struct step_sum *step;

	if (sum->current && a->task != sum->task)
		end_task(sum);
	if (sum->current)
		sum->current->retries++;
	step = sum->current ? sum->current : get_sum(sum, a->step);
	sum->current = step;
	sum->task = a->task;
	sum->state = a->outcome;
	if (a->outcome == TASK_RUNNING && strcmp(sum->run_state, "running"))
		sum->state = SHOWN_STATES - 1;
	else
		step->time_ns += attempt_time_ns(a);
	step->cpu_ns += a->user_ns + a->system_ns;
	step->max_rss_kib = MAX(step->max_rss_kib, a->max_rss_kib);
	return false;
}

int
step_sums_read(struct store *s, const struct target *t, struct arena *arena,
	       struct step_sum **sums, size_t *count, struct error *err)
{
	struct attempt_filter filter = { .run = t->run.number };
	struct summing sum = { .arena = arena };
	size_t n = 0;
	int rc;

	sum.run_state = run_state_name(&t->run);
	map_init(&sum.by_name);
	rc = store_attempt_each(s, &filter, add_attempt, &sum, err);
	end_task(&sum);
	if (!rc) {
		*count = sum.by_name.live;
		*sums = xcalloc(*count + 1, sizeof(**sums));
		map_each(&sum.by_name, e)
			(*sums)[n++] = *(struct step_sum *)e->value;
	}
	map_release(&sum.by_name);
	return rc;
}
