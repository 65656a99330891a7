#ifndef SIGNALBOX_CMIMALLOC_SHIM_H
#define SIGNALBOX_CMIMALLOC_SHIM_H

/* Linked into the daemon, mimalloc takes the place of the C library's malloc for everything in the process;
   `mi_version` keeps the linker from leaving it out. `mi_collect` gives back what the calling thread has
   freed; with `force`, also what is kept for reuse. */
#include <mimalloc.h>

/* Parts of a segment that are free go back to the system at once. By default they go when the segment is used
   again some time later, which after a burst of large bodies may be never. The option was renamed in 2.1. */
static inline void signalbox_mi_give_back_at_once(void) {
#if MI_MALLOC_VERSION >= 210
    mi_option_set(mi_option_purge_delay, 0);
#else
    mi_option_set(mi_option_decommit_delay, 0);
#endif
}

#endif
