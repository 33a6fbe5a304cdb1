/* Pulls an image from a registry into a layout: distribution-spec v1.1 "Pull".
 *
 * Errors: those of registry.h; %OCI_ERROR_NETWORK also for a web page in place of a document;
 *   %OCI_ERROR_CORRUPT for content of another digest or size;
 *   %OCI_ERROR_FORMAT, %OCI_ERROR_UNSUPPORTED for a document; %OCI_ERROR_NOT_FOUND if the index has
 *   no image for the platform; %OCI_ERROR_LIMIT, %OCI_ERROR_IO. */
#pragma once

#include "oci/layout.h"
#include "oci/registry/registry.h"
#include "oci/registry/transfer.h"

G_BEGIN_DECLS

/**
 * oci_registry_fetch_manifest:
 * @layout: receives the manifest, the index it was chosen from, and the config
 * @platform: which image of an index to take
 *
 * Resolves the reference of @self. A digest that @layout has is not requested. Only documents are
 * fetched; oci_registry_pull_layers() fetches the rest.
 *
 * Returns: (transfer full): the descriptor of the image manifest; the error lists what an index
 *   offers
 * Errors: see the head.
 */
OciDescriptor *oci_registry_fetch_manifest (OciRegistry *self, OciLayout *layout,
                                            const OciPlatform *platform, GCancellable *cancellable,
                                            GError **error);

/** Resolves the reference of @self without choosing an image: fetches the manifest or index into
 * @layout. Returns: (transfer full). Errors: see the head. */
OciDescriptor *oci_registry_fetch_document (OciRegistry *self, OciLayout *layout,
                                            GCancellable *cancellable, GError **error);

/**
 * oci_registry_fetch_artifact:
 * @layout: receives the manifest and the config
 * @tag: replaces that of the reference of @self
 * @type: its artifactType; @config_type: the media type of its config
 *
 * Resolves a tag to an artifact that is not an image, without its layers. %OCI_ERROR_FORMAT if it
 * is something else.
 *
 * Returns: (transfer full)
 * Errors: see the head.
 */
OciManifest *oci_registry_fetch_artifact (OciRegistry *self, OciLayout *layout, const char *tag,
                                          const char *type, const char *config_type,
                                          GCancellable *cancellable, GError **error);

typedef struct
{
  unsigned blobs_downloaded;
  unsigned blobs_existing;
  uint64_t bytes_downloaded;
  uint64_t bytes_existing;
} OciPullReport;

typedef struct
{
  unsigned jobs;                /* concurrent blobs, at least 1 */
  OciTransferProgress progress; /* (nullable) */
  gpointer progress_data;
} OciPullOptions;

/**
 * oci_registry_pull_layers:
 * @manifest: in @layout
 * @out_report: (out) (optional): of the layers
 *
 * Fetches the layers that @layout lacks. Every byte is verified before a blob becomes visible. An
 * interrupted pull is continued, in this process or a later one.
 *
 * Errors: see the head.
 */
gboolean oci_registry_pull_layers (OciRegistry *self, OciLayout *layout,
                                   const OciDescriptor *manifest, const OciPullOptions *options,
                                   GCancellable *cancellable, OciPullReport *out_report,
                                   GError **error);

/**
 * oci_registry_fetch_blob:
 * @progress: (nullable): as in OciPullOptions
 *
 * Fetches one blob that @layout lacks. Errors: see the head.
 */
gboolean oci_registry_fetch_blob (OciRegistry *self, OciLayout *layout, const OciDescriptor *blob,
                                  OciTransferProgress progress, gpointer progress_data,
                                  GCancellable *cancellable, GError **error);

G_END_DECLS
