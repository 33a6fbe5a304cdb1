/* The program that is process 1 of a sandbox, as bytes of this one. */
#pragma once

#include <stddef.h>

const char *terrane_init_blob (size_t *out_len);
