/* Checks files on web servers that a profile or a lock names with their digest: whether they still
 * exist and, as far as the server's headers tell, have the same content. */
#pragma once

#include "builder/drift/unit.h"

#include "oci/digest.h"

G_BEGIN_DECLS

typedef struct
{
  const char *question; /* name of the question if it cannot be answered */
  const char *kind;     /* of the finding */
  const char *source;   /* tree */
  const char *subject;  /* for the finding */
  const char *url;      /* may have a user and a password */
  const OciDigest *sha256;
  uint64_t size; /* 0 to use that of the file in the store, if it exists */
} TerraneWebFile;

/** Sends HEAD, and reads no content. An error means that drift as a whole cannot continue. Errors:
 * %OCI_ERROR_FORMAT, %OCI_ERROR_LIMIT, %OCI_ERROR_NOT_FOUND, %OCI_ERROR_UNREACHABLE,
 * %OCI_ERROR_NETWORK, %OCI_ERROR_TIMEOUT, %OCI_ERROR_DENIED, %OCI_ERROR_IO, %OCI_ERROR_CANCELLED.
 */
gboolean terrane_drift_ask_web_file (const TerraneDriftUnit *unit, const TerraneWebFile *file,
                                     GError **error);

G_END_DECLS
