#ifndef SIGNALBOX_CMICROHTTPD_SHIM_H
#define SIGNALBOX_CMICROHTTPD_SHIM_H
#include <microhttpd.h>
#endif
