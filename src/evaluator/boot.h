/*
 * Starting Guile so that this process may fork at any time: one thread only,
 * with one GC marker and no finalizer thread.
 */
#ifndef FLOWMAKE_EVALUATOR_BOOT_H
#define FLOWMAKE_EVALUATOR_BOOT_H

/* Boot Guile, find flowmake's own modules (those of the build tree where the
 * environment says so), define the primitives, and call BODY inside Guile.
 * An exception that BODY does not catch is said on stderr and ends it. */
void boot_guile(void (*body)(void));

#endif
