/* Sandboxes that are not bubblewrap's, behind one interface. */
#pragma once

#include "builder/sandbox/bare.h"
#include "builder/sandbox/elsewhere.h"
#include "builder/sandbox/prefix-filter.h"

G_BEGIN_DECLS

typedef struct
{
  TerraneElsewhere *podman;   /* (nullable): one of both */
  TerraneBare *bare;          /* (nullable) */
  TerranePrefixFilter prefix; /* where the bare program's files are, when it sees that */
} TerraneOutside;

typedef struct
{
  const TerraneSandboxFile *files; /* (nullable) */
  uint64_t memory_bytes;           /* 0 for no limit */
  gboolean interactive;            /* standard descriptors are the program's own */
  gboolean terminal;
  unsigned port;             /* 0 for none */
  const char *port_variable; /* (nullable) */
} TerraneOutsideOptions;

/** @sandbox, @argv, @options: what they point to must outlive @self. Is cleared by the caller, also
 * after a failure. */
gboolean terrane_outside_init (TerraneOutside *self, const TerraneSandbox *sandbox,
                               const char *const *argv, const TerraneOutsideOptions *options,
                               GError **error);
void terrane_outside_clear (TerraneOutside *self);

/** Fills in what to start; standard descriptors and terminal are the caller's. */
void terrane_outside_to_process (const TerraneOutside *self, OciProcess *out_process);

/** Adds to @out what the program has printed, with paths as they are in the image. @len: 0 at the
 * end */
void terrane_outside_filter (TerraneOutside *self, const char *bytes, size_t len, GString *out);

G_END_DECLS
