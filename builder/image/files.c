#include "builder/image/files.h"

#include "builder/annotations.h"
#include "builder/image/flatten.h"
#include "builder/store/cache.h"
#include "builder/store/commit.h"

enum
{
  AUDIT_VERSION = 3, /* version of what is remembered about the entries */
};

void
terrane_image_files_clear (TerraneImageFiles *self)
{
  g_clear_pointer (&self->tree, terrane_tree_free);
  g_clear_pointer (&self->audit, terrane_layer_audit_free);
  g_clear_pointer (&self->layers, json_decref);
}

char **
terrane_image_layer_names (const OciManifest *manifest)
{
  char **names = g_new0 (char *, manifest->layers->len + 2);
  names[0] = g_strdup ("no layer"); /* directories without an entry in any layer */
  for (guint i = 0; i < manifest->layers->len; i++)
    {
      names[i + 1] = terrane_layer_title (manifest->layers->pdata[i]);
      if (names[i + 1] == NULL)
        names[i + 1] = g_strdup_printf ("layer %u", i + 1);
    }
  return names;
}

/* Layers of all nodes in the tree's order, as [count, layer, count, layer, …]. */
typedef struct
{
  json_t *runs;
  json_int_t count;
  int layer;
} Runs;

static void
end_run (Runs *self)
{
  if (self->count == 0)
    return;
  oci_json_append (self->runs, json_integer (self->count));
  oci_json_append (self->runs, json_integer (self->layer));
}

static gboolean
write_layer (TerraneNode *node, G_GNUC_UNUSED const char *path, gpointer data,
             G_GNUC_UNUSED GError **error)
{
  Runs *self = data;
  if (node->layer != self->layer)
    {
      end_run (self);
      self->count = 0;
    }
  self->layer = node->layer;
  self->count++;
  return TRUE;
}

/* Reads the same form. */
typedef struct
{
  const json_t *runs;
  size_t at;
  json_int_t left;
} Reading;

static gboolean
read_layer (TerraneNode *node, G_GNUC_UNUSED const char *path, gpointer data,
            G_GNUC_UNUSED GError **error)
{
  Reading *self = data;
  for (; self->left == 0 && self->at < json_array_size (self->runs); self->at += 2)
    self->left = json_integer_value (json_array_get (self->runs, self->at));
  self->left -= self->left > 0;
  node->layer =
      self->at > 0 ? (int) json_integer_value (json_array_get (self->runs, self->at - 1)) : 0;
  return TRUE;
}

gboolean
terrane_image_files_find (TerraneStore *store, const OciDigest *digest,
                          TerraneImageFiles *out_files, GError **error)
{
  OciDigest commit;
  gboolean found = FALSE;
  g_autoptr (OciJsonValue) entry = terrane_cache_get (store, TERRANE_CACHE_UNPACKED, digest);
  const char *hex = terrane_cache_text (entry, "commit");
  json_t *layers = json_object_get (entry, "layers");
  const json_t *audit = json_object_get (entry, "audit");
  if (hex == NULL || !oci_digest_parse_hex (hex, &commit, NULL)
      || json_integer_value (json_object_get (entry, "version")) != AUDIT_VERSION
      || !json_is_array (audit) || !json_is_array (layers))
    return TRUE;
  if (!terrane_commit_find (store, &commit, &found, error))
    return FALSE;
  if (found)
    *out_files = (TerraneImageFiles){ .commit = commit,
                                      .audit = terrane_layer_audit_from_json (audit),
                                      .layers = json_incref (layers) };
  return TRUE;
}

gboolean
terrane_image_files_remember (TerraneStore *store, const OciDigest *manifest,
                              const OciDigest *commit, TerraneTree *tree,
                              const TerraneLayerAudit *audit, GError **error)
{
  OciDigestHex hex;
  g_autoptr (OciJsonValue) entry = json_object ();
  Runs runs = { .runs = json_array () };
  (void) terrane_tree_foreach (tree, write_layer, &runs, NULL); /* cannot fail */
  end_run (&runs);
  oci_json_set (entry, "version", json_integer (AUDIT_VERSION));
  oci_json_set (entry, "commit", oci_json_text (oci_digest_hex (commit, hex)));
  oci_json_set (entry, "layers", runs.runs);
  oci_json_set (entry, "audit", terrane_layer_audit_to_json (audit));
  return terrane_cache_put (store, TERRANE_CACHE_UNPACKED, manifest, entry, error);
}

gboolean
terrane_image_files_load (TerraneImageFiles *self, TerraneStore *store, GError **error)
{
  if (self->tree != NULL)
    return TRUE;
  Reading reading = { .runs = self->layers };
  self->tree = terrane_commit_load (store, &self->commit, error);
  return self->tree != NULL && terrane_tree_foreach (self->tree, read_layer, &reading, error);
}

gboolean
terrane_image_files_take (TerraneImageFiles *self, const OciDigest *commit, TerraneTree *tree,
                          const json_t *unpacked, GError **error)
{
  json_t *layers = json_object_get (unpacked, "layers");
  const json_t *audit = json_object_get (unpacked, "audit");
  Reading reading = { .runs = layers };
  *self = (TerraneImageFiles){ .commit = *commit, .tree = tree };
  if (json_integer_value (json_object_get (unpacked, "version")) != AUDIT_VERSION
      || !json_is_array (audit) || !json_is_array (layers))
    return oci_throw (error, OCI_ERROR_CORRUPT, "it does not say which layer each file is from");
  self->audit = terrane_layer_audit_from_json (audit);
  self->layers = json_incref (layers);
  return terrane_tree_foreach (tree, read_layer, &reading, error);
}

static gboolean
read_layers (TerraneStore *store, const TerraneOpenImage *image, unsigned jobs,
             const TerraneProgress *progress, TerraneImageFiles *out_files, GError **error)
{
  out_files->audit = terrane_layer_audit_new ();
  const TerraneFlattening flattening = { .manifest = image->manifest,
                                         .config = image->config,
                                         .audit = out_files->audit,
                                         .jobs = jobs,
                                         .progress = progress };
  return terrane_store_begin_write (store, error)
         && terrane_flatten (store, &flattening, &out_files->commit, &out_files->tree, error)
         && terrane_image_files_remember (store, &image->descriptor->digest, &out_files->commit,
                                          out_files->tree, out_files->audit, error);
}

gboolean
terrane_image_files (TerraneStore *store, const TerraneOpenImage *image, gboolean with_tree,
                     unsigned jobs, const TerraneProgress *progress, TerraneImageFiles *out_files,
                     GError **error)
{
  *out_files = (TerraneImageFiles){ 0 };
  if (!terrane_image_files_find (store, &image->descriptor->digest, out_files, error))
    return FALSE;
  /* A commit that cannot be loaded is damaged, and made again. */
  if (out_files->audit != NULL && (!with_tree || terrane_image_files_load (out_files, store, NULL)))
    return TRUE;
  terrane_image_files_clear (out_files);
  out_files->read = TRUE;
  if (read_layers (store, image, jobs, progress, out_files, error))
    return TRUE;
  terrane_image_files_clear (out_files);
  return FALSE;
}

static gboolean
take_layer (TerraneNode *node, G_GNUC_UNUSED const char *path, G_GNUC_UNUSED gpointer data,
            G_GNUC_UNUSED GError **error)
{
  node->tree_number = node->layer;
  return TRUE;
}

TerraneImageView
terrane_image_files_view (const TerraneImageFiles *self, TerraneStore *store,
                          const OciImageConfig *config, char **names)
{
  (void) terrane_tree_foreach (self->tree, take_layer, NULL, NULL); /* cannot fail */
  return (TerraneImageView){
    .store = store, .tree = self->tree, .config = config, .names = (const char *const *) names
  };
}
