/* Pushes an image from a layout to a registry: distribution-spec v1.1 "Push".
 *
 * Errors: those of registry.h; those of @provide; %OCI_ERROR_CORRUPT for a damaged blob, or if the
 *   registry reports another digest; %OCI_ERROR_FORMAT, %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_LIMIT,
 *   %OCI_ERROR_IO for the image in the layout. */
#pragma once

#include "oci/layout.h"
#include "oci/registry/registry.h"
#include "oci/registry/transfer.h"

G_BEGIN_DECLS

typedef struct
{
  const char *tag; /* (nullable): %NULL pushes by digest only */
  unsigned jobs;   /* concurrent blobs, at least 1 */
  gboolean whole;  /* asks for the blobs even if the tag already refers to this manifest, and sends
                      those that the registry has lost */
  gboolean create_repository;   /* if it is missing, see oci_registry_create_repository() */
  OciTransferProgress progress; /* (nullable) */
  gpointer progress_data;

  /* (nullable): whether the repository probably has @blob. Only saves time: an unknown blob is
   * asked for at once with the manifest, and an upload is opened for it meanwhile. */
  gboolean (*is_known) (gpointer data, const OciDescriptor *blob);
  /* (nullable): a repository on the same registry that has @blob, to mount it from; it must have
   * been passed to oci_registry_add_source(). (transfer none) (nullable) */
  const char *(*find_source) (gpointer data, const OciDescriptor *blob);
  /* (nullable): fetches a blob that neither layout nor registry has into the layout. */
  gboolean (*provide) (gpointer data, const OciDescriptor *blob, GCancellable *cancellable,
                       GError **error);
  gpointer source_data;
} OciPushOptions;

/* Blobs of one kind of outcome. */
typedef struct
{
  unsigned blobs;
  uint64_t bytes;
} OciPushCount;

typedef struct
{
  OciDigest digest;   /* of the manifest */
  gboolean unchanged; /* the tag already referred to this manifest: nothing was asked or sent */
  gboolean created;   /* the repository */
  OciPushCount uploaded;
  OciPushCount existing;
  OciPushCount mounted;
} OciPushReport;

/**
 * oci_registry_push:
 * @self: with %OCI_REGISTRY_PUSH
 * @manifest: an image manifest in @layout; its bytes are sent exactly as stored
 * @out_report: (out): what was done
 *
 * All questions are asked at once, and no answer is awaited unless it is needed to continue: an
 * edited handler takes three round trips (questions, blobs, manifest) after those of connection and
 * authentication. Blobs come first, each in one request that streams from the layout, then the
 * manifest, so a tag never refers to an incomplete image. Existing blobs are skipped. If the tag
 * already has the same digest, nothing is sent at all, so that repeating a push to an immutable tag
 * succeeds. Failed uploads are restarted, see retry.h. The registry keeps what had arrived, so a
 * second push continues there.
 *
 * Errors: see the head. They begin with "docker://HOST/REPOSITORY: …".
 */
gboolean oci_registry_push (OciRegistry *self, OciLayout *layout, const OciDescriptor *manifest,
                            const OciPushOptions *options, GCancellable *cancellable,
                            OciPushReport *out_report, GError **error);

/**
 * oci_registry_push_index:
 * @descriptor, @raw: an image index, whose images have been pushed by digest
 *
 * Makes the tag of @options refer to all of them, the last step of a push. Errors: see the head.
 */
gboolean oci_registry_push_index (OciRegistry *self, const OciDescriptor *descriptor, GBytes *raw,
                                  const OciPushOptions *options, GCancellable *cancellable,
                                  OciPushReport *out_report, GError **error);

G_END_DECLS
