/* Requirements of container engines and AWS Lambda for manifests and layers, for images and bases
 * that terrane did not build: `docker run` accepts much that Lambda refuses. */
#pragma once

#include "builder/check/finding.h"

#include "oci/entry.h"
#include "oci/manifest.h"

G_BEGIN_DECLS

/* Observations about entries of layers. */
typedef struct _TerraneLayerAudit TerraneLayerAudit;

/** Returns: (transfer full): without observations */
TerraneLayerAudit *terrane_layer_audit_new (void);
void terrane_layer_audit_free (TerraneLayerAudit *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneLayerAudit, terrane_layer_audit_free)

/** Records the next entry of layer @index, which starts from 0 and never decreases. */
void terrane_layer_audit_entry (TerraneLayerAudit *self, guint index, const OciEntry *entry);

/** Records the compression of the blob of layer @index: oci_layer_stream_compression(). To be
 * called before its entries. */
void terrane_layer_audit_content (TerraneLayerAudit *self, guint index, const char *compression);

/** Records that the entry at @path of layer @index is below @link, which is a symbolic link in a
 * lower layer and has no entry in this layer. */
void terrane_layer_audit_linked_parent (TerraneLayerAudit *self, guint index, const char *path,
                                        const char *link);

/** Returns: (transfer none) (nullable): path of a device, fifo or socket in the image's layers */
const char *terrane_layer_audit_special (const TerraneLayerAudit *self);

/** Whether the entry of layer @index at @path is a hard link, without its own content. */
gboolean terrane_layer_audit_is_link (const TerraneLayerAudit *self, guint index, const char *path);

/** Finds the modification time of a Python source in layer @index. @path: as in the layer. Returns:
 * whether it is known */
gboolean terrane_layer_audit_source_time (const TerraneLayerAudit *self, guint index,
                                          const char *path, int64_t *out_seconds);

/** Returns: (transfer full): the JSON form */
json_t *terrane_layer_audit_to_json (const TerraneLayerAudit *self);
/** Returns: (transfer full) (nullable): %NULL if @value is not such a form */
TerraneLayerAudit *terrane_layer_audit_from_json (const json_t *value);

/* The layers of an image, finished or not. Everything is borrowed. */
typedef struct
{
  const OciManifest *manifest; /* its config may be %NULL */
  const TerraneLayerAudit *audit;
  const char *const *names; /* of the layers, by index from 0 */
  gboolean from_index;      /* the image was found through an index */
} TerraneImageLayers;

/** Adds findings of the family "layers" about the interpretation of layers by container engines. */
void terrane_check_layers (const TerraneImageLayers *layers, TerraneFindings *findings);

/** Adds findings of the family "lambda" about the image's documents and layers. */
void terrane_check_layers_lambda (const TerraneImageLayers *layers, TerraneFindings *findings);

G_END_DECLS
