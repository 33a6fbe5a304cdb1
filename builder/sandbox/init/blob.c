#include "builder/sandbox/init/blob.h"

/* TERRANE_INIT_PROGRAM is its path in the build directory. */
__asm__(".section .rodata\n"
        ".globl terrane_init_program\n"
        ".globl terrane_init_program_end\n"
        "terrane_init_program:\n"
        ".incbin \"" TERRANE_INIT_PROGRAM "\"\n"
        "terrane_init_program_end:\n"
        ".byte 0\n"
        ".previous\n");

extern const char terrane_init_program[], terrane_init_program_end[];

const char *
terrane_init_blob (size_t *out_len)
{
  *out_len = (size_t) (terrane_init_program_end - terrane_init_program);
  return terrane_init_program;
}
