#ifndef SIGNALBOX_CZLIB_SHIM_H
#define SIGNALBOX_CZLIB_SHIM_H

#include <zlib.h>

/* deflateInit2 and inflateInit2 are macros that add the library version and the stream's size: Swift cannot
   see them. */

/* windowBits 15 + 16 asks for the gzip wrapper (RFC 1952) instead of zlib's own. */
static inline int signalbox_gzip_deflate_init(z_stream *stream, int level) {
    return deflateInit2(stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
}

static inline int signalbox_gzip_inflate_init(z_stream *stream) {
    return inflateInit2(stream, 15 + 16);
}

#endif
