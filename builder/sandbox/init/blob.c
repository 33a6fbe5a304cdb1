#include "builder/sandbox/init/blob.h"

#include <stdint.h>

/* TERRANE_INIT_PROGRAM is its path in the build directory. */
__asm__(".section .rodata\n"
        ".globl terrane_init_program\n"
        ".globl terrane_init_program_size\n"
        "terrane_init_program:\n"
        ".incbin \"" TERRANE_INIT_PROGRAM "\"\n"
        "0:\n"
        ".balign 8\n"
        "terrane_init_program_size:\n"
        ".quad 0b - terrane_init_program\n"
        ".previous\n");

extern const char terrane_init_program[];
extern const uint64_t terrane_init_program_size;

const char *
terrane_init_blob (size_t *out_len)
{
  *out_len = (size_t) terrane_init_program_size;
  return terrane_init_program;
}
