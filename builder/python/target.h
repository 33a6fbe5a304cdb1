/* The target that a wheel must match: the interpreter, C library and processor of an image. */
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
  unsigned libc_major; /* 2 for glibc 2.34, 1 for musl 1.2; 0: not known */
  unsigned libc_minor;
  const char *architecture; /* as OCI spells it: "amd64" or "arm64" */
  unsigned python_patch;    /* 2 for 3.11.2 */
  gboolean has_patch;       /* @python_patch is known; otherwise it is an assumption */
} TerranePythonTarget;

G_END_DECLS
