#include "builder/image/flatten.h"

#include "builder/image/apply.h"

#include "oci/archive-reader.h"
#include "oci/layer-stream.h"

typedef struct
{
  OciLayout *layout;
  const OciManifest *manifest;
  const OciImageConfig *config;
  TerraneLayerAudit *audit;
  TerraneApplier *applier;
  OciUnpackBudget budget; /* of all layers */
} Flattener;

static gboolean
read_member (gpointer data, void *buffer, size_t len, size_t *out_read, GError **error)
{
  return oci_archive_reader_read (data, buffer, len, out_read, error);
}

static gboolean
take_entry (OciArchiveReader *reader, const OciEntry *entry, gpointer data, GError **error)
{
  const Flattener *self = data;
  return terrane_applier_add (self->applier, entry, read_member, reader, error);
}

static gboolean
check_diff_id (const Flattener *self, guint index, const OciDigest *actual, GError **error)
{
  OciDigest expected;
  OciDigestText actual_text, expected_text;
  if (!oci_image_config_diff_id (self->config, index, &expected, error))
    return FALSE;
  return oci_digest_equal (actual, &expected)
         || oci_throw (error, OCI_ERROR_CORRUPT,
                       "it unpacks to %s, the image's configuration says %s (diff_ids)",
                       oci_digest_text (actual, actual_text),
                       oci_digest_text (&expected, expected_text));
}

static gboolean
apply_layer (Flattener *self, guint index, GError **error)
{
  const OciDescriptor *layer = self->manifest->layers->pdata[index];
  g_auto (OciFd) fd = -1;
  OciDigestText text;
  OciDigest diff_id;
  OCI_PREFIX (error, "layer %s", oci_digest_text (&layer->digest, text));
  g_autoptr (OciLayerStream) stream = oci_layout_open_blob (self->layout, layer, &fd, error)
                                          ? oci_layer_stream_new (fd, error)
                                          : NULL;
  if (stream == NULL)
    return FALSE;
  terrane_layer_audit_content (self->audit, index, oci_layer_stream_compression (stream));
  self->budget.packed += layer->size;
  terrane_applier_begin_layer (self->applier, index);
  g_autoptr (OciArchiveReader) reader =
      oci_archive_reader_new_layer ("its tar", oci_layer_stream_read, stream, &self->budget, error);
  return reader != NULL && oci_archive_reader_foreach (reader, take_entry, self, error)
         && oci_layer_stream_finish (stream, &diff_id, error)
         && check_diff_id (self, index, &diff_id, error);
}

static void
advance (gpointer data, uint64_t bytes)
{
  terrane_progress_advance (data, bytes);
}

static gboolean
check_count (const OciManifest *manifest, const OciImageConfig *config, GError **error)
{
  guint layers = manifest->layers->len, diff_ids = oci_image_config_n_layers (config);
  OciDigestText text;
  return layers == diff_ids
         || oci_throw (error, OCI_ERROR_CORRUPT,
                       "the image has %u layers, and its configuration %s has %u diff_ids", layers,
                       oci_digest_text (&manifest->config->digest, text), diff_ids);
}

gboolean
terrane_flatten (TerraneStore *store, const TerraneFlattening *flattening, OciDigest *out_commit,
                 TerraneTree **out_tree, GError **error)
{
  const OciManifest *manifest = flattening->manifest;
  const TerraneProgress *progress = flattening->progress;
  g_autoptr (TerraneIngest) ingest =
      check_count (manifest, flattening->config, error)
          ? terrane_ingest_new (store, flattening->jobs, advance, (gpointer) progress, error)
          : NULL;
  if (ingest == NULL)
    return FALSE;
  g_autoptr (TerraneApplier) applier = terrane_applier_new (ingest, flattening->audit);
  Flattener self = { .layout = terrane_store_layout (store),
                     .manifest = manifest,
                     .config = flattening->config,
                     .audit = flattening->audit,
                     .applier = applier,
                     .budget = oci_layout_unpack_budget (terrane_store_layout (store)) };
  for (guint i = 0; i < manifest->layers->len; i++)
    {
      terrane_progress_phase (progress, 0, "reading layer %u of %u", i + 1, manifest->layers->len);
      if (!apply_layer (&self, i, error))
        return FALSE;
    }
  return terrane_ingest_finish (ingest, out_commit, out_tree, error);
}
