#ifndef SIGNALBOX_CFUZZER_H
#define SIGNALBOX_CFUZZER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Why a shim: libFuzzer has no header for its driver, and a build without it must link too, which takes a
// weak symbol.
__attribute__((weak)) int LLVMFuzzerRunDriver(
    int *argc, char ***argv, int (*check)(const uint8_t *data, size_t size));

// Whether this program was linked with libFuzzer.
static inline bool signalbox_has_fuzzer(void) {
    return LLVMFuzzerRunDriver != NULL;
}

static inline int signalbox_fuzz(
    int *argc, char ***argv, int (*check)(const uint8_t *data, size_t size)) {
    return LLVMFuzzerRunDriver(argc, argv, check);
}

#endif
