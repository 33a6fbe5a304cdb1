/* Functions of libraries that are loaded when the first of them is called. Each has a slot, whose
 * first content leads to terrane_lazy_resolve() with the slot in %r11, which no call uses for
 * anything else; after that it is the function itself. All registers that arguments may be in are
 * kept meanwhile. Slots are on pages of their own that are read-only but while a library is loaded,
 * as the linker's table would be. */
#include <lazy-sonames.h>

#define PAGE 4096

#define FUNCTION(library, name)                                                                    \
  .text; .p2align 4; .globl name; .hidden name; .type name, @function;                             \
  name: .cfi_startproc; endbr64; jmp *terrane_lazy_slot_##name(%rip); .cfi_endproc;                \
  .size name, . - name;                                                                            \
  terrane_lazy_first_##name: .cfi_startproc; endbr64;                                              \
  leaq terrane_lazy_slot_##name(%rip), %r11; jmp terrane_lazy_first; .cfi_endproc;                 \
  .section .data.rel.ro.terrane_lazy, "aw", @progbits;                                             \
  terrane_lazy_slot_##name: .quad terrane_lazy_first_##name;

  .section .data.rel.ro.terrane_lazy, "aw", @progbits
  .balign PAGE
  .globl terrane_lazy_slots
  .hidden terrane_lazy_slots
terrane_lazy_slots:

#include "builder/lazy/functions.def"

  .section .data.rel.ro.terrane_lazy, "aw", @progbits
  .balign PAGE
  .globl terrane_lazy_slots_end
  .hidden terrane_lazy_slots_end
terrane_lazy_slots_end:

  .text
  .p2align 4
  .type terrane_lazy_first, @function
terrane_lazy_first:
  .cfi_startproc
  pushq %rbp
  .cfi_def_cfa_offset 16
  .cfi_offset %rbp, -16
  movq %rsp, %rbp
  .cfi_def_cfa_register %rbp
  subq $192, %rsp
  andq $-16, %rsp
  movq %rax, (%rsp)
  movq %rdi, 8(%rsp)
  movq %rsi, 16(%rsp)
  movq %rdx, 24(%rsp)
  movq %rcx, 32(%rsp)
  movq %r8, 40(%rsp)
  movq %r9, 48(%rsp)
  movq %r10, 56(%rsp)
  movaps %xmm0, 64(%rsp)
  movaps %xmm1, 80(%rsp)
  movaps %xmm2, 96(%rsp)
  movaps %xmm3, 112(%rsp)
  movaps %xmm4, 128(%rsp)
  movaps %xmm5, 144(%rsp)
  movaps %xmm6, 160(%rsp)
  movaps %xmm7, 176(%rsp)
  movq %r11, %rdi
  call terrane_lazy_resolve
  movq %rax, %r11
  movq (%rsp), %rax
  movq 8(%rsp), %rdi
  movq 16(%rsp), %rsi
  movq 24(%rsp), %rdx
  movq 32(%rsp), %rcx
  movq 40(%rsp), %r8
  movq 48(%rsp), %r9
  movq 56(%rsp), %r10
  movaps 64(%rsp), %xmm0
  movaps 80(%rsp), %xmm1
  movaps 96(%rsp), %xmm2
  movaps 112(%rsp), %xmm3
  movaps 128(%rsp), %xmm4
  movaps 144(%rsp), %xmm5
  movaps 160(%rsp), %xmm6
  movaps 176(%rsp), %xmm7
  movq %rbp, %rsp
  popq %rbp
  .cfi_def_cfa %rsp, 8
  jmp *%r11
  .cfi_endproc
  .size terrane_lazy_first, . - terrane_lazy_first

  /* The list of these libraries, for packagers: https://uapi-group.org/specifications/specs/elf_dlopen_metadata/ */
  .section .note.dlopen, "a", @note
  .balign 4
  .long 4, terrane_lazy_note_end - terrane_lazy_note, 0x407c0c0a
  .asciz "FDO"
terrane_lazy_note:
  .asciz TERRANE_LAZY_NOTE
terrane_lazy_note_end:
  .balign 4

  .section .note.GNU-stack, "", @progbits
