#include "builder/store/needs.h"

#include "builder/store/commit.h"
#include "builder/store/downloads.h"
#include "builder/store/metadata.h"
#include "builder/store/pulled.h"

#include "oci/image.h"

#include "oci/base/text-hash.h"

#include <fcntl.h>
#include <sys/stat.h>

static GHashTable *
new_set (void)
{
  return g_hash_table_new_full (oci_text_hash, g_str_equal, g_free, NULL);
}

void
terrane_needs_init (TerraneNeeds *self, TerraneStore *store)
{
  *self = (TerraneNeeds){ .store = store,
                          .blobs = new_set (),
                          .manifests = new_set (),
                          .commits = new_set (),
                          .names = new_set () };
}

void
terrane_needs_clear (TerraneNeeds *self)
{
  g_clear_pointer (&self->blobs, g_hash_table_unref);
  g_clear_pointer (&self->manifests, g_hash_table_unref);
  g_clear_pointer (&self->commits, g_hash_table_unref);
  g_clear_pointer (&self->names, g_hash_table_unref);
  g_clear_error (&self->failure);
}

static void
keep_digest (GHashTable *set, const OciDigest *digest)
{
  OciDigestHex hex;
  g_hash_table_add (set, g_strdup (oci_digest_hex (digest, hex)));
}

void
terrane_needs_keep_commit (TerraneNeeds *self, const OciDigest *commit)
{
  keep_digest (self->commits, commit);
}

gboolean
terrane_needs_has (GHashTable *set, const OciDigest *digest)
{
  OciDigestHex hex;
  return g_hash_table_contains (set, oci_digest_hex (digest, hex));
}

enum
{
  MAX_INDEX_DEPTH = 4, /* of an index that lists indexes */
};

static gboolean mark_manifest (TerraneNeeds *self, const OciDescriptor *descriptor, unsigned depth,
                               GError **error);

/* terrane gives names to single images only; another program may have stored an index of
 * several. */
static gboolean
mark_children (TerraneNeeds *self, const OciDescriptor *descriptor, unsigned depth, GError **error)
{
  OciLayout *layout = terrane_store_layout (self->store);
  g_autoptr (GBytes) raw = oci_layout_read_blob (layout, descriptor, OCI_MANIFEST_MAX_BYTES, error);
  g_autoptr (OciIndex) index = raw != NULL ? oci_index_parse ("the index", raw, error) : NULL;
  if (index == NULL)
    return FALSE;
  for (guint i = 0; i < index->manifests->len; i++)
    {
      const OciDescriptor *child = index->manifests->pdata[i];
      uint64_t size = 0;
      gboolean found = FALSE;
      if (!oci_layout_find_blob (layout, &child->digest, &found, &size, error)
          || (found && !mark_manifest (self, child, depth + 1, error)))
        return FALSE;
    }
  return TRUE;
}

static gboolean
mark_manifest (TerraneNeeds *self, const OciDescriptor *descriptor, unsigned depth, GError **error)
{
  g_autoptr (OciManifest) manifest = NULL;
  keep_digest (self->manifests, &descriptor->digest);
  keep_digest (self->blobs, &descriptor->digest);
  const OciMediaType *type = oci_media_type_lookup (descriptor->media_type);
  if (type != NULL && type->kind == OCI_MEDIA_INDEX && depth < MAX_INDEX_DEPTH)
    return mark_children (self, descriptor, depth, error);
  if (!oci_image_read (terrane_store_layout (self->store), descriptor, &manifest, NULL, error))
    return FALSE;
  keep_digest (self->blobs, &manifest->config->digest);
  for (guint i = 0; i < manifest->layers->len; i++)
    keep_digest (self->blobs, &((OciDescriptor *) manifest->layers->pdata[i])->digest);
  return TRUE;
}

gboolean
terrane_needs_mark_images (TerraneNeeds *self, const char *const *only, GError **error)
{
  OciLayout *layout = terrane_store_layout (self->store);
  g_autoptr (OciIndex) index = oci_layout_read_index (layout, error);
  if (index == NULL)
    return FALSE;
  for (guint i = 0; i < index->manifests->len; i++)
    {
      const OciDescriptor *descriptor = index->manifests->pdata[i];
      const char *name = oci_descriptor_annotation (descriptor, OCI_ANNOTATION_REF_NAME);
      g_autoptr (GError) local = NULL;
      if (only != NULL && (name == NULL || !g_strv_contains (only, name)))
        continue;
      if (name != NULL)
        g_hash_table_add (self->names, g_strdup (name));
      if (mark_manifest (self, descriptor, 0, &local))
        continue;
      if (only != NULL || !oci_layout_index_is_damaged (local)) /* it may be readable later */
        {
          g_propagate_error (error, g_steal_pointer (&local));
          return FALSE;
        }
      g_message ("image %s: %s; build or pull it again, or remove it with 'terrane rm'",
                 name != NULL ? name : "(unnamed)", local->message);
    }
  return TRUE;
}

/* Nothing is removed if it is unknown what exists. @error: (transfer full) */
static void
note_failure (TerraneNeeds *self, GError *error)
{
  if (self->failure == NULL)
    self->failure = error;
  else
    g_error_free (error);
}

/* Keeps the documents of a base; its layers belong to the image. */
static void
keep_base (TerraneNeeds *self, const OciDigest *manifest_digest)
{
  OciLayout *layout = terrane_store_layout (self->store);
  uint64_t size = 0;
  gboolean found = FALSE;
  g_autoptr (GError) local = NULL;
  g_autoptr (OciManifest) manifest = NULL;
  keep_digest (self->blobs, manifest_digest);
  if (!oci_layout_find_blob (layout, manifest_digest, &found, &size, &local))
    note_failure (self, g_steal_pointer (&local));
  if (!found)
    return;
  g_autoptr (OciDescriptor) descriptor =
      oci_descriptor_new (OCI_MEDIA_TYPE_MANIFEST, manifest_digest, size);
  if (oci_image_read (layout, descriptor, &manifest, NULL, &local))
    keep_digest (self->blobs, &manifest->config->digest);
  else if (g_error_matches (local, OCI_ERROR, OCI_ERROR_IO))
    note_failure (self, g_steal_pointer (&local));
}

/* An image entry stays with its image, and so do the inputs of the image. */
static gboolean
keep_image_entry (G_GNUC_UNUSED TerraneCacheKind kind, G_GNUC_UNUSED const OciDigest *key,
                  const json_t *value, gpointer data)
{
  TerraneNeeds *self = data;
  OciDigest digest;
  const char *manifest = terrane_cache_text (value, "manifest");
  const char *commit = terrane_cache_text (value, "commit");
  if (manifest == NULL || !oci_digest_parse (manifest, &digest, NULL)
      || !terrane_needs_has (self->manifests, &digest))
    return FALSE;
  if (commit != NULL && oci_digest_parse_hex (commit, &digest, NULL))
    keep_digest (self->commits, &digest);
  size_t i;
  json_t *tree;
  json_array_foreach (json_object_get (value, "trees"), i, tree)
  {
    const char *hex = json_string_value (tree);
    if (hex != NULL && oci_digest_parse_hex (hex, &digest, NULL))
      keep_digest (self->commits, &digest);
  }
  const char *base = terrane_cache_text (value, "base_manifest");
  if (base != NULL && oci_digest_parse (base, &digest, NULL))
    keep_base (self, &digest);
  return TRUE;
}

static gboolean
keep_name_entry (G_GNUC_UNUSED TerraneCacheKind kind, G_GNUC_UNUSED const OciDigest *key,
                 const json_t *value, gpointer data)
{
  const TerraneNeeds *self = data;
  const char *name = terrane_cache_text (value, "name");
  return name != NULL && g_hash_table_contains (self->names, name);
}

/* The digest of a file is known as long as the file is unchanged; older entries do not name the
 * file. */
static gboolean
keep_digest_entry (G_GNUC_UNUSED TerraneCacheKind kind, G_GNUC_UNUSED const OciDigest *key,
                   const json_t *value, G_GNUC_UNUSED gpointer data)
{
  struct stat st;
  const char *path = terrane_cache_text (value, "path");
  return path != NULL && fstatat (AT_FDCWD, path, &st, 0) == 0
         && (json_int_t) st.st_ino == json_integer_value (json_object_get (value, "inode"))
         && (json_int_t) st.st_size == json_integer_value (json_object_get (value, "size"))
         && (json_int_t) st.st_mtim.tv_sec == json_integer_value (json_object_get (value, "mtime"));
}

static gboolean
keep_tree_entry (G_GNUC_UNUSED TerraneCacheKind kind, G_GNUC_UNUSED const OciDigest *key,
                 const json_t *value, gpointer data)
{
  TerraneNeeds *self = data;
  OciDigest commit;
  const char *hex = terrane_cache_text (value, "commit");
  return hex != NULL && oci_digest_parse_hex (hex, &commit, NULL)
         && terrane_needs_has (self->commits, &commit);
}

/* With a tree of an image its inputs stay, so that other transforms need not read the source, and
 * the files that its transforms removed. */
static gboolean
keep_transformed_entry (TerraneCacheKind kind, const OciDigest *key, const json_t *value,
                        gpointer data)
{
  static const char *const members[] = { "source", "debug" };
  TerraneNeeds *self = data;
  if (!keep_tree_entry (kind, key, value, data))
    return FALSE;
  for (size_t i = 0; i < G_N_ELEMENTS (members); i++)
    {
      OciDigest commit;
      const char *hex = terrane_cache_text (value, members[i]);
      if (hex != NULL && oci_digest_parse_hex (hex, &commit, NULL))
        keep_digest (self->commits, &commit);
    }
  return TRUE;
}

/* With a compiled tree stay the results of its recipe and of those that the recipe needs, so that a
 * change of one only compiles that again; and, if on this machine, the image to compile in. */
static gboolean
keep_compiled_entry (TerraneCacheKind kind, const OciDigest *key, const json_t *value,
                     gpointer data)
{
  TerraneNeeds *self = data;
  OciDigest commit;
  size_t i;
  json_t *result;
  const char *in = terrane_cache_text (value, "in");
  if (!keep_tree_entry (kind, key, value, data))
    return FALSE;
  json_array_foreach (
      json_object_get (value, "results"), i,
      result) if (json_is_string (result)
                  && oci_digest_parse_hex (json_string_value (result), &commit, NULL))
      keep_digest (self->commits, &commit);
  if (in != NULL && !self->portable && oci_digest_parse_hex (in, &commit, NULL))
    keep_digest (self->commits, &commit);
  return TRUE;
}

static gboolean
keep_blob_entry (TerraneCacheKind kind, const OciDigest *key, const json_t *value, gpointer data)
{
  TerraneNeeds *self = data;
  OciDigest digest;
  if (kind == TERRANE_CACHE_LOCATIONS)
    return terrane_needs_has (self->blobs, key);
  const char *member = kind == TERRANE_CACHE_ARCHIVES ? "manifest" : "digest";
  const char *text = terrane_cache_text (value, member);
  return text != NULL && oci_digest_parse (text, &digest, NULL)
         && terrane_needs_has (self->blobs, &digest);
}

/* Keeps the file system of an image that stays, or of its base. */
static gboolean
keep_unpacked_entry (G_GNUC_UNUSED TerraneCacheKind kind, const OciDigest *key, const json_t *value,
                     gpointer data)
{
  TerraneNeeds *self = data;
  OciDigest commit;
  const char *hex = terrane_cache_text (value, "commit");
  if (hex == NULL || !oci_digest_parse_hex (hex, &commit, NULL)
      || (!terrane_needs_has (self->manifests, key) && !terrane_needs_has (self->commits, &commit)))
    return FALSE;
  keep_digest (self->commits, &commit);
  return TRUE;
}

/* The files of a layer stay or go together. */
static gboolean
keep_facts_entry (G_GNUC_UNUSED TerraneCacheKind kind, G_GNUC_UNUSED const OciDigest *key,
                  const json_t *value, gpointer data)
{
  TerraneNeeds *self = data;
  OstreeRepo *repo = terrane_store_repo (self->store);
  g_autoptr (GError) local = NULL;
  const char *object = json_object_iter_key (json_object_iter (json_object_get (value, "objects")));
  OciDigest digest;
  gboolean exists = FALSE;
  if (object == NULL || !oci_digest_parse_hex (object, &digest, NULL))
    return FALSE;
  if (self->objects != NULL)
    {
      g_autoptr (GVariant) name =
          g_variant_ref_sink (ostree_object_name_serialize (object, OSTREE_OBJECT_TYPE_FILE));
      return g_hash_table_contains (self->objects, name);
    }
  if (ostree_repo_has_object (repo, OSTREE_OBJECT_TYPE_FILE, object, &exists, NULL, &local))
    return exists;
  note_failure (self, g_steal_pointer (&local));
  return TRUE;
}

static gboolean
keep_pulled_entry (G_GNUC_UNUSED TerraneCacheKind kind, G_GNUC_UNUSED const OciDigest *key,
                   const json_t *value, gpointer data)
{
  TerraneNeeds *self = data;
  OciDigest commit;
  gboolean whole = FALSE;
  g_autoptr (GError) local = NULL;
  if (!terrane_pulled_is_fresh (value, &commit))
    return FALSE;
  if (!terrane_pulled_find_commit (self->store, &commit, &whole, &local))
    note_failure (self, g_steal_pointer (&local));
  if (whole)
    keep_digest (self->commits, &commit);
  return TRUE;
}

/* The rule that keeps the entries of each kind. The order matters: a rule may mark objects that
 * later ones ask for. */
static const struct
{
  TerraneCacheKind kind;
  TerraneNeedsTime time;
  TerraneCacheFunc keep;
} rules[] = {
  { TERRANE_CACHE_IMAGES, TERRANE_NEEDS_FIRST, keep_image_entry },  /* marks commits and bases */
  { TERRANE_CACHE_PULLED, TERRANE_NEEDS_FIRST, keep_pulled_entry }, /* marks commits */
  { TERRANE_CACHE_UNPACKED, TERRANE_NEEDS_FIRST, keep_unpacked_entry },       /* likewise */
  { TERRANE_CACHE_TRANSFORMED, TERRANE_NEEDS_FIRST, keep_transformed_entry }, /* likewise */
  { TERRANE_CACHE_COMPILED, TERRANE_NEEDS_FIRST, keep_compiled_entry },       /* likewise */
  { TERRANE_CACHE_TREES, TERRANE_NEEDS_FIRST, keep_tree_entry },
  { TERRANE_CACHE_LAYERS, TERRANE_NEEDS_FIRST, keep_blob_entry },
  { TERRANE_CACHE_ARCHIVES, TERRANE_NEEDS_FIRST, keep_blob_entry },
  { TERRANE_CACHE_LOCATIONS, TERRANE_NEEDS_FIRST, keep_blob_entry },
  { TERRANE_CACHE_PYTHONS, TERRANE_NEEDS_FIRST, keep_tree_entry },
  { TERRANE_CACHE_NAMES, TERRANE_NEEDS_FIRST, keep_name_entry },
  { TERRANE_CACHE_BUILDS, TERRANE_NEEDS_FIRST, keep_name_entry },
  { TERRANE_CACHE_DIGESTS, TERRANE_NEEDS_FIRST, keep_digest_entry },
  { TERRANE_CACHE_RESULTS, TERRANE_NEEDS_FIRST, keep_tree_entry },
  { TERRANE_CACHE_PROGRAMS, TERRANE_NEEDS_OBJECTS, keep_facts_entry },
  { TERRANE_CACHE_GEO, TERRANE_NEEDS_OBJECTS, keep_facts_entry },
};
G_STATIC_ASSERT (G_N_ELEMENTS (rules) == TERRANE_CACHE_KINDS); /* each kind once: test-store */

/* Calls @see for entries that a rule keeps, and removes all others. */
typedef struct
{
  TerraneNeeds *needs;
  TerraneCacheFunc keep;
  TerraneCacheFunc see;
  gpointer data;
} Look;

static gboolean
look (TerraneCacheKind kind, const OciDigest *key, const json_t *value, gpointer data)
{
  const Look *self = data;
  gboolean kept = self->keep (kind, key, value, self->needs);
  if (self->see == NULL)
    return kept;
  if (kept)
    (void) self->see (kind, key, value, self->data); /* its result has no meaning here */
  return TRUE;
}

gboolean
terrane_needs_is_local (TerraneCacheKind kind)
{
  return kind == TERRANE_CACHE_DIGESTS || kind == TERRANE_CACHE_NAMES
         || kind == TERRANE_CACHE_PULLED || kind == TERRANE_CACHE_BUILDS;
}

gboolean
terrane_needs_sweep (TerraneNeeds *self, TerraneNeedsTime time, TerraneCacheFunc see, gpointer data,
                     guint *out_removed, GError **error)
{
  for (size_t i = 0; i < G_N_ELEMENTS (rules); i++)
    {
      Look at = { .needs = self, .keep = rules[i].keep, .see = see, .data = data };
      if (rules[i].time == time && !(self->portable && terrane_needs_is_local (rules[i].kind))
          && !terrane_cache_sweep (self->store, rules[i].kind, look, &at, out_removed, error))
        return FALSE;
    }
  if (self->failure == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&self->failure));
  return FALSE;
}

gboolean
terrane_needs_find_objects (TerraneNeeds *self, GHashTable *reachable, GError **error)
{
  GHashTableIter iter;
  gpointer hex;
  g_hash_table_iter_init (&iter, self->commits);
  while (g_hash_table_iter_next (&iter, &hex, NULL))
    {
      OciDigest commit;
      g_autoptr (GError) local = NULL;
      gboolean exists = FALSE;
      g_autoptr (GHashTable) objects = ostree_repo_traverse_new_reachable ();
      if (!oci_digest_parse_hex (hex, &commit, NULL))
        continue;
      if (!terrane_commit_find (self->store, &commit, &exists, error))
        return FALSE;
      if (!exists)
        continue;
      if (!terrane_commit_traverse (terrane_store_repo (self->store), hex, objects, &local))
        {
          if (!g_error_matches (local, OCI_ERROR, OCI_ERROR_CORRUPT)
              && !g_error_matches (local, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
            {
              g_propagate_error (error, g_steal_pointer (&local));
              return FALSE;
            }
          g_message ("the commit %.12s… is not kept: %s", (const char *) hex, local->message);
          continue;
        }
      GHashTableIter objects_iter;
      gpointer object;
      g_hash_table_iter_init (&objects_iter, objects);
      while (g_hash_table_iter_next (&objects_iter, &object, NULL))
        g_hash_table_add (reachable, g_variant_ref (object));
    }
  return TRUE;
}
