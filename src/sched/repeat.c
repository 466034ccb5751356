/*
 * Resumes that have nothing to do.
 *
 * What a run executes, and makes, follows from its flow, from its options, from
 * the files that it looks at, and from the results of earlier runs.  A run in
 * which every task has ended well leaves a witness of the first three; while
 * they are as they were, every task would be looked for by the key that it had,
 * and the result of that run would be found, if the run to resume shows it
 * still.  So that is recorded, as one resume would, and nothing else is done:
 * no graph, no keys.  Whatever is in doubt, the tasks are asked: all, or, when
 * only few files have changed, some (trust.c).  So they are when something else
 * of the project's code has changed, which is to be recorded.
 */
#include "base/base.h"

#include "sched/run-internal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cbor.h"
#include "base/clock.h"
#include "base/strbuf.h"
#include "exec/slot.h"
#include "flow/evaluator.h"
#include "model/graph.h"
#include "sched/leases.h"
#include "store/files.h"
#include "store/witness.h"

/* ---- which flow ---- */

/* Append what tells this build of the program, which makes keys, from
 * others. */
static bool
add_build(struct strbuf *sb)
{
	struct stat st;

	cbor_put_str(sb, PACKAGE_VERSION);
	if (stat("/proc/self/exe", &st) < 0)
		return false;
	cbor_put_int(sb, st.st_size);
	cbor_put_int(sb, timespec_ns(st.st_mtim));
	cbor_put_uint(sb, st.st_ino);
	return true;
}

static void
add_words(struct strbuf *sb, char *const *words)
{
	for (; words && *words; words++)
		cbor_put_str(sb, *words);
	cbor_put_null(sb);
}

/* What tells all that R wants, and how, from anything else.  Returns false when
 * that cannot be said. */
static bool
flow_digest(const struct run *r, struct digest *d)
{
	const struct run_options *o = r->options;
	struct strbuf sb = STRBUF_INIT;
	struct digest said;
	bool is_known = evaluator_identity(r->evaluator, &said) &&
		add_build(&sb);

	if (is_known) {
		cbor_put_bytes(&sb, said.bytes, DIGEST_BYTES);
		cbor_put_str(&sb, o->flow_file);
		add_words(&sb, o->targets);
		add_words(&sb, o->with);
		cbor_put_uint(&sb, o->max_num_splits);
		cbor_put_bool(&sb, o->local);
		*d = digest_of(sb.buf, sb.len);
	}
	strbuf_release(&sb);
	return is_known;
}

/* ---- leaving a witness ---- */

static uint32_t
count_tasks(const struct kept_range *kept, size_t count)
{
	uint32_t n = 0;

	while (count--)
		n += kept[count].count;
	return n;
}

/* What tells the tasks that RUN skipped, mostly none, from others. */
static int
skipped_digest(const struct run *r, const struct run_record *run,
	       struct digest *d, struct error *err)
{
	memset(d, 0, sizeof(*d));
	return run->tasks_skipped ?
		store_skipped_digest(r->store, run->number, d, err) : 0;
}

static uint32_t
place_of(void *data, const char *path)
{
	const struct run *r = data;
	const struct task *t = graph_only_user(r->graph, path);

	return t ? t->node.index : WITNESS_NO_PLACE;
}

void
run_testify(struct run *r)
{
	const struct run_record *rec = &r->summary->run;
	const struct witness_guide guide = { place_of, r };
	struct witness_head h = {
		.started_ns = rec->started_ns,
		.run = rec->number,
		.tasks_total = rec->tasks_total,
		.tasks_done = rec->tasks_done,
		.tasks_skipped = rec->tasks_skipped,
		.files_row = files_last_row(r->files),
	};
	struct witness *old = r->trust ? r->witness : NULL;
	struct witness_task *tasks;
	struct kept_range *kept;
	size_t count;

	if (rec->state != RUN_DONE || r->unsettled ||
	    !flow_digest(r, &h.flow) ||
	    skipped_digest(r, rec, &h.skipped, NULL) ||
	    store_good_list(r->store, rec->number, &kept, &count, NULL))
		return;
	h.kept_count = (uint32_t)count;
	if (r->trust)
		h.since_count = witness_head(r->witness)->since_count +
			rec->tasks_done - rec->tasks_reused;
	if (count_tasks(kept, count) == rec->tasks_done) {
		tasks = run_list_tasks(r, kept, count, &h.task_count);
		r->testimony = witness_begin(&h, kept, tasks,
					     files_path_count(r->files), old);
		r->is_true = files_testify(r->files, r->testimony, old,
					   &guide);
		free(tasks);
	}
	free(kept);
}

void
run_testify_end(struct run *r, bool is_recorded)
{
	if (r->testimony)
		witness_end(r->testimony, r->is_true && is_recorded &&
			    r->summary->run.state == RUN_DONE);
	else
		witness_remove();
	r->testimony = NULL;
}

/* ---- nothing to do ---- */

/* Whether only the latest run is to be resumed, and only what is to be done is
 * asked for. */
static bool
is_plain(const struct run *r)
{
	const struct run_options *o = r->options;

	return !o->origin_run && !(o->rerun && o->rerun[0]) && !o->spec_dir &&
	       !(o->dry_run && r->events->planned);
}

/* Whether the origin shows what the run of H did, task by task.  Returns 1, 0,
 * or -1. */
static int
is_origin(const struct run *r, const struct witness_head *h,
	  const struct kept_range *kept, struct error *err)
{
	const struct run_record *o = &r->origin;
	struct kept_range *shown;
	struct digest skipped;
	size_t count;
	bool same;

	if (o->number == h->run)
		return o->started_ns == h->started_ns;
	if (o->state != RUN_DONE || o->tasks_total != h->tasks_total ||
	    o->tasks_done != h->tasks_done ||
	    o->tasks_skipped != h->tasks_skipped)
		return 0;
	if (skipped_digest(r, o, &skipped, err))
		return -1;
	if (!digest_equal(&skipped, &h->skipped))
		return 0;
	if (store_kept_list(r->store, o->number, &shown, &count, err))
		return -1;
	same = count == h->kept_count &&
		!memcmp(shown, kept, count * sizeof(*kept));
	free(shown);
	return same;
}

static void
count_all(struct run *r, const struct witness_head *h)
{
	struct run_counts *c = &r->summary->counts;

	c->known = h->tasks_total;
	c->done = c->reused = h->tasks_done;
	c->skipped = h->tasks_skipped;
}

/* Record that R, which has begun, shows what the run of H did; and its code,
 * if that has begun. */
static int
record_kept(struct run *r, const struct witness_head *h,
	    const struct kept_range *kept, struct error *err)
{
	struct run_record *rec = &r->summary->run;
	uint32_t i;

	for (i = 0; i < h->kept_count; i++)
		if (store_kept_put(r->store, rec->number, &kept[i], err))
			return -1;
	if (h->tasks_skipped &&
	    store_skipped_copy(r->store, r->origin.number, rec->number,
			       rec->started_ns, err))
		return -1;
	/* nobody waits for the database while we wait for that */
	if (r->code_begun && store_commit(r->store, err))
		return -1;
	run_code_end(r);
	if (r->fatal.text) {
		*err = r->fatal;
		r->fatal.text = NULL;
		return -1;
	}
	return run_record_end(r, h->tasks_total, err);
}

/* Record a run that does what that of H did. */
static int
record(struct run *r, const struct witness_head *h,
       const struct kept_range *kept, struct error *err)
{
	uint32_t number;
	struct lock *lock;
	int ret;

	if (run_record_begin(r, err))
		return -1;
	number = r->summary->run.number;
	run_end_orphans(r);
	/* others see that it goes on; what dead ones left is removed */
	lock = slot_lock_run(number, err);
	if (!lock)
		return -1;
	if (r->events->begun)
		r->events->begun(r->data, &r->summary->run, r->loop);
	run_code_note_news(r);
	ret = record_kept(r, h, kept, err);
	slot_unlock_run(lock, number);
	return ret;
}

int
run_repeat(struct run *r, struct error *err)
{
	const struct witness_head *h;
	const struct kept_range *kept;
	const char *const *changes;
	struct digest flow;
	size_t count;
	bool holds;
	int ret;

	/* what another run is just making must be asked for */
	if (!r->origin.number || !is_plain(r) || !leases_are_free() ||
	    !flow_digest(r, &flow))
		return 1;
	r->witness = witness_open(&flow);
	if (!r->witness)
		return 1;
	h = witness_head(r->witness);
	kept = witness_kept(r->witness);
	ret = is_origin(r, h, kept, err);
	if (ret < 0 ||
	    (ret && witness_look(r->witness, r->pool, r->loop, err)))
		return -1;
	holds = ret && witness_holds(r->witness);
	/* something has changed: something will be executed, most likely */
	if (ret && !holds && !r->options->dry_run)
		run_code_start(r);
	if (!ret || !witness_has_changes(r->witness, &changes, &count)) {
		witness_free(r->witness);
		r->witness = NULL;
		return 1;
	}
	if (!holds || r->interrupted)
		return 1;
	count_all(r, h);
	return r->options->dry_run ? 0 : record(r, h, kept, err);
}
