// SPDX-License-Identifier: GPL-2.0
/*
 * file-bench: does one step after the other of what standard input says, one line each, and measures.
 *
 * "file-bench TAG GAP" frames each measured step with marks in the kernel's log, "bench TAG N ready",
 * "begins" and "ends", with GAP milliseconds of silence after "ready" and after "ends": time for the host
 * to read its counters of instructions without a word to this guest.
 * Prints "= N" and JSON for each measured step, and "= N output" before what a program or a note prints.
 * Stops at the first step that fails, with status 1.
 *
 *   do LINE, note LINE              a shell's line, not measured
 *   empty                           nothing: what the marks cost
 *   run PROGRAM ARGUMENT...         a program from start to end
 *   write|read FILE BYTES TOTAL MS  in calls of BYTES, from open to close; stops after MS milliseconds
 *   pwrite|pread FILE BYTES COUNT   at the start of an open file
 *   fstat FILE COUNT                of an open file
 *   create|unlink DIR COUNT         files "0", "1" ...; created are empty ones
 *   stat|open DIR FILES COUNT       each in turn; opened ones are closed
 */
#include "selftest.h"

#include <stdarg.h>
#include <stdbool.h>
#include <sys/stat.h>

#define WORDS 16
#define LINE 1024

struct result {
	uint64_t elapsed_ns, count, bytes;
};

struct step {
	char *word[WORDS + 1];
	int words;
	/* What prepare() left for the measured part. */
	int fd;
	char *buf;
	uint64_t bytes;
};

static int log_fd;
static const char *tag;
static long gap_ms;

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

static void sleep_ms(long ms)
{
	struct timespec time = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	nanosleep(&time, NULL);
}

static void mark(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static void mark(const char *fmt, ...)
{
	char line[128];
	size_t room = sizeof(line) - 1;
	int len = snprintf(line, room, "bench %.64s ", tag);
	va_list args;

	va_start(args, fmt);
	len += vsnprintf(line + len, room - len, fmt, args);
	va_end(args);
	/* Without it the kernel would wait for the rest of the line. */
	line[len++] = '\n';
	if (write(log_fd, line, len) != len)
		FAIL("/dev/kmsg: %m");
}

static uint64_t number(const struct step *step, int at)
{
	char *end;
	uint64_t value;

	if (at >= step->words)
		FAIL("%s: argument %d is missing", step->word[0], at);
	value = strtoull(step->word[at], &end, 10);
	if (*end || end == step->word[at])
		FAIL("%s: %s is no number", step->word[0], step->word[at]);
	return value;
}

static bool is(const struct step *step, const char *name)
{
	return !strcmp(step->word[0], name);
}

static void spawn(char *const argv[])
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		FAIL("fork: %m");
	if (pid == 0) {
		int null = open("/dev/null", O_RDONLY);

		/* Standard input is the steps. */
		if (null >= 0)
			dup2(null, STDIN_FILENO);
		execvp(argv[0], argv);
		_exit(127);
	}
	status = await(pid);
	if (status)
		FAIL("%s ended with status %d", argv[0], status);
}

static void shell(const char *line)
{
	spawn((char *[]){ "sh", "-ec", (char *)line, NULL });
}

/* What must be there before the measured part begins. */
static void prepare(struct step *step)
{
	step->fd = -1;
	step->buf = NULL;
	step->bytes = 0;
	if (is(step, "write") || is(step, "read") || is(step, "pwrite") || is(step, "pread")) {
		step->bytes = number(step, 2);
		step->buf = malloc(step->bytes ? step->bytes : 1);
		if (!step->buf)
			FAIL("no memory for %s bytes", step->word[2]);
		for (uint64_t i = 0; i < step->bytes; i++)
			step->buf[i] = i * 7 + 1;
	}
	if (is(step, "pwrite") || is(step, "pread") || is(step, "fstat")) {
		step->fd = open(step->word[1], O_RDWR | O_CREAT, 0644);
		if (step->fd < 0)
			FAIL("%s: %m", step->word[1]);
	}
	if (is(step, "pread") &&
	    pwrite(step->fd, step->buf, step->bytes, 0) != (ssize_t)step->bytes)
		FAIL("%s: %m", step->word[1]);
}

static void release(struct step *step)
{
	if (step->fd >= 0 && close(step->fd))
		FAIL("%s: %m", step->word[1]);
	free(step->buf);
}

/* Reads or writes a file from its start on, until enough was moved or it took too long. */
static void stream(struct step *step, bool writes, struct result *result)
{
	uint64_t total = number(step, 3), limit = now_ns() + number(step, 4) * 1000000;
	int fd = open(step->word[1], writes ? O_WRONLY | O_CREAT | O_TRUNC : O_RDONLY, 0644);

	if (fd < 0)
		FAIL("%s: %m", step->word[1]);
	while (result->bytes < total && now_ns() < limit) {
		ssize_t done = writes ? write(fd, step->buf, step->bytes) :
					read(fd, step->buf, step->bytes);

		if (done != (ssize_t)step->bytes)
			FAIL("%s: %s moved %zd bytes: %m", step->word[1], step->word[0], done);
		result->bytes += done;
		result->count++;
	}
	if (close(fd))
		FAIL("%s: %m", step->word[1]);
}

/* Calls on the file that prepare() opened. */
static void open_file(struct step *step, struct result *result)
{
	uint64_t count = number(step, is(step, "fstat") ? 2 : 3);
	bool writes = is(step, "pwrite"), stats = is(step, "fstat");
	struct stat attributes;

	for (uint64_t i = 0; i < count; i++) {
		ssize_t done;

		if (stats)
			done = fstat(step->fd, &attributes);
		else if (writes)
			done = pwrite(step->fd, step->buf, step->bytes, 0);
		else
			done = pread(step->fd, step->buf, step->bytes, 0);
		if (done != (ssize_t)step->bytes)
			FAIL("%s: %s gave %zd: %m", step->word[1], step->word[0], done);
	}
	result->count = count;
	result->bytes = count * step->bytes;
}

/* Calls on names in a directory. */
static void names(struct step *step, struct result *result)
{
	bool creates = is(step, "create"), unlinks = is(step, "unlink"), stats = is(step, "stat");
	uint64_t files = number(step, 2);
	uint64_t count = creates || unlinks ? files : number(step, 3);
	size_t length = strlen(step->word[1]);
	char path[LINE + 32];

	memcpy(path, step->word[1], length);
	path[length++] = '/';
	for (uint64_t i = 0, file = 0; i < count; i++, file = file + 1 == files ? 0 : file + 1) {
		struct stat attributes;
		int error;

		snprintf(path + length, sizeof(path) - length, "%llu", (unsigned long long)file);
		if (unlinks) {
			error = unlink(path);
		} else if (stats) {
			error = stat(path, &attributes);
		} else {
			int fd = open(path, creates ? O_WRONLY | O_CREAT | O_EXCL : O_RDONLY, 0644);

			error = fd < 0 ? -1 : close(fd);
		}
		if (error)
			FAIL("%s %s: %m", step->word[0], path);
	}
	result->count = count;
}

static struct result perform(struct step *step)
{
	struct result result = { 0 };
	uint64_t begun = now_ns();

	if (is(step, "run"))
		spawn(step->word + 1);
	else if (is(step, "write") || is(step, "read"))
		stream(step, is(step, "write"), &result);
	else if (is(step, "pwrite") || is(step, "pread") || is(step, "fstat"))
		open_file(step, &result);
	else if (!is(step, "empty"))
		names(step, &result);
	result.elapsed_ns = now_ns() - begun;
	return result;
}

/* Says whose output follows. */
static void announce(int at)
{
	printf("= %d output\n", at);
	fflush(stdout);
}

static void measure(int at, struct step *step)
{
	struct result result;

	prepare(step);
	if (is(step, "run"))
		announce(at);
	mark("%d ready", at);
	sleep_ms(gap_ms);
	mark("%d begins", at);
	/* The mark may be printed by a thread of its own. */
	sleep_ms(4);
	result = perform(step);
	mark("%d ends", at);
	sleep_ms(gap_ms);
	release(step);
	printf("= %d {\"elapsed_ns\":%llu,\"count\":%llu,\"bytes\":%llu}\n", at,
	       (unsigned long long)result.elapsed_ns, (unsigned long long)result.count,
	       (unsigned long long)result.bytes);
	fflush(stdout);
}

static bool is_known(const struct step *step)
{
	static const char *const kinds[] = { "empty", "run", "write", "read", "pwrite", "pread",
					     "fstat", "create", "unlink", "stat", "open" };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (is(step, kinds[i]))
			return step->words > 1 || !i;
	return false;
}

int main(int argc, char **argv)
{
	char line[LINE];

	if (argc != 3)
		FAIL("usage: file-bench TAG GAP < STEPS");
	tag = argv[1];
	gap_ms = atol(argv[2]);
	log_fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
	if (log_fd < 0)
		FAIL("/dev/kmsg: %m");
	for (int at = 0; fgets(line, sizeof(line), stdin); at++) {
		struct step step = { .words = 0 };

		line[strcspn(line, "\n")] = 0;
		if (!strncmp(line, "do ", 3)) {
			shell(line + 3);
			continue;
		}
		if (!strncmp(line, "note ", 5)) {
			announce(at);
			shell(line + 5);
			continue;
		}
		for (char *word = strtok(line, " "); word && step.words < WORDS;
		     word = strtok(NULL, " "))
			step.word[step.words++] = word;
		if (!step.words || !is_known(&step))
			FAIL("step %d is not known", at);
		measure(at, &step);
	}
	return 0;
}
