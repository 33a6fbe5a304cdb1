/* Registries for the store: pulls into it, pushes from it, and records where blobs are.
 *
 * While a function here works, SIGINT and SIGTERM end it cleanly, with %OCI_ERROR_CANCELLED.
 *
 * Errors: %OCI_ERROR_USAGE, %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, %OCI_ERROR_UNSUPPORTED,
 * %OCI_ERROR_LIMIT, %OCI_ERROR_NOT_FOUND, %OCI_ERROR_UNREACHABLE, %OCI_ERROR_NETWORK,
 * %OCI_ERROR_TIMEOUT, %OCI_ERROR_DENIED, %OCI_ERROR_IO, %OCI_ERROR_CANCELLED. */
#pragma once

#include "builder/progress.h"
#include "builder/store/store.h"

#include "oci/image-index.h"
#include "oci/registry/pull.h"
#include "oci/registry/push.h"

G_BEGIN_DECLS

typedef struct
{
  gboolean insecure;   /* --tls-verify=false */
  gboolean offline;    /* no connection is made: what is not in the store is %OCI_ERROR_NOT_FOUND */
  uint64_t timeout_ms; /* for all operations together; 0: no limit */
  unsigned jobs;       /* concurrent blobs, at least 1 */
  const TerraneProgress *progress;
} TerraneRemoteOptions;

/* For one thread at a time; starts threads of its own. */
typedef struct _TerraneRemote TerraneRemote;

/** Excludes the memory of this process from core dumps and from access by other processes of the
 * same user (PR_SET_DUMPABLE), since it will contain credentials. */
void terrane_remote_protect (void);

/**
 * terrane_remote_new:
 * @store: must outlive @self, as must what @options points to
 *
 * Calls terrane_remote_protect().
 *
 * Returns: (transfer full)
 */
TerraneRemote *terrane_remote_new (TerraneStore *store, const TerraneRemoteOptions *options);
void terrane_remote_free (TerraneRemote *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneRemote, terrane_remote_free)

/** Returns: (transfer none): the store it was made for */
TerraneStore *terrane_remote_store (const TerraneRemote *self);
/** Returns: (transfer none): the progress callbacks */
const TerraneProgress *terrane_remote_progress (const TerraneRemote *self);

/** Maximal number of concurrent blobs or other operations. */
unsigned terrane_remote_jobs (const TerraneRemote *self);

/** Whether @trouble occurs for the first time: it is warned of only once, even if several sources
 * and platforms meet it. */
gboolean terrane_remote_is_new (TerraneRemote *self, const char *trouble);

typedef gboolean (*TerraneRemoteFunc) (OciHttpClient *client, GCancellable *cancellable,
                                       gpointer data, GError **error);

/** Runs @func, which makes requests: the time limit counts and signals end it. Errors: those of
 * @func. */
gboolean terrane_remote_run (TerraneRemote *self, TerraneRemoteFunc func, gpointer data,
                             GError **error);

/**
 * terrane_remote_fetch_manifest:
 * @platform: which image of an index to take
 *
 * Fetches an image's documents into the store, without its layers, and records where those are.
 * Offline, only an image with a digest in its reference can be found.
 *
 * Returns: (transfer full): the descriptor of the image manifest
 * Errors: see the head.
 */
OciDescriptor *terrane_remote_fetch_manifest (TerraneRemote *self, const OciReference *reference,
                                              const OciPlatform *platform, GError **error);

/** Fetches the layers of @manifest, which is from @reference, into the store. Errors: see the head.
 */
gboolean terrane_remote_pull_layers (TerraneRemote *self, const OciReference *reference,
                                     const OciDescriptor *manifest, OciPullReport *out_report,
                                     GError **error);

/** Fetches the layers of an image in the store that only registries have, and compares them with
 * the diffIDs of its configuration. Errors: see the head. */
gboolean terrane_remote_complete (TerraneRemote *self, const OciDescriptor *manifest,
                                  GError **error);

/** Whether, since the last call, a layer that was left in a registry turned out to be lost, or to
 * be another one than it was said to be. */
gboolean terrane_remote_was_misled (TerraneRemote *self);

/**
 * terrane_remote_push:
 * @layout: has the image: the store's, or another
 * @destination: its tag, or %NULL for the digest only
 * @mount_from: (nullable): a repository on the same registry that may have the layers; others that
 *   are known to have them are always tried
 *
 * Pushes an image. Layers that only another registry has are fetched on the way.
 *
 * Errors: see the head.
 */
gboolean terrane_remote_push (TerraneRemote *self, OciLayout *layout, const OciDescriptor *manifest,
                              const OciReference *destination, const char *mount_from,
                              gboolean create_repository, OciPushReport *out_report,
                              GError **error);

/**
 * terrane_remote_copy:
 * @manifest: of an image in @source, whose documents are in the store
 * @destination: its tag, or %NULL for the digest only
 *
 * Copies an image from one registry to another without keeping its layers: each is fetched into a
 * file, verified, sent, and removed. Layers that the destination has are not fetched; if both are
 * on the same registry, layers are mounted.
 *
 * Errors: see the head.
 */
gboolean terrane_remote_copy (TerraneRemote *self, const OciReference *source,
                              const OciDescriptor *manifest, const OciReference *destination,
                              gboolean create_repository, OciPushReport *out_report,
                              GError **error);

/**
 * terrane_remote_fetch_index:
 * @out_index: (out) (transfer full) (nullable): %NULL if @reference is an image for one platform
 *
 * Fetches an image index, and the documents of its images, into the store.
 *
 * Errors: see the head.
 */
gboolean terrane_remote_fetch_index (TerraneRemote *self, const OciReference *reference,
                                     OciImageIndex **out_index, GError **error);

/** Makes the tag of @destination refer to an index, whose images terrane_remote_push() has pushed
 * there by digest. Errors: see the head. */
gboolean terrane_remote_push_index (TerraneRemote *self, const OciImageIndex *index,
                                    const OciReference *destination, OciPushReport *out_report,
                                    GError **error);

G_END_DECLS
