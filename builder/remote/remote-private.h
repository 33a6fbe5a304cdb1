/* Internals of a remote, shared by the files of this directory.
 *
 * Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_LIMIT,
 * %OCI_ERROR_NOT_FOUND, %OCI_ERROR_DENIED, %OCI_ERROR_IO, %OCI_ERROR_CANCELLED. */
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
  char *auth;             /* (nullable): the last message about credentials */
  GHashTable *troubles;   /* troubles that were warned of: a set */
  GMutex mutex; /* guards the progress callbacks and the members below: transfers run in threads */
  GHashTable *moved; /* hex digest -> uint64_t: bytes of this phase that were reported */
  uint64_t total;    /* of the phase */
  char *mirror;      /* (nullable): path of a directory, with its descriptor */
  int mirror_fd;
  int misled; /* atomic: see terrane_remote_was_misled() */
};

/* While an operation runs, the time limit counts and signals end it cleanly. */
typedef struct
{
  OciHttpClient *client;
  TerraneInterrupt *interrupt;
} TerraneOperation;

/** Begins an operation; to be ended with terrane_operation_end(). */
TerraneOperation terrane_operation_begin (TerraneRemote *remote);
/** Returns: (transfer none): cancellable of the operation */
GCancellable *terrane_operation_cancellable (const TerraneOperation *self);
/** Ends the operation. */
void terrane_operation_end (TerraneOperation *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerraneOperation, terrane_operation_end)

/** Returns the connection to a repository, which is kept, so that later operations need neither a
 * new connection nor a new token. Returns: (transfer none). Errors: see the head. */
OciRegistry *terrane_remote_open_registry (TerraneRemote *self, const OciReference *reference,
                                           OciRegistryAccess access, GCancellable *cancellable,
                                           GError **error);

/** Reports which credentials are in use, if they differ from those last reported. */
void terrane_remote_report_auth (TerraneRemote *self, OciRegistry *registry);

/** Starts a phase whose total includes blobs that need not be moved. */
void terrane_remote_begin_phase (TerraneRemote *self, const OciManifest *manifest,
                                 const char *doing, const OciReference *reference);

/** An OciTransferProgress that reports the progress of a blob; @data is the remote. */
void terrane_remote_on_transfer (gpointer data, const OciDescriptor *blob, OciTransferState state,
                                 uint64_t done);

/** Sets %OCI_ERROR_NOT_FOUND: --offline was given, and @what is not in the store. Returns: always
 * %FALSE */
gboolean terrane_remote_fail_offline (const char *what, GError **error);

/** The offline form of terrane_remote_fetch_manifest(): looks for the digest in the store.
 * Returns: (transfer full). Errors: see the head. */
OciDescriptor *terrane_remote_find_stored (TerraneRemote *self, const OciReference *reference,
                                           const OciPlatform *platform, GError **error);

/** Returns: (transfer full) (nullable): a repository to mount a blob from, other than the
 * destination's, unless @mount_from names that */
char *terrane_remote_choose_source (TerraneRemote *self, const OciDigest *blob,
                                    const OciReference *destination, const char *mount_from);

G_END_DECLS
