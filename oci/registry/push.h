/* Sending an image from a layout to a registry: distribution-spec v1.1 "Push". */
#pragma once

#include "oci/layout.h"
#include "oci/registry/registry.h"
#include "oci/registry/transfer.h"

G_BEGIN_DECLS

typedef struct
{
  const char *tag;              /* (nullable): %NULL pushes by digest only */
  unsigned jobs;                /* blobs under way at the same time, at least 1 */
  gboolean create_repository;   /* where it is missing, see oci_registry_create_repository() */
  OciTransferProgress progress; /* (nullable) */
  gpointer progress_data;

  /* (nullable): whether the repository is believed to have @blob. Only saves time: what is not
   * known is looked for at once with the manifest, and an upload is opened for it meanwhile. */
  gboolean (*is_known) (gpointer data, const OciDescriptor *blob);
  /* (nullable): a repository on the same registry that has @blob, to mount it from; it must have
   * been named to oci_registry_add_source(). (transfer none) (nullable) */
  const char *(*find_source) (gpointer data, const OciDescriptor *blob);
  /* (nullable): brings a blob into the layout that neither it nor the registry has. */
  gboolean (*provide) (gpointer data, const OciDescriptor *blob, GCancellable *cancellable,
                       GError **error);
  gpointer source_data;
} OciPushOptions;

/* What became of blobs of one kind. */
typedef struct
{
  unsigned blobs;
  uint64_t bytes;
} OciPushCount;

typedef struct
{
  OciDigest digest;   /* of the manifest */
  gboolean unchanged; /* the tag named this manifest already: nothing was looked at or sent */
  gboolean created;   /* the repository */
  OciPushCount uploaded;
  OciPushCount existing;
  OciPushCount mounted;
} OciPushReport;

/**
 * oci_registry_push:
 * @self: with %OCI_REGISTRY_PUSH
 * @manifest: an image manifest in @layout; its bytes are sent exactly as they are stored
 * @out_report: (out): what was done
 *
 * All questions are asked at once, and no answer is waited for that is not needed to go on: an
 * edited handler takes three round trips (questions, blobs, manifest) after those of the connection
 * and of its authentication. Blobs first, each in one request that streams from the layout, then
 * the manifest; so a tag never
 * names an image that is not there. Blobs that exist are skipped, and when the tag has the same
 * digest already nothing is sent at all, which also makes pushing to an immutable tag again
 * succeed. Uploads that break are begun again, see retry.h.
 *
 * Returns: %FALSE with "docker://HOST/REPOSITORY: …" in @error. The registry keeps what had
 * arrived, so a second push continues there.
 */
gboolean oci_registry_push (OciRegistry *self, OciLayout *layout, const OciDescriptor *manifest,
                            const OciPushOptions *options, GCancellable *cancellable,
                            OciPushReport *out_report, GError **error);

/**
 * oci_registry_push_index:
 * @descriptor, @raw: an image index, whose images have been pushed by digest
 *
 * The last step of a push: the tag of @options then names all of them.
 */
gboolean oci_registry_push_index (OciRegistry *self, const OciDescriptor *descriptor, GBytes *raw,
                                  const OciPushOptions *options, GCancellable *cancellable,
                                  OciPushReport *out_report, GError **error);

G_END_DECLS
