/*
 * Stand-ins: texts in place of paths that are known only where a task runs.
 * STANDIN_MARK "r" INDEX STANDIN_MARK stands for the path of a step's own
 * result number INDEX, with "l" for list file number INDEX.  A stand-in is
 * also what goes into the key, so that no path of an attempt gets there.
 */
#ifndef FLOWMAKE_MODEL_STANDIN_H
#define FLOWMAKE_MODEL_STANDIN_H

#define STANDIN_MARK "\xf4\x8f\xbb\xbf" /* U+10FEFF, a private character */
#define STANDIN_MARK_LEN 4

#endif
