/* Processors, and what each is called where: the only such table. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  const char *name;      /* Go's, as in images: "arm64" */
  const char *title;     /* for people: "AArch64" */
  const char *machine;   /* (nullable): uname's, and that of Python's platform tags: "aarch64" */
  const char *qemu;      /* (nullable): of its emulator: "aarch64" */
  const char *multiarch; /* (nullable): Debian's directory: "aarch64-linux-gnu" */
  unsigned elf;          /* e_machine in ELF files; 0 for none */
} OciArchitecture;

/** @name: (nullable): as images have it. Returns: (transfer none) (nullable) */
const OciArchitecture *oci_architecture_find (const char *name);

/** Each after another. @previous: (nullable): NULL for the first. Returns: (transfer none)
 * (nullable): NULL after the last */
const OciArchitecture *oci_architecture_next (const OciArchitecture *previous);

/**
 * oci_architecture_parse:
 * @text: in upper or lower case: what images, uname or users call it
 * @out_variant: (out) (optional): what that says of the variant, such as "v7" for "armhf"; else ""
 *
 * Returns: (transfer none) (nullable)
 */
const OciArchitecture *oci_architecture_parse (const char *text, const char **out_variant);

/** The processor of ELF files with the e_machine @elf; of several byte orders the first. Returns:
 * (transfer none) (nullable) */
const OciArchitecture *oci_architecture_of_elf (unsigned elf);

/** This machine's. Returns: (transfer none) (nullable) */
const OciArchitecture *oci_architecture_here (void);

G_END_DECLS
