#include "builder/elf/binary-format.h"

#include "oci/base/error.h"

#include <elf.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

enum
{
  HEAD_BYTES = 64,
};

/* Recognises Mach-O's four magic numbers, and that of fat files, which Java classes share: those
 * have a large number after it. PE files have the offset of their header at 0x3c. */
static gboolean
is_foreign (int fd, const unsigned char *head, size_t len, TerraneBinaryFormat *out_format)
{
  static const unsigned char mach_o[][4] = { { 0xce, 0xfa, 0xed, 0xfe },
                                             { 0xcf, 0xfa, 0xed, 0xfe },
                                             { 0xfe, 0xed, 0xfa, 0xce },
                                             { 0xfe, 0xed, 0xfa, 0xcf } };
  static const unsigned char fat[7] = { 0xca, 0xfe, 0xba, 0xbe, 0, 0, 0 };
  *out_format = TERRANE_BINARY_MACH_O;
  for (size_t i = 0; len >= 4 && i < G_N_ELEMENTS (mach_o); i++)
    if (memcmp (head, mach_o[i], 4) == 0)
      return TRUE;
  if (len >= 8 && memcmp (head, fat, sizeof fat) == 0 && head[7] < 20)
    return TRUE;
  *out_format = TERRANE_BINARY_PE;
  if (len < HEAD_BYTES || head[0] != 'M' || head[1] != 'Z')
    return FALSE;
  uint32_t at = (uint32_t) head[0x3c] | (uint32_t) head[0x3d] << 8 | (uint32_t) head[0x3e] << 16
                | (uint32_t) head[0x3f] << 24;
  char magic[4];
  return pread (fd, magic, sizeof magic, (off_t) at) == sizeof magic
         && memcmp (magic, "PE\0\0", sizeof magic) == 0;
}

gboolean
terrane_binary_may_begin (guint8 byte)
{
  static const guint8 firsts[] = { ELFMAG0, 0xce, 0xcf, 0xfe, 0xca, 'M' };
  return memchr (firsts, byte, sizeof firsts) != NULL;
}

gboolean
terrane_binary_format (int fd, gboolean *out_program, TerraneBinaryFormat *out_format,
                       GError **error)
{
  unsigned char head[HEAD_BYTES] = { 0 };
  ssize_t len = pread (fd, head, sizeof head, 0);
  if (len < 0)
    return oci_throw_errno (error, "reading a program");
  *out_format = TERRANE_BINARY_ELF;
  *out_program = (len >= SELFMAG && memcmp (head, ELFMAG, SELFMAG) == 0)
                 || is_foreign (fd, head, (size_t) len, out_format);
  return TRUE;
}
