#ifndef SIGNALBOX_CLINUX_SHIM_H
#define SIGNALBOX_CLINUX_SHIM_H

/* The parts of the kernel's and the C library's interface that Swift's Glibc module leaves out. */

#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The flags are enumerators, which Swift imports as a type of their own: as plain integers they can be
   combined. */
static inline int signalbox_epoll_create(void) { return epoll_create1(EPOLL_CLOEXEC); }
static inline int signalbox_eventfd(void) { return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC); }

/* accept4 and its flags are hidden behind _GNU_SOURCE, which Swift's importer does not define. */
int accept4(int listener, struct sockaddr *address, socklen_t *length, int flags);
static inline int signalbox_socket(int family, int kind, int protocol) {
    return socket(family, kind | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
}
static inline int signalbox_accept(int listener, struct sockaddr_storage *address, socklen_t *length) {
    return accept4(listener, (struct sockaddr *)address, length, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

/* prctl is variadic. Names the calling thread; at most 15 bytes are kept. */
static inline int signalbox_name_thread(const char *name) { return prctl(PR_SET_NAME, name, 0, 0, 0); }

/* cpu_set_t and its call are hidden behind _GNU_SOURCE: the raw call fills a plain bit mask. */
static inline int signalbox_available_cores(void) {
    unsigned long mask[16] = {0};
    long size = syscall(SYS_sched_getaffinity, 0, sizeof mask, mask);
    int count = 0;
    for (unsigned i = 0; size > 0 && i < (unsigned long)size / sizeof mask[0]; i++) {
        count += __builtin_popcountl(mask[i]);
    }
    return count;
}

/* epoll_event's data is a union in a packed structure: read and written here, where the compiler knows its
   layout. */
static inline struct epoll_event signalbox_epoll_event(unsigned events, unsigned long long tag) {
    struct epoll_event event = {.events = events, .data = {.u64 = tag}};
    return event;
}

static const int signalbox_socket_stream = SOCK_STREAM;
static const unsigned signalbox_epoll_in = EPOLLIN;
static const unsigned signalbox_epoll_out = EPOLLOUT;
static const unsigned signalbox_epoll_hang_up = EPOLLRDHUP | EPOLLHUP | EPOLLERR;
static const unsigned signalbox_epoll_peer_closed = EPOLLRDHUP;
static const unsigned signalbox_epoll_edge = EPOLLET;
static const unsigned signalbox_epoll_error = EPOLLERR;
static const unsigned signalbox_epoll_hup = EPOLLHUP;

#endif
