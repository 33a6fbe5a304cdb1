/* Recognises programs and libraries, and their operating system, by their first bytes. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  TERRANE_BINARY_ELF,
  TERRANE_BINARY_MACH_O,
  TERRANE_BINARY_PE,
} TerraneBinaryFormat;

/**
 * terrane_binary_format:
 * @out_program: (out): whether it is a program or library
 * @out_format: (out): its format, if so
 *
 * Fails only if @fd cannot be read.
 *
 * Errors: %OCI_ERROR_IO.
 */
gboolean terrane_binary_format (int fd, gboolean *out_program, TerraneBinaryFormat *out_format,
                                GError **error);

/** Whether one of them can have this first byte. */
gboolean terrane_binary_may_begin (guint8 byte);

G_END_DECLS
