/* Registries for the store: pulling into it, pushing from it, and what it remembers about where
 * blobs are.
 *
 * While a function here works, SIGINT and SIGTERM end it cleanly, with %OCI_ERROR_CANCELLED. */
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
  gboolean offline;    /* no connection is made: what is not in the store is missing,
                        * %OCI_ERROR_NOT_FOUND */
  uint64_t timeout_ms; /* for everything here together; 0: no limit */
  unsigned jobs;       /* blobs under way at the same time, at least 1 */
  const TerraneProgress *progress;
} TerraneRemoteOptions;

/* For one thread at a time; it starts threads of its own. */
typedef struct _TerraneRemote TerraneRemote;

/**
 * terrane_remote_protect:
 *
 * Keeps the memory of this process out of core dumps and from other processes of the same user
 * (PR_SET_DUMPABLE), since credentials are going to be in it.
 */
void terrane_remote_protect (void);

/**
 * terrane_remote_new:
 * @store: must outlive @self, as must what @options points to
 *
 * Calls terrane_remote_protect().
 */
TerraneRemote *terrane_remote_new (TerraneStore *store, const TerraneRemoteOptions *options);
void terrane_remote_free (TerraneRemote *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneRemote, terrane_remote_free)

TerraneStore *terrane_remote_store (const TerraneRemote *self);
const TerraneProgress *terrane_remote_progress (const TerraneRemote *self);

/** Blobs or other things that may be under way at the same time. */
unsigned terrane_remote_jobs (const TerraneRemote *self);

/** Whether @trouble is met for the first time: one warning is enough, however many sources and
 * platforms meet it. */
gboolean terrane_remote_is_new (TerraneRemote *self, const char *trouble);

typedef gboolean (*TerraneRemoteFunc) (OciHttpClient *client, GCancellable *cancellable,
                                       gpointer data, GError **error);

/** Runs @func, which makes requests of its own: the time limit counts and signals end it. */
gboolean terrane_remote_run (TerraneRemote *self, TerraneRemoteFunc func, gpointer data,
                             GError **error);

/**
 * terrane_remote_fetch_manifest:
 * @platform: which image of an index
 *
 * Brings an image's documents into the store, without its layers, and remembers where those are.
 * Offline, only an image that is named by its digest can be there.
 *
 * Returns: (transfer full) (nullable): the descriptor of the image manifest
 */
OciDescriptor *terrane_remote_fetch_manifest (TerraneRemote *self, const OciReference *reference,
                                              const OciPlatform *platform, GError **error);

/** Brings the layers of @manifest, which is from @reference, into the store. */
gboolean terrane_remote_pull_layers (TerraneRemote *self, const OciReference *reference,
                                     const OciDescriptor *manifest, OciPullReport *out_report,
                                     GError **error);

/** Fetches the layers of an image in the store that only registries have. */
gboolean terrane_remote_complete (TerraneRemote *self, const OciDescriptor *manifest,
                                  GError **error);

/**
 * terrane_remote_push:
 * @layout: that has the image: the store's, or another
 * @destination: its tag, or %NULL for the digest only
 * @mount_from: (nullable): a repository on the same registry that may have the layers; others that
 *   are known to have them are tried without being named
 *
 * Pushes an image. Layers that only another registry has are fetched on the way.
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
 * Copies an image from registry to registry without keeping its layers: each is fetched into a
 * file, verified, sent, and removed. What the destination has is not fetched; where both are one
 * registry, layers are mounted.
 */
gboolean terrane_remote_copy (TerraneRemote *self, const OciReference *source,
                              const OciDescriptor *manifest, const OciReference *destination,
                              gboolean create_repository, OciPushReport *out_report,
                              GError **error);

/**
 * terrane_remote_fetch_index:
 * @out_index: (out) (transfer full) (nullable): %NULL when @reference is an image for one platform
 *
 * Brings an image index, and the documents of its images, into the store.
 */
gboolean terrane_remote_fetch_index (TerraneRemote *self, const OciReference *reference,
                                     OciImageIndex **out_index, GError **error);

/** Gives the tag of @destination to an index, whose images terrane_remote_push() has pushed there
 * by their digests. */
gboolean terrane_remote_push_index (TerraneRemote *self, const OciImageIndex *index,
                                    const OciReference *destination, OciPushReport *out_report,
                                    GError **error);

G_END_DECLS
