/* What container engines and AWS Lambda demand of manifests and layers, which matters for images
 * and bases that terrane did not build: `docker run` takes much that Lambda refuses. */
#pragma once

#include "builder/check/finding.h"

#include "oci/entry.h"
#include "oci/manifest.h"

G_BEGIN_DECLS

/* What entries of layers looked like. */
typedef struct _TerraneLayerAudit TerraneLayerAudit;

TerraneLayerAudit *terrane_layer_audit_new (void);
void terrane_layer_audit_free (TerraneLayerAudit *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneLayerAudit, terrane_layer_audit_free)

/** Takes note of the next entry of layer @index, which counts from 0 and never goes back. */
void terrane_layer_audit_entry (TerraneLayerAudit *self, guint index, const OciEntry *entry);

/** Takes note of how the blob of layer @index is compressed: oci_layer_stream_compression(). Before
 * its entries. */
void terrane_layer_audit_content (TerraneLayerAudit *self, guint index, const char *compression);

/** Takes note that the entry at @path of layer @index lies below @link, which a lower layer has as
 * a symbolic link and this layer has no entry for. */
void terrane_layer_audit_linked_parent (TerraneLayerAudit *self, guint index, const char *path,
                                        const char *link);

/** A device, fifo or socket of the image's layers. Returns: (transfer none) (nullable): its path */
const char *terrane_layer_audit_special (const TerraneLayerAudit *self);

/** Whether the entry of layer @index at @path is a hard link: no content of its own. */
gboolean terrane_layer_audit_is_link (const TerraneLayerAudit *self, guint index, const char *path);

/** When a Python source of layer @index was changed. @path: as in the layer. Returns: whether that
 * is known */
gboolean terrane_layer_audit_source_time (const TerraneLayerAudit *self, guint index,
                                          const char *path, int64_t *out_seconds);

json_t *terrane_layer_audit_to_json (const TerraneLayerAudit *self);
/** Returns: (transfer full) (nullable) */
TerraneLayerAudit *terrane_layer_audit_from_json (const json_t *value);

/* The layers of an image, finished or not. Everything is borrowed. */
typedef struct
{
  const OciManifest *manifest; /* its config may be %NULL */
  const TerraneLayerAudit *audit;
  const char *const *names; /* of the layers, by index from 0 */
  gboolean from_index;      /* the image was named by an index */
} TerraneImageLayers;

/** Adds findings of the family "layers": what container engines make of the layers. */
void terrane_check_layers (const TerraneImageLayers *layers, TerraneFindings *findings);

/** Adds findings of the family "lambda" about the image's documents and layers. */
void terrane_check_layers_lambda (const TerraneImageLayers *layers, TerraneFindings *findings);

G_END_DECLS
