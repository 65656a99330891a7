#ifndef SIGNALBOX_CMICROHTTPD_SHIM_H
#define SIGNALBOX_CMICROHTTPD_SHIM_H

#include <microhttpd.h>

/* MHD_start_daemon takes its options as C variadics, which Swift cannot call: this is the one set that
   Signalbox uses. No listening socket (connections are handed in with MHD_add_connection), no thread, epoll,
   suspension allowed. With a certificate (PEM, chain included) and its key it speaks TLS 1.2 and 1.3, and
   nothing else. */
static inline struct MHD_Daemon *signalbox_mhd_start(
    MHD_AccessHandlerCallback handler, MHD_RequestCompletedCallback completed,
    MHD_NotifyConnectionCallback connection_changed,
    void *(*request_line)(void *context, const char *uri, struct MHD_Connection *connection),
    void *context, unsigned int connections_max, size_t connection_memory,
    const char *certificate, const char *key) {
    unsigned int flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_NO_LISTEN_SOCKET;
    struct MHD_OptionItem tls[] = {
        {MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)certificate},
        {MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)key},
        {MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)"NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"},
        {MHD_OPTION_END, 0, NULL}};
    struct MHD_OptionItem none[] = {{MHD_OPTION_END, 0, NULL}};
    if (certificate != NULL) flags |= MHD_USE_TLS;
    return MHD_start_daemon(
        flags,
        0, NULL, NULL, handler, context,
        MHD_OPTION_NOTIFY_COMPLETED, completed, context,
        MHD_OPTION_NOTIFY_CONNECTION, connection_changed, context,
        MHD_OPTION_URI_LOG_CALLBACK, request_line, context,
        MHD_OPTION_CONNECTION_LIMIT, connections_max,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, connection_memory,
        MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1,
        MHD_OPTION_ARRAY, certificate != NULL ? tls : none,
        MHD_OPTION_END);
}

/* The MHD_get_*_info calls are variadic too, and answer with a union. */

static inline int signalbox_mhd_epoll_descriptor(struct MHD_Daemon *daemon) {
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD);
    return info == NULL ? -1 : info->epoll_fd;
}

static inline int signalbox_mhd_socket(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    return info == NULL ? -1 : info->connect_fd;
}

static inline void *signalbox_mhd_socket_context(struct MHD_Connection *connection) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info == NULL ? NULL : info->socket_context;
}

/* MHD_SIZE_UNKNOWN and the content reader's two special results are macros with casts, which Swift does not
   import. */
static inline uint64_t signalbox_mhd_size_unknown(void) { return MHD_SIZE_UNKNOWN; }
static inline ssize_t signalbox_mhd_end_of_stream(void) { return MHD_CONTENT_READER_END_OF_STREAM; }
static inline ssize_t signalbox_mhd_end_with_error(void) { return MHD_CONTENT_READER_END_WITH_ERROR; }

#endif
