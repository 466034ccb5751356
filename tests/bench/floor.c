/*
 * The floor of the benchmark: run commands and do nothing else.
 *
 *	floor WORKERS < COMMANDS
 *
 * Each line of COMMANDS is a program and its arguments, parted by blanks; at
 * most WORKERS of them run at a time.  Nothing is looked at, kept or written.
 * The status is 0 if all of them ended with 0.
 */
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>

enum { WORDS_MAX = 64 };

extern char **environ;

/* Run the command LINE, which is cut up. */
static int
start(char *line)
{
	char *words[WORDS_MAX + 1];
	size_t count = 0;
	pid_t pid;

	for (char *word = strtok(line, " \n"); word && count < WORDS_MAX;
	     word = strtok(NULL, " \n"))
		words[count++] = word;
	words[count] = NULL;
	return count ? posix_spawnp(&pid, words[0], NULL, NULL, words, environ)
		     : -1;
}

/* Wait for any command; -1: it failed, or there is none. */
static int
wait_for_one(void)
{
	int status;

	return wait(&status) < 0 || status ? -1 : 0;
}

int
main(int argc, char **argv)
{
	int workers = argc == 2 ? atoi(argv[1]) : 0, running = 0, rc = 0;
	char *line = NULL;
	size_t size = 0;

	if (workers < 1) {
		fprintf(stderr, "usage: floor WORKERS < COMMANDS\n");
		return 2;
	}
	while (!rc && getline(&line, &size, stdin) > 0) {
		if (running == workers) {
			rc = wait_for_one();
			running--;
		}
		if (!rc)
			rc = start(line);
		running++;
	}
	for (; !rc && running; running--)
		rc = wait_for_one();
	free(line);
	return rc ? 1 : 0;
}
