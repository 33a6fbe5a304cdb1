/* Common to all targets: the entry point of libFuzzer, and of replay.c. */
#pragma once

#include "oci/base/error.h"

#include <stdint.h>

enum
{
  FUZZ_MAX_BYTES = 256 * 1024, /* larger inputs find nothing more and cost time */
};

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

/* A function that fails sets an error, and one that succeeds does not. */
#define FUZZ_CHECK(ok, error) g_assert_true (((error) == NULL) == !!(ok))
