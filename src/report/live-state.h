/*
 * What the parts of the live display share: live.c takes the news,
 * live-print.c shows what tasks print, live-failures.c keeps what failed,
 * live-end.c tells the end.
 */
#ifndef FLOWMAKE_REPORT_LIVE_STATE_H
#define FLOWMAKE_REPORT_LIVE_STATE_H

#include "base/base.h"
#include "base/map.h"
#include "base/strbuf.h"
#include "report/lines.h"
#include "report/live.h"
#include "report/outlet.h"
#include "sys/loop.h"

struct speaker;
struct strvec;

struct live {
	struct live_options options;
	struct outlet *out;
	struct outlet *err;                     /* may be out itself */
	bool out_colors;
	bool err_colors;
	uint32_t run;                           /* 0: none has begun */
	int64_t began_ns;                       /* monotonic */
	struct strbuf line;                     /* scratch */
	struct strbuf stamp;                    /* of stamp_ns */
	int64_t stamp_ns;
	struct speaker **speakers;
	size_t speaker_count;
	size_t speaker_alloc;
	struct map failed;                      /* struct failed_step by name,
						 * in order */
	bool has_status;                        /* out is a terminal fit for
						 * a status line */
	bool status_shown;
	struct loop *loop;                      /* of the run that goes on */
	struct loop_timer tick;                 /* for the status line's time */
	struct loop_watch out_watch;            /* while out is behind */
	struct loop_watch err_watch;            /* while err is, if another */
	bool is_ending;                         /* nothing is left out now */
	struct run_counts counts;
	char *waiting_for;                      /* or NULL */
};

enum { FAILURE_LINES = 10 };

#define COLOR_BAD "\033[1;31m"
#define COLOR_OFF "\033[0m"

/* Queue TEXT, whole lines, on O, which is out or err. */
void live_say(struct live *l, struct outlet *o, const struct strbuf *text);
/* Take the status line away. */
void live_erase_status(struct live *l);

/* ---- live-print.c ---- */

/* Begin l->line with the time REAL_NS. */
void live_begin_line(struct live *l, int64_t real_ns);
/* Append "15/count/3" or, before a run has its number, "count/3"; and the
 * element, if any, of at most MAX bytes. */
void live_add_task(struct strbuf *sb, const struct task_news *t, size_t max);
/* Append "[15/count/3 books/a.txt (pid 83812)] ". */
void live_add_prefix(struct strbuf *sb, const struct task_news *t);

/* Keep the end of what T's attempt printed, and queue it if it is read. */
void live_print(struct live *l, const struct task_news *t,
		enum log_stream stream, int64_t real_ns, const char *text,
		size_t len);
/* T's attempt prints no more.  Returns whether MESSAGE, or NULL, is the last
 * that it wrote to its stderr.  LINES, unless it is NULL, gets the last
 * FAILURE_LINES that it printed. */
bool live_end_speaker(struct live *l, const struct task_news *t,
		      int64_t real_ns, const char *message,
		      struct strvec *lines);
void live_free_speakers(struct live *l);

/* ---- live-failures.c ---- */

/* Keep what the end of the run will say about T, which failed.  Returns where
 * to keep its last lines; NULL: they will not be said. */
struct strvec *live_keep_failure(struct live *l, const struct task_news *t,
				 const struct attempt_record *a);
/* Name what failed, first things first. */
void live_say_failures(struct live *l);
void live_free_failures(struct live *l);

/* ---- live-end.c ---- */

/* Append TEXT in the colour of bad news. */
void live_add_bad(const struct live *l, struct strbuf *sb, const char *text);

#endif
