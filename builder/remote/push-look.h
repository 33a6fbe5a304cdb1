/* Finds out what a push would have to send, without mounting or sending any blob. */
#pragma once

#include "builder/remote/remote.h"

G_BEGIN_DECLS

typedef enum
{
  TERRANE_PUSH_UPLOAD,
  TERRANE_PUSH_EXISTS,
  TERRANE_PUSH_MOUNT, /* another repository of the registry has it */
} TerranePushAction;

typedef struct
{
  OciDigest digest;
  TerranePushAction action; /* (out) */
  char *from;               /* (out) (nullable): the repository to mount it from */
} TerranePushLook;

/** Returns: (transfer full): an empty array of TerranePushLook */
GArray *terrane_push_looks_new (void);

/**
 * terrane_remote_look_push:
 * @manifest: (nullable): digest of the image's manifest if it is known
 * @looks: of TerranePushLook: blobs to look for
 * @out_unchanged: (out): whether the tag already refers to this manifest
 *
 * Asks the registry of @destination what it has, only with HEAD.
 *
 * Errors: %OCI_ERROR_USAGE, %OCI_ERROR_FORMAT, %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_LIMIT,
 *   %OCI_ERROR_NOT_FOUND, %OCI_ERROR_UNREACHABLE, %OCI_ERROR_NETWORK, %OCI_ERROR_TIMEOUT,
 *   %OCI_ERROR_DENIED, %OCI_ERROR_IO, %OCI_ERROR_CANCELLED.
 */
gboolean terrane_remote_look_push (TerraneRemote *self, const OciReference *destination,
                                   const char *mount_from, const OciDigest *manifest, GArray *looks,
                                   gboolean *out_unchanged, GError **error);

G_END_DECLS
