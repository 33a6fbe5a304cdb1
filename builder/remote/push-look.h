/* What a push would have to send, found out by looking: no blob is mounted or sent. */
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
  char *from;               /* (out) (nullable): the repository that it would be mounted from */
} TerranePushLook;

/** Returns: (transfer full): an array of TerranePushLook */
GArray *terrane_push_looks_new (void);

/**
 * terrane_remote_look_push:
 * @manifest: (nullable): digest of the image's, when it is known
 * @looks: of TerranePushLook: blobs to look for
 * @out_unchanged: (out): whether the tag names this manifest already
 *
 * Asks the registry of @destination, by HEAD only, what it has.
 */
gboolean terrane_remote_look_push (TerraneRemote *self, const OciReference *destination,
                                   const char *mount_from, const OciDigest *manifest, GArray *looks,
                                   gboolean *out_unchanged, GError **error);

G_END_DECLS
