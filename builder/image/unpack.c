#include "builder/image/unpack.h"

#include "builder/annotations.h"
#include "builder/image/flatten.h"
#include "builder/store/cache.h"
#include "builder/store/commit.h"

enum
{
  AUDIT_VERSION = 3, /* what of the entries is remembered */
};

void
terrane_unpacked_free (TerraneUnpacked *self)
{
  if (self == NULL)
    return;
  oci_manifest_free (self->manifest);
  oci_image_config_free (self->config);
  terrane_tree_free (self->tree);
  g_strfreev (self->names);
  terrane_layer_audit_free (self->audit);
  g_free (self);
}

TerraneImageView
terrane_unpacked_view (const TerraneUnpacked *self, TerraneStore *store)
{
  return (TerraneImageView){ .store = store,
                             .tree = self->tree,
                             .config = self->config,
                             .names = (const char *const *) self->names };
}

static char **
layer_names (const OciManifest *manifest)
{
  char **names = g_new0 (char *, manifest->layers->len + 2);
  names[0] = g_strdup ("no layer"); /* directories that no layer has an entry for */
  for (guint i = 0; i < manifest->layers->len; i++)
    {
      const char *tree =
          oci_descriptor_annotation (manifest->layers->pdata[i], TERRANE_ANNOTATION_TREE);
      names[i + 1] = tree != NULL ? g_strdup (tree) : g_strdup_printf ("layer %u", i + 1);
    }
  return names;
}

/* Origins of all nodes in the tree's order, as [how many, which, how many, which, …]. */
typedef struct
{
  json_t *runs;
  json_int_t count;
  int origin;
} Runs;

static void
end_run (Runs *self)
{
  if (self->count == 0)
    return;
  oci_json_append (self->runs, json_integer (self->count));
  oci_json_append (self->runs, json_integer (self->origin));
}

static gboolean
write_origin (TerraneNode *node, G_GNUC_UNUSED const char *path, gpointer data,
              G_GNUC_UNUSED GError **error)
{
  Runs *self = data;
  if (node->origin != self->origin)
    {
      end_run (self);
      self->count = 0;
    }
  self->origin = node->origin;
  self->count++;
  return TRUE;
}

/* The other way round; @origin is the position in @runs here. */
static gboolean
read_origin (TerraneNode *node, G_GNUC_UNUSED const char *path, gpointer data,
             G_GNUC_UNUSED GError **error)
{
  Runs *self = data;
  if (self->count == 0)
    {
      self->origin += 2;
      self->count = json_integer_value (json_array_get (self->runs, (size_t) self->origin));
    }
  self->count--;
  node->origin = (int) json_integer_value (json_array_get (self->runs, (size_t) self->origin + 1));
  return TRUE;
}

/* What is known of the image. @out_entry: (out) (transfer full) (nullable) */
static gboolean
find_entry (TerraneStore *store, const OciDigest *digest, OciDigest *out_commit, json_t **out_entry,
            GError **error)
{
  gboolean found = FALSE;
  g_autoptr (OciJsonValue) entry = terrane_cache_get (store, TERRANE_CACHE_UNPACKED, digest);
  const char *hex = terrane_cache_text (entry, "commit");
  if (hex == NULL || !oci_digest_parse_hex (hex, out_commit, NULL)
      || json_integer_value (json_object_get (entry, "version")) != AUDIT_VERSION
      || !json_is_array (json_object_get (entry, "audit")))
    return TRUE;
  if (!terrane_commit_find (store, out_commit, &found, error))
    return FALSE;
  if (found)
    *out_entry = g_steal_pointer (&entry);
  return TRUE;
}

/* A commit that cannot be loaded is damaged, and made again. */
static gboolean
find_known (TerraneUnpacked *self, TerraneStore *store, const OciDigest *digest,
            gboolean *out_found, GError **error)
{
  OciDigest commit;
  g_autoptr (OciJsonValue) entry = NULL;
  *out_found = FALSE;
  if (!find_entry (store, digest, &commit, &entry, error))
    return FALSE;
  if (entry == NULL)
    return TRUE;
  Runs runs = { .runs = json_object_get (entry, "origins"), .origin = -2 };
  self->audit = terrane_layer_audit_from_json (json_object_get (entry, "audit"));
  self->tree = terrane_commit_load (store, &commit, NULL);
  *out_found = self->tree != NULL && terrane_tree_foreach (self->tree, read_origin, &runs, NULL);
  return TRUE;
}

gboolean
terrane_unpack_audit (TerraneStore *store, const OciDigest *digest, TerraneLayerAudit **out_audit,
                      GError **error)
{
  OciDigest commit;
  g_autoptr (OciJsonValue) entry = NULL;
  if (!find_entry (store, digest, &commit, &entry, error))
    return FALSE;
  *out_audit = terrane_layer_audit_from_json (json_object_get (entry, "audit"));
  return TRUE;
}

gboolean
terrane_unpack_remember (TerraneStore *store, const OciDigest *manifest, const OciDigest *commit,
                         TerraneTree *tree, const TerraneLayerAudit *audit, GError **error)
{
  OciDigestHex hex;
  g_autoptr (OciJsonValue) entry = json_object ();
  Runs runs = { .runs = json_array () };
  (void) terrane_tree_foreach (tree, write_origin, &runs, NULL); /* cannot fail */
  end_run (&runs);
  oci_json_set (entry, "version", json_integer (AUDIT_VERSION));
  oci_json_set (entry, "commit", oci_json_text (oci_digest_hex (commit, hex)));
  oci_json_set (entry, "origins", runs.runs);
  oci_json_set (entry, "audit", terrane_layer_audit_to_json (audit));
  return terrane_cache_put (store, TERRANE_CACHE_UNPACKED, manifest, entry, error);
}

static gboolean
apply_layers (TerraneUnpacked *self, TerraneStore *store, const OciDigest *digest, unsigned jobs,
              const TerraneProgress *progress, OciDigest *out_commit, GError **error)
{
  TerraneStoredTree root = { 0 };
  g_clear_pointer (&self->tree, terrane_tree_free);
  g_clear_pointer (&self->audit, terrane_layer_audit_free);
  self->audit = terrane_layer_audit_new ();
  if (!terrane_store_begin_write (store, error)
      || !terrane_flatten (store, self->manifest, self->config, self->audit, jobs, progress, &root,
                           error))
    return FALSE;
  self->tree = g_steal_pointer (&root.tree);
  *out_commit = root.commit;
  return terrane_unpack_remember (store, digest, &root.commit, self->tree, self->audit, error);
}

gboolean
terrane_unpack_files (TerraneStore *store, const OciDigest *digest, const OciManifest *manifest,
                      const OciImageConfig *config, unsigned jobs, const TerraneProgress *progress,
                      TerraneStoredTree *out_tree, GError **error)
{
  g_autoptr (OciJsonValue) known = NULL;
  if (!find_entry (store, digest, &out_tree->commit, &known, error))
    return FALSE;
  if (known != NULL)
    return TRUE;
  TerraneUnpacked unpacked = { .manifest = (OciManifest *) manifest,
                               .config = (OciImageConfig *) config };
  gboolean ok = apply_layers (&unpacked, store, digest, jobs, progress, &out_tree->commit, error);
  out_tree->tree = unpacked.tree;
  terrane_layer_audit_free (unpacked.audit);
  return ok;
}

TerraneUnpacked *
terrane_unpack (TerraneStore *store, const OciDescriptor *manifest, unsigned jobs,
                const TerraneProgress *progress, GError **error)
{
  OciDigest commit;
  g_autoptr (TerraneUnpacked) self = g_new0 (TerraneUnpacked, 1);
  if (!oci_image_read (terrane_store_layout (store), manifest, &self->manifest, &self->config,
                       error))
    return NULL;
  self->names = layer_names (self->manifest);
  gboolean found = FALSE;
  if (!find_known (self, store, &manifest->digest, &found, error))
    return NULL;
  if (!found && !apply_layers (self, store, &manifest->digest, jobs, progress, &commit, error))
    return NULL;
  return g_steal_pointer (&self);
}
