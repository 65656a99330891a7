#ifndef SIGNALBOX_CMIMALLOC_SHIM_H
#define SIGNALBOX_CMIMALLOC_SHIM_H

/* Linked into the daemon, mimalloc takes the place of the C library's malloc for everything in the process.
   Its header differs between versions; this one symbol keeps the linker from leaving it out. */
int mi_version(void);

/* Gives what the calling thread has freed back to the system; `force` includes what is kept for reuse. */
void mi_collect(_Bool force);

#endif
