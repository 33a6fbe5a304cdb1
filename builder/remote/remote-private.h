/* What the files of this folder share of a remote. */
#pragma once

#include "builder/remote/interrupt.h"
#include "builder/remote/remote.h"

G_BEGIN_DECLS

struct _TerraneRemote
{
  TerraneStore *store; /* borrowed */
  TerraneRemoteOptions options;
  OciHttpClient *client;
  GHashTable *registries; /* "pull docker://…" -> OciRegistry */
  char *auth;             /* (nullable): what was said last about credentials */
  GHashTable *troubles;   /* what was warned of: a set */
  GMutex mutex;      /* guards the progress callbacks and what follows: transfers run in threads */
  GHashTable *moved; /* hex digest -> uint64_t: bytes of this phase that were reported */
  uint64_t total;    /* of the phase */
  char *mirror;      /* (nullable): path of a directory, and its descriptor */
  int mirror_fd;
};

/* While one goes on, the time limit counts and signals end it cleanly. */
typedef struct
{
  OciHttpClient *client;
  TerraneInterrupt *interrupt;
} TerraneOperation;

TerraneOperation terrane_operation_begin (TerraneRemote *remote);
/** Returns: (transfer none) */
GCancellable *terrane_operation_cancellable (const TerraneOperation *self);
void terrane_operation_end (TerraneOperation *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerraneOperation, terrane_operation_end)

/** Kept, so that what comes next needs neither a new connection nor a new token.
 * Returns: (transfer none) (nullable) */
OciRegistry *terrane_remote_open_registry (TerraneRemote *self, const OciReference *reference,
                                           OciRegistryAccess access, GCancellable *cancellable,
                                           GError **error);

/** Says which credentials are in use, when that is news. */
void terrane_remote_report_auth (TerraneRemote *self, OciRegistry *registry);

/** Starts a phase whose total is known to be too large by what need not be moved. */
void terrane_remote_begin_phase (TerraneRemote *self, const OciManifest *manifest,
                                 const char *doing, const OciReference *reference);

/** Shows how far a blob is: an OciTransferProgress, @data is the remote. */
void terrane_remote_on_transfer (gpointer data, const OciDescriptor *blob, OciTransferState state,
                                 uint64_t done);

/** Sets @error: --offline, and @what is not in the store. Returns: %FALSE */
gboolean terrane_remote_fail_offline (const char *what, GError **error);

/** What terrane_remote_fetch_manifest() does without a registry: looks for the digest in the store.
 * Returns: (transfer full) (nullable) */
OciDescriptor *terrane_remote_find_stored (TerraneRemote *self, const OciReference *reference,
                                           const OciPlatform *platform, GError **error);

/** Where a blob may be mounted from. Returns: (transfer full) (nullable): a repository other than
 * the destination's, unless @mount_from names that */
char *terrane_remote_choose_source (TerraneRemote *self, const OciDigest *blob,
                                    const OciReference *destination, const char *mount_from);

G_END_DECLS
