/* An upstream that costs next to nothing: one epoll thread that answers every chat request alike.
 *
 *   upstream [delay in milliseconds]     prints "listening PORT" once it does
 *
 * A plain request gets a completion of 735 bytes; one whose body holds "stream":true gets 100 server-sent
 * events and [DONE], each in an HTTP chunk of its own and in a write of its own. */

#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { body_bytes = 735, events = 100, pieces_max = events + 2, batch = 256, connections_max = 65536 };

struct piece { char *bytes; size_t length; };

static struct piece plain;
static struct piece stream[pieces_max];
static int delay_ms;

/* A connection reads a request, then writes one piece after the other; it never does both. */
struct connection {
    int descriptor;
    char *input;
    size_t filled, capacity;
    const struct piece *next, *end; /* what is left to write */
    size_t written;                 /* of the next piece */
    long long due;                  /* when a delayed answer may start, 0 when none waits */
    int watches_output;
};

static struct connection *connections[connections_max];
static int highest;
static int poller;

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static long long now_ms(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000LL + time.tv_nsec / 1000000;
}

static struct piece make_piece(const char *format, const char *text, size_t number) {
    struct piece piece;
    int length = asprintf(&piece.bytes, format, number, text);
    if (length < 0) fail("asprintf");
    piece.length = (size_t)length;
    return piece;
}

static void make_plain(void) {
    char body[2 * body_bytes], content[body_bytes];
    const char *format =
        "{\"id\":\"chatcmpl-benchmark0000000000000001\",\"object\":\"chat.completion\","
        "\"created\":1760000000,\"model\":\"gpt-test\",\"choices\":[{\"index\":0,"
        "\"message\":{\"role\":\"assistant\",\"content\":\"%s\",\"refusal\":null},"
        "\"logprobs\":null,\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":57,"
        "\"completion_tokens\":64,\"total_tokens\":121,\"prompt_tokens_details\":{\"cached_tokens\":0},"
        "\"completion_tokens_details\":{\"reasoning_tokens\":0}},\"system_fingerprint\":\"fp_benchmark\"}";
    int around = snprintf(NULL, 0, format, "");
    size_t wanted = (size_t)(body_bytes - around);
    for (size_t at = 0; at < wanted; at++) content[at] = "signals and points "[at % 19];
    content[wanted] = 0;
    snprintf(body, sizeof body, format, content);
    plain = make_piece(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
        body, strlen(body));
}

static void make_stream(void) {
    char event[512];
    stream[0] = make_piece("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\n"
                           "Transfer-Encoding: chunked\r\n\r\n%.0zu%s", "", 0);
    for (int at = 1; at <= events; at++) {
        int last = at == events;
        snprintf(event, sizeof event,
            "data: {\"id\":\"chatcmpl-benchmark0000000000000001\",\"object\":\"chat.completion.chunk\","
            "\"created\":1760000000,\"model\":\"gpt-test\",\"choices\":[{\"index\":0,\"delta\":{%s},"
            "\"finish_reason\":%s}]}\n\n",
            last ? "" : "\"content\":\" signal\"", last ? "\"stop\"" : "null");
        stream[at] = make_piece("%zx\r\n%s\r\n", event, strlen(event));
    }
    const char *done = "data: [DONE]\n\n";
    stream[events + 1] = make_piece("%zx\r\n%s\r\n0\r\n\r\n", done, strlen(done));
}

static void watch(struct connection *connection, int output) {
    if (connection->watches_output == output) return;
    struct epoll_event event = {.events = output ? EPOLLOUT : EPOLLIN, .data.fd = connection->descriptor};
    if (epoll_ctl(poller, EPOLL_CTL_MOD, connection->descriptor, &event)) fail("epoll_ctl");
    connection->watches_output = output;
}

static void drop(struct connection *connection) {
    connections[connection->descriptor] = NULL;
    close(connection->descriptor);
    free(connection->input);
    free(connection);
}

/* Writes until all is written or the socket is full. Returns -1 when the peer is gone. */
static int write_on(struct connection *connection) {
    while (connection->next < connection->end) {
        const struct piece *piece = connection->next;
        ssize_t sent = send(connection->descriptor, piece->bytes + connection->written,
            piece->length - connection->written, MSG_NOSIGNAL);
        if (sent < 0) {
            if (errno != EAGAIN) return -1;
            watch(connection, 1);
            return 0;
        }
        connection->written += (size_t)sent;
        if (connection->written < piece->length) continue;
        connection->written = 0;
        connection->next++;
    }
    watch(connection, 0);
    return 0;
}

/* The bytes of the whole request at the buffer's start, or 0 while it is not all there. */
static size_t request_length(const struct connection *connection, const char **body) {
    char *end = memmem(connection->input, connection->filled, "\r\n\r\n", 4);
    if (!end) return 0;
    *body = end + 4;
    size_t head = (size_t)(*body - connection->input);
    for (const char *line = connection->input; line < end; line++) {
        line = memchr(line, '\n', (size_t)(end + 2 - line));
        if (!line) break;
        if (strncasecmp(line + 1, "content-length:", 15) == 0) {
            size_t whole = head + strtoul(line + 16, NULL, 10);
            return connection->filled >= whole ? whole : 0;
        }
        if (strncasecmp(line + 1, "transfer-encoding:", 18) == 0) {
            const char *last = memmem(end, connection->filled - head + 4, "\r\n0\r\n\r\n", 7);
            return last ? (size_t)(last + 7 - connection->input) : 0;
        }
    }
    return head;
}

/* Answers the request at the buffer's start, if it is all there. */
static int answer(struct connection *connection) {
    const char *body;
    size_t length = request_length(connection, &body);
    if (length == 0 || connection->due || connection->next < connection->end) return 0;
    size_t body_length = length - (size_t)(body - connection->input);
    int streams = memmem(body, body_length, "\"stream\":true", 13)
        || memmem(body, body_length, "\"stream\": true", 14);
    connection->next = streams ? stream : &plain;
    connection->end = connection->next + (streams ? pieces_max : 1);
    memmove(connection->input, connection->input + length, connection->filled - length);
    connection->filled -= length;
    if (delay_ms) {
        connection->due = now_ms() + delay_ms;
        return 0;
    }
    return write_on(connection);
}

static int read_on(struct connection *connection) {
    if (connection->filled == connection->capacity) {
        connection->capacity = connection->capacity ? connection->capacity * 4 : 4096;
        connection->input = realloc(connection->input, connection->capacity);
        if (!connection->input) fail("realloc");
    }
    ssize_t got = recv(connection->descriptor, connection->input + connection->filled,
        connection->capacity - connection->filled, 0);
    if (got == 0 || (got < 0 && errno != EAGAIN)) return -1;
    if (got > 0) connection->filled += (size_t)got;
    return answer(connection);
}

static void accept_all(int listener) {
    for (;;) {
        int descriptor = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (descriptor < 0) return;
        if (descriptor >= connections_max) {
            close(descriptor);
            continue;
        }
        int on = 1;
        setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        struct connection *connection = calloc(1, sizeof *connection);
        if (!connection) fail("calloc");
        connection->descriptor = descriptor;
        connections[descriptor] = connection;
        if (descriptor > highest) highest = descriptor;
        struct epoll_event event = {.events = EPOLLIN, .data.fd = descriptor};
        if (epoll_ctl(poller, EPOLL_CTL_ADD, descriptor, &event)) fail("epoll_ctl");
    }
}

static void start_due(void) {
    long long now = now_ms();
    for (int descriptor = 0; descriptor <= highest; descriptor++) {
        struct connection *connection = connections[descriptor];
        if (!connection || !connection->due || connection->due > now) continue;
        connection->due = 0;
        if (write_on(connection) || answer(connection)) drop(connection);
    }
}

static int listen_on_loopback(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, length) || listen(listener, 1024)
        || getsockname(listener, (struct sockaddr *)&address, &length))
        fail("listen");
    printf("listening %d\n", ntohs(address.sin_port));
    fflush(stdout);
    return listener;
}

int main(int count, char **arguments) {
    delay_ms = count > 1 ? atoi(arguments[1]) : 0;
    make_plain();
    make_stream();
    poller = epoll_create1(EPOLL_CLOEXEC);
    int listener = listen_on_loopback();
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener}, ready[batch];
    if (poller < 0 || epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event)) fail("epoll");
    for (;;) {
        int got = epoll_wait(poller, ready, batch, delay_ms ? 10 : -1);
        for (int at = 0; at < got; at++) {
            if (ready[at].data.fd == listener) {
                accept_all(listener);
                continue;
            }
            struct connection *connection = connections[ready[at].data.fd];
            if (!connection) continue;
            int writes = connection->next < connection->end && !connection->due;
            int gone = writes ? write_on(connection) : read_on(connection);
            if (!gone && writes && connection->next == connection->end) gone = answer(connection);
            if (gone) drop(connection);
        }
        if (delay_ms) start_due();
    }
}
