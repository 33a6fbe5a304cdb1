#include "builder/image/layer.h"

#include "builder/image/layer-check.h"
#include "builder/store/cache.h"
#include "builder/store/object.h"
#include "builder/version.h"

#include "oci/gzip-writer.h"
#include "oci/layer-writer.h"

#include <string.h>

enum
{
  READ_BYTES = 256 * 1024,
};

void
terrane_layer_free (TerraneLayer *self)
{
  if (self == NULL)
    return;
  oci_descriptor_free (self->descriptor);
  g_free (self);
}

static void
digest_text (OciDigester *digester, const char *text)
{
  oci_digester_update (digester, text, strlen (text) + 1);
}

static OciDigest
layer_key (TerraneTree *assembled, const GPtrArray *paths)
{
  g_autoptr (OciDigester) digester = oci_digester_new ();
  g_autofree char *compressor = oci_gzip_writer_identity ();
  digest_text (digester, "layer " TERRANE_ASSEMBLER_VERSION);
  digest_text (digester, compressor);
  for (guint i = 0; i < paths->len; i++)
    {
      const TerraneNode *node = terrane_tree_lookup (assembled, paths->pdata[i]);
      digest_text (digester, paths->pdata[i]);
      /* An object's digest covers the attributes of files and links; directories have none. */
      if (node->type != OCI_ENTRY_DIRECTORY)
        {
          oci_digester_update (digester, node->object.bytes, sizeof node->object.bytes);
          continue;
        }
      g_autofree char *attributes =
          g_strdup_printf ("d %o %u %u", node->mode, node->uid, node->gid);
      digest_text (digester, attributes);
      if (node->xattrs != NULL)
        oci_digester_update (digester, g_variant_get_data (node->xattrs),
                             g_variant_get_size (node->xattrs));
    }
  return oci_digester_finish (digester);
}

/* @out_layer: (out) (nullable): %NULL when it has to be made */
static gboolean
get_cached (TerraneStore *store, const OciDigest *key, gboolean look,
            const TerraneProgress *progress, TerraneLayer **out_layer, GError **error)
{
  g_autoptr (OciJsonValue) entry = terrane_cache_get (store, TERRANE_CACHE_LAYERS, key);
  const char *digest_text = terrane_cache_text (entry, "digest");
  const char *diff_id_text = terrane_cache_text (entry, "diff_id");
  const json_t *size_value = json_object_get (entry, "size");
  OciDigest digest, diff_id;
  uint64_t size = 0;
  if (digest_text == NULL || diff_id_text == NULL || !oci_digest_parse (digest_text, &digest, NULL)
      || !oci_digest_parse (diff_id_text, &diff_id, NULL))
    return TRUE;
  gboolean found = FALSE;
  if (!oci_layout_find_blob (terrane_store_layout (store), &digest, &found, &size, error))
    return FALSE;
  if (!found)
    return TRUE;
  if (json_is_integer (size_value)) /* entries of older versions have none */
    size = (uint64_t) json_integer_value (size_value);
  g_autoptr (GError) damage = NULL;
  g_autoptr (TerraneLayer) layer = g_new0 (TerraneLayer, 1);
  layer->descriptor = oci_descriptor_new (OCI_MEDIA_TYPE_LAYER_GZIP, &digest, size);
  layer->diff_id = diff_id;
  layer->reused = TRUE;
  if (look || oci_layout_verify_blob (terrane_store_layout (store), layer->descriptor, &damage))
    *out_layer = g_steal_pointer (&layer);
  else
    terrane_progress_warn (progress, "%s; the layer is made again", damage->message);
  return TRUE;
}

static gboolean
put_cached (TerraneStore *store, const OciDigest *key, const TerraneLayer *layer, GError **error)
{
  OciDigestText text;
  g_autoptr (OciJsonValue) entry = json_object ();
  oci_json_set (entry, "digest",
                oci_json_text (oci_digest_text (&layer->descriptor->digest, text)));
  oci_json_set (entry, "diff_id", oci_json_text (oci_digest_text (&layer->diff_id, text)));
  oci_json_set (entry, "size", json_integer ((json_int_t) layer->descriptor->size));
  return terrane_cache_put (store, TERRANE_CACHE_LAYERS, key, entry, error);
}

typedef struct
{
  TerraneStore *store;
  TerraneTree *assembled;
  OciTarWriter *tar;
  char *buffer;
  const TerraneProgress *progress;
} LayerJob;

/* @hasher: (nullable) */
static gboolean
copy_content (const LayerJob *job, const TerraneNode *node, TerraneObjectHasher *hasher,
              GError **error)
{
  g_auto (OciFd) fd = -1;
  if (!terrane_object_open_unnoted (job->store, &node->object, &fd, error))
    return FALSE;
  for (uint64_t left = node->size; left > 0;)
    {
      size_t want = (size_t) MIN (left, (uint64_t) READ_BYTES), got = 0;
      if (!oci_read_full (fd, job->buffer, want, &got, error))
        return FALSE;
      if (got < want)
        break; /* its digest differs, and the tar writer notices the missing bytes */
      if (hasher != NULL)
        terrane_object_hasher_update (hasher, job->buffer, got);
      if (!oci_tar_writer_data (job->tar, job->buffer, got, error))
        return FALSE;
      terrane_progress_advance (job->progress, got);
      left -= got;
    }
  return TRUE;
}

static gboolean
add_path (const LayerJob *job, const char *path, GError **error)
{
  const TerraneNode *node = terrane_tree_lookup (job->assembled, path);
  OciEntry entry = terrane_node_entry (node, path);
  if (!oci_tar_writer_add (job->tar, &entry, error))
    return FALSE;
  if (entry.type == OCI_ENTRY_DIRECTORY)
    return TRUE;
  g_autoptr (TerraneObjectHasher) hasher = node->fresh ? NULL : terrane_object_hasher_new (&entry);
  if ((entry.type != OCI_ENTRY_FILE || copy_content (job, node, hasher, error))
      && (hasher == NULL || terrane_object_check (hasher, &node->object, error)))
    return TRUE;
  g_prefix_error (error, "/%s: ", path);
  return FALSE;
}

static uint64_t
content_bytes (TerraneTree *assembled, const GPtrArray *paths)
{
  uint64_t total = 0;
  for (guint i = 0; i < paths->len; i++)
    total += terrane_tree_lookup (assembled, paths->pdata[i])->size;
  return total;
}

static TerraneLayer *
write_layer (TerraneStore *store, TerraneTree *assembled, const GPtrArray *paths, unsigned jobs,
             const TerraneProgress *progress, GError **error)
{
  g_autofree char *buffer = g_malloc (READ_BYTES);
  g_autoptr (OciLayerWriter) writer =
      oci_layer_writer_new (terrane_store_layout (store), jobs, error);
  if (writer == NULL)
    return NULL;
  LayerJob job = {
    .store = store,
    .assembled = assembled,
    .tar = oci_layer_writer_tar (writer),
    .buffer = buffer,
    .progress = progress,
  };
  for (guint i = 0; i < paths->len; i++)
    if (!add_path (&job, paths->pdata[i], error))
      return NULL;
  g_autoptr (TerraneLayer) layer = g_new0 (TerraneLayer, 1);
  layer->descriptor = oci_layer_writer_finish (writer, &layer->diff_id, error);
  return layer->descriptor != NULL ? g_steal_pointer (&layer) : NULL;
}

static void
annotate (TerraneLayer *layer, const char *name, const OciDigest *key)
{
  OciDigestText text;
  oci_descriptor_annotate (layer->descriptor, TERRANE_ANNOTATION_TREE, name);
  oci_descriptor_annotate (layer->descriptor, TERRANE_ANNOTATION_LAYER_KEY,
                           oci_digest_text (key, text));
}

static gboolean
digest_tar (gpointer digester, const void *data, size_t len, G_GNUC_UNUSED GError **error)
{
  oci_digester_update (digester, data, len);
  return TRUE;
}

/* Computes the diffID that the layer would have if it were made here. */
static gboolean
find_diff_id (TerraneStore *store, TerraneTree *assembled, const GPtrArray *paths,
              OciDigest *out_diff_id, GError **error)
{
  g_autoptr (OciDigester) digester = oci_digester_new ();
  g_autofree char *buffer = g_malloc (READ_BYTES);
  OciTarWriter *tar = oci_tar_writer_new (digest_tar, digester);
  static const TerraneProgress silent = { .phase = NULL };
  LayerJob job = {
    .store = store, .assembled = assembled, .tar = tar, .buffer = buffer, .progress = &silent
  };
  gboolean ok = TRUE;
  for (guint i = 0; ok && i < paths->len; i++)
    ok = add_path (&job, paths->pdata[i], error);
  ok = ok && oci_tar_writer_finish (tar, error);
  oci_tar_writer_free (tar);
  if (ok)
    *out_diff_id = oci_digester_finish (digester);
  return ok;
}

/* Without a layer of an image, it is made here. The files of another one may be elsewhere, and then
 * the whole build goes on without the cache. */
static gboolean
refuse_remote (GError *why, gboolean of_image, const TerraneProgress *progress, GError **error)
{
  g_autoptr (GError) owned = why;
  if (!of_image || g_error_matches (owned, OCI_ERROR, OCI_ERROR_CANCELLED))
    {
      g_propagate_error (error, g_steal_pointer (&owned));
      return FALSE;
    }
  terrane_progress_warn (progress, "going on without a layer of --cache-from: %s", owned->message);
  return TRUE;
}

/* If an image claimed another diffID than its layer has, this image would become wrong: digesting
 * costs a fraction of compressing and sending. A layer whose bytes are here is compared with what
 * would be made, and is then as good. @progress: (nullable): NULL to only look, without digesting.
 * @out_layer: (out) (nullable): NULL if it has to be made */
static gboolean
get_remote (TerraneStore *store, TerraneTree *assembled, const GPtrArray *paths,
            const TerraneRemoteLayers *remote, const OciDigest *key,
            const TerraneProgress *progress, TerraneLayer **out_layer, GError **error)
{
  GError *local = NULL;
  gboolean here = FALSE;
  OciDigest diff_id, own;
  gboolean of_image = FALSE;
  g_autoptr (OciDescriptor) descriptor =
      terrane_remote_layers_find (remote, store, key, &diff_id, &of_image);
  if (descriptor == NULL)
    return TRUE;
  if (progress != NULL
      && (!terrane_remote_layers_fetch (remote, key, descriptor, &here, &local)
          || (here
              && !terrane_layer_check_blob (store, descriptor, &diff_id, assembled, paths,
                                            &local))))
    return refuse_remote (local, of_image, progress, error);
  /* the files may not be in the store when looking */
  gboolean digested = of_image && progress != NULL && !here;
  if (digested && !find_diff_id (store, assembled, paths, &own, error))
    return FALSE;
  if (digested && !oci_digest_equal (&own, &diff_id))
    {
      terrane_progress_warn (progress, "going on without a layer of --cache-from: the image's "
                                       "configuration has another diffID than the layer");
      return TRUE;
    }
  g_autoptr (TerraneLayer) layer = g_new0 (TerraneLayer, 1);
  layer->descriptor = g_steal_pointer (&descriptor);
  layer->diff_id = diff_id;
  layer->reused = TRUE;
  layer->claimed = of_image && progress == NULL;
  if (here && !put_cached (store, key, layer, error))
    return FALSE;
  *out_layer = g_steal_pointer (&layer);
  return TRUE;
}

gboolean
terrane_layer_find (TerraneStore *store, TerraneTree *assembled, const GPtrArray *paths,
                    const char *name, const TerraneRemoteLayers *remote, TerraneLayerLook *out,
                    GError **error)
{
  g_autoptr (TerraneLayer) layer = NULL;
  OciDigest key = layer_key (assembled, paths);
  if (!get_cached (store, &key, TRUE, NULL, &layer, error)
      || (layer == NULL && remote != NULL
          && !get_remote (store, assembled, paths, remote, &key, NULL, &layer, error)))
    return FALSE;
  if (layer != NULL)
    annotate (layer, name, &key);
  *out = (TerraneLayerLook){ .key = key,
                             .bytes = content_bytes (assembled, paths),
                             .layer = g_steal_pointer (&layer) };
  return TRUE;
}

TerraneLayer *
terrane_layer_build (TerraneStore *store, TerraneTree *assembled, const GPtrArray *paths,
                     const char *name, const TerraneRemoteLayers *remote, unsigned jobs,
                     const TerraneProgress *progress, GError **error)
{
  OCI_PREFIX (error, "the layer ‘%s’", name);
  OciDigest key = layer_key (assembled, paths);
  g_autoptr (TerraneLayer) layer = NULL;
  if (!get_cached (store, &key, FALSE, progress, &layer, error))
    return NULL;
  if (layer == NULL && remote != NULL
      && !get_remote (store, assembled, paths, remote, &key, progress, &layer, error))
    return NULL;
  if (layer == NULL)
    {
      terrane_progress_phase (progress, content_bytes (assembled, paths), "compressing %s", name);
      layer = write_layer (store, assembled, paths, jobs, progress, error);
      if (layer == NULL || !put_cached (store, &key, layer, error))
        return NULL;
    }
  annotate (layer, name, &key);
  return g_steal_pointer (&layer);
}
