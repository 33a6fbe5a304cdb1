/* Processors and the name that each has in every naming scheme; the only such table. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  const char *name;  /* Go's name, as in images: "arm64" */
  const char *title; /* for messages: "AArch64" */
  const char
      *machine;     /* (nullable): uname's name, also that of Python's platform tags: "aarch64" */
  const char *qemu; /* (nullable): name of its emulator: "aarch64" */
  const char *multiarch; /* (nullable): Debian's directory: "aarch64-linux-gnu" */
  unsigned elf;          /* e_machine of its ELF files; 0 when it has none */
} OciArchitecture;

/** Finds a processor by its exact name. @name: (nullable): as in images. Returns: (transfer none)
 * (nullable): %NULL for an unknown name */
const OciArchitecture *oci_architecture_find (const char *name);

/** Iterates over the table. @previous: (nullable): %NULL to get the first. Returns: (transfer none)
 * (nullable): %NULL after the last */
const OciArchitecture *oci_architecture_next (const OciArchitecture *previous);

/**
 * oci_architecture_parse:
 * @text: in upper or lower case: the name used by images, uname or users
 * @out_variant: (out) (optional): the variant that this name implies, such as "v7" for "armhf";
 *   else ""
 *
 * Finds a processor by any of its names.
 *
 * Returns: (transfer none) (nullable): %NULL for an unknown name
 */
const OciArchitecture *oci_architecture_parse (const char *text, const char **out_variant);

/** Finds the processor of ELF files whose e_machine is @elf; the first one if several differ only
 * in byte order. Returns: (transfer none) (nullable) */
const OciArchitecture *oci_architecture_of_elf (unsigned elf);

/** Finds the processor of this machine. Returns: (transfer none) (nullable) */
const OciArchitecture *oci_architecture_here (void);

G_END_DECLS
