/* Files on web servers that a profile or a lock names by their digest: whether they are still
 * there, and as far as the server says anything of their content, the same. */
#pragma once

#include "builder/drift/unit.h"

#include "oci/digest.h"

G_BEGIN_DECLS

typedef struct
{
  const char *question; /* for what is not answered */
  const char *kind;     /* of the finding */
  const char *source;   /* tree */
  const char *subject;  /* for the finding */
  const char *url;      /* may have a user and a password */
  const OciDigest *sha256;
  uint64_t size; /* 0: that of the file in the store, if it is there */
} TerraneWebFile;

/** Asks by HEAD, whose answer is not content. Fails only with what ends everything. */
gboolean terrane_drift_ask_web_file (const TerraneDriftUnit *unit, const TerraneWebFile *file,
                                     GError **error);

G_END_DECLS
