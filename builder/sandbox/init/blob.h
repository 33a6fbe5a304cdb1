/* The program that is process 1 of a sandbox, as bytes in this one. */
#pragma once

#include <stddef.h>

/** Returns: (transfer none): an ELF file. @out_len: (out): its size in bytes */
const char *terrane_init_blob (size_t *out_len);
