/* Sandboxes other than bubblewrap's, with one interface. */
#pragma once

#include "builder/sandbox/bare.h"
#include "builder/sandbox/elsewhere.h"
#include "builder/sandbox/prefix-filter.h"

G_BEGIN_DECLS

typedef struct
{
  TerraneElsewhere *podman;   /* (nullable): one of the two is set */
  TerraneBare *bare;          /* (nullable) */
  TerranePrefixFilter prefix; /* location of the bare program's files, if it can see that */
} TerraneOutside;

typedef struct
{
  const TerraneSandboxFile *files; /* (nullable) */
  uint64_t memory_bytes;           /* 0 for no limit */
  gboolean interactive;            /* standard descriptors belong to the program */
  gboolean terminal;
  unsigned port;             /* 0 for none */
  const char *port_variable; /* (nullable) */
} TerraneOutsideOptions;

/**
 * terrane_outside_init:
 * @sandbox, @argv, @options: what they point to must outlive @self
 *
 * Makes everything needed except a process. To be cleared by the caller, also after a failure.
 *
 * Errors: %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_LIMIT, %OCI_ERROR_NOT_FOUND, %OCI_ERROR_IO,
 *   %OCI_ERROR_CANCELLED, codes of %G_FILE_ERROR.
 */
gboolean terrane_outside_init (TerraneOutside *self, const TerraneSandbox *sandbox,
                               const char *const *argv, const TerraneOutsideOptions *options,
                               GError **error);
void terrane_outside_clear (TerraneOutside *self);

/** Sets the command to start; standard descriptors and terminal are set by the caller. */
void terrane_outside_to_process (const TerraneOutside *self, OciProcess *out_process);

/** Appends the output of the program to @out, with paths as they are in the image. @len: 0 at the
 * end */
void terrane_outside_filter (TerraneOutside *self, const char *bytes, size_t len, GString *out);

G_END_DECLS
