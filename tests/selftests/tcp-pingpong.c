// SPDX-License-Identifier: GPL-2.0
/*
 * tcp-pingpong: what bare TCP costs between two nodes, the base that links are compared with.
 *
 * "server PORT" sends back what it gets, one connection after the other. "client ADDRESS PORT BYTES
 * COUNT DEPTH" sends COUNT messages of BYTES to it, DEPTH of them under way at a time, and prints the
 * time from the first to the last one, with DEPTH 1 the round trips, too, as JSON.
 */
#include "selftest.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/socket.h>

struct run {
	int fd;
	char *buf;
	size_t bytes;
	long count;
	sem_t room;
};

static char *must_alloc(size_t bytes)
{
	char *buf = calloc(bytes ? bytes : 1, 1);

	if (!buf)
		FAIL("no memory for %zu bytes", bytes);
	return buf;
}

/* Returns 0 at the end of the stream. */
static int read_all(int fd, void *buf, size_t bytes)
{
	for (size_t done = 0; done < bytes;) {
		ssize_t n = read(fd, (char *)buf + done, bytes - done);

		if (n < 0)
			FAIL("read: %m");
		if (n == 0)
			return 0;
		done += n;
	}
	return 1;
}

static void write_all(int fd, const void *buf, size_t bytes)
{
	for (size_t done = 0; done < bytes;) {
		ssize_t n = send(fd, (const char *)buf + done, bytes - done, MSG_NOSIGNAL);

		if (n < 0)
			FAIL("send: %m");
		done += n;
	}
}

static void no_delay(int fd)
{
	if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int)))
		FAIL("TCP_NODELAY: %m");
}

static void serve(const char *port)
{
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons(atoi(port)) };
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int));
	if (bind(listener, (void *)&any, sizeof(any)) || listen(listener, 1))
		FAIL("port %s: %m", port);
	for (;;) {
		int fd = accept(listener, NULL, NULL);
		uint64_t bytes;
		char *buf;

		if (fd < 0)
			FAIL("accept: %m");
		no_delay(fd);
		if (read_all(fd, &bytes, sizeof(bytes))) {
			buf = must_alloc(bytes);
			while (read_all(fd, buf, bytes))
				write_all(fd, buf, bytes);
			free(buf);
		}
		close(fd);
	}
}

static int by_time(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* One message at a time; prints the round trips. */
static void take_turns(struct run *run)
{
	double *times = (void *)must_alloc(run->count * sizeof(*times));

	for (long i = 0; i < run->count; i++) {
		double begin = seconds();

		write_all(run->fd, run->buf, run->bytes);
		if (!read_all(run->fd, run->buf, run->bytes))
			FAIL("the server hung up");
		times[i] = seconds() - begin;
	}
	qsort(times, run->count, sizeof(*times), by_time);
	printf("\"rtt_ns\": {\"min\": %.0f, \"median\": %.0f, \"max\": %.0f}, ", times[0] * 1e9,
	       times[run->count / 2] * 1e9, times[run->count - 1] * 1e9);
	free(times);
}

static void *send_messages(void *arg)
{
	struct run *run = arg;
	char *buf = must_alloc(run->bytes);

	for (long i = 0; i < run->count; i++) {
		sem_wait(&run->room);
		write_all(run->fd, buf, run->bytes);
	}
	free(buf);
	return NULL;
}

/* Several messages at a time: one thread sends, the other one receives. */
static void overlap(struct run *run, int depth)
{
	pthread_t sender;

	sem_init(&run->room, 0, depth);
	if (pthread_create(&sender, NULL, send_messages, run))
		FAIL("no thread");
	for (long i = 0; i < run->count; i++) {
		if (!read_all(run->fd, run->buf, run->bytes))
			FAIL("the server hung up");
		sem_post(&run->room);
	}
	pthread_join(sender, NULL);
}

static void measure(char **arg)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(atoi(arg[1])) };
	uint64_t bytes = strtoull(arg[2], NULL, 10);
	struct run run = { .bytes = bytes, .count = atol(arg[3]) };
	int depth = atoi(arg[4]);
	double begin;

	if (inet_pton(AF_INET, arg[0], &to.sin_addr) != 1 || !bytes || run.count < 1 || depth < 1)
		FAIL("wrong arguments");
	run.buf = must_alloc(bytes);
	run.fd = socket(AF_INET, SOCK_STREAM, 0);
	if (connect(run.fd, (void *)&to, sizeof(to)))
		FAIL("connect to %s: %m", arg[0]);
	no_delay(run.fd);
	write_all(run.fd, &bytes, sizeof(bytes));
	printf("{");
	begin = seconds();
	if (depth == 1)
		take_turns(&run);
	else
		overlap(&run, depth);
	printf("\"answered\": %ld, \"elapsed_ns\": %.0f}\n", run.count, (seconds() - begin) * 1e9);
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "server"))
		serve(argv[2]);
	if (argc != 7 || strcmp(argv[1], "client"))
		SKIP("it is run by a bench: server PORT, or client ADDRESS PORT BYTES COUNT DEPTH");
	measure(argv + 2);
	return 0;
}
