/* What a wheel must fit: the interpreter, C library and processor of an image. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  TERRANE_LIBC_GLIBC,
  TERRANE_LIBC_MUSL,
} TerraneLibc;

/* CPython on Linux. Plain value; @architecture is borrowed. */
typedef struct
{
  unsigned python_major; /* 3 */
  unsigned python_minor; /* 12 */
  TerraneLibc libc;
  unsigned libc_major; /* 2 of glibc 2.34, 1 of musl 1.2; 0: not known */
  unsigned libc_minor;
  const char *architecture; /* as OCI spells it: "amd64" or "arm64" */
  unsigned python_patch;    /* 2 of 3.11.2 */
  gboolean has_patch;       /* @python_patch is known; else it is what is likely */
} TerranePythonTarget;

G_END_DECLS
