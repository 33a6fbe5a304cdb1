#include "builder/image/cache-document.h"
#include "builder/image/cache-objects.h"
#include "builder/store/cache-signature.h"
#include "builder/store/commit.h"
#include "builder/store/metadata.h"
#include "builder/store/needs.h"

#include "oci/archive-file.h"
#include "oci/image.h"

#include <string.h>

typedef struct
{
  TerraneStore *store;
  TerraneNeeds needs;
  TerraneCacheDocument *document;
  GPtrArray *entries;  /* of TerraneCacheEntry */
  GHashTable *objects; /* names of all needed objects, then of those that the layers do not have */
} Export;

static gboolean
see_entry (TerraneCacheKind kind, const OciDigest *key, const json_t *value, gpointer data)
{
  Export *self = data;
  g_ptr_array_add (self->entries, terrane_cache_entry_new (kind, key, oci_json_dump (value)));
  return TRUE;
}

/* Finds the objects that can be made from the layers of the image. @out_objects: (out)
 * (transfer full) (nullable): NULL if layers are elsewhere */
static gboolean
find_covered (TerraneStore *store, const OciDescriptor *manifest, GHashTable **out_objects,
              GError **error)
{
  OciDigest commit;
  gboolean found = FALSE;
  *out_objects = NULL;
  g_autoptr (OciJsonValue) entry =
      terrane_cache_get (store, TERRANE_CACHE_UNPACKED, &manifest->digest);
  const char *hex = terrane_cache_text (entry, "commit");
  if (hex == NULL || !oci_digest_parse_hex (hex, &commit, NULL)
      || !oci_image_check_blobs (terrane_store_layout (store), manifest, NULL))
    return TRUE;
  if (!terrane_commit_find (store, &commit, &found, error))
    return FALSE;
  if (!found)
    return TRUE;
  *out_objects = ostree_repo_traverse_new_reachable ();
  return terrane_commit_traverse (terrane_store_repo (store), hex, *out_objects, error);
}

/* Leaves out the files of @covered: directories are only made by their commits. */
static void
leave_out (GHashTable *objects, GHashTable *covered)
{
  GHashTableIter iter;
  gpointer name;
  g_hash_table_iter_init (&iter, covered);
  while (g_hash_table_iter_next (&iter, &name, NULL))
    {
      const char *hex = NULL;
      OstreeObjectType type;
      ostree_object_name_deserialize (name, &hex, &type);
      if (type == OSTREE_OBJECT_TYPE_FILE)
        g_hash_table_remove (objects, name);
    }
}

static gboolean
add_image (Export *self, const OciDescriptor *descriptor, const char *name, GError **error)
{
  g_autoptr (GHashTable) covered = NULL;
  const OciMediaType *type = oci_media_type_lookup (descriptor->media_type);
  if (type != NULL && type->kind == OCI_MEDIA_INDEX) /* from another program */
    return oci_throw (error, OCI_ERROR_UNSUPPORTED, "%s is an index of images", name);
  if (!find_covered (self->store, descriptor, &covered, error))
    return FALSE;
  if (covered != NULL)
    leave_out (self->objects, covered);
  terrane_cache_document_add_image (self->document, name, descriptor, covered != NULL);
  return TRUE;
}

static int
compare_images (gconstpointer a, gconstpointer b)
{
  return strcmp ((*(TerraneCacheImage *const *) a)->name, (*(TerraneCacheImage *const *) b)->name);
}

static gboolean
add_images (Export *self, const char *const *names, GError **error)
{
  OciLayout *layout = terrane_store_layout (self->store);
  for (const char *const *name = names; *name != NULL; name++)
    {
      g_autoptr (OciDescriptor) descriptor = oci_layout_resolve (layout, *name, NULL, error);
      if (descriptor == NULL || !add_image (self, descriptor, *name, error))
        return FALSE;
    }
  g_ptr_array_sort (self->document->images, compare_images);
  return TRUE;
}

static int
compare_blobs (gconstpointer a, gconstpointer b)
{
  const OciDescriptor *one = *(OciDescriptor *const *) a, *other = *(OciDescriptor *const *) b;
  return memcmp (one->digest.bytes, other->digest.bytes, sizeof one->digest.bytes);
}

/* @list: gets the blob, if the layout has it */
static gboolean
add_blob (OciLayout *layout, const OciDigest *digest, GPtrArray *list, GError **error)
{
  uint64_t size = 0;
  gboolean found = FALSE;
  if (!oci_layout_find_blob (layout, digest, &found, &size, error))
    return FALSE;
  if (found && terrane_cache_document_find (list, digest) == NULL)
    g_ptr_array_add (list, oci_descriptor_new ("application/octet-stream", digest, size));
  return TRUE;
}

static gboolean
add_blobs (Export *self, const GPtrArray *downloads, GError **error)
{
  TerraneCacheDocument *document = self->document;
  GHashTableIter iter;
  gpointer hex;
  OciDigest digest;
  g_hash_table_iter_init (&iter, self->needs.blobs);
  while (g_hash_table_iter_next (&iter, &hex, NULL))
    if (oci_digest_parse_hex (hex, &digest, NULL)
        && !add_blob (terrane_store_layout (self->store), &digest, document->blobs, error))
      return FALSE;
  for (guint i = 0; downloads != NULL && i < downloads->len; i++)
    if (!add_blob (terrane_store_downloads (self->store), downloads->pdata[i], document->downloads,
                   error))
      return FALSE;
  g_ptr_array_add (document->blobs, oci_descriptor_copy (document->rest));
  g_ptr_array_sort (document->blobs, compare_blobs);
  g_ptr_array_sort (document->downloads, compare_blobs);
  return TRUE;
}

static gboolean
write_blobs (OciArchiveFile *file, OciLayout *layout, const char *place, const GPtrArray *list,
             const TerraneProgress *progress, GError **error)
{
  for (guint i = 0; i < list->len; i++)
    {
      OciDigestHex hex;
      const OciDescriptor *blob = list->pdata[i];
      g_autofree char *path = g_strconcat (place, oci_digest_hex (&blob->digest, hex), NULL);
      if (!oci_archive_file_add_blob (file, path, layout, blob, error))
        return FALSE;
      terrane_progress_advance (progress, blob->size);
    }
  return TRUE;
}

static uint64_t
count_bytes (const GPtrArray *list)
{
  uint64_t total = 0;
  for (guint i = 0; i < list->len; i++)
    total += ((const OciDescriptor *) list->pdata[i])->size;
  return total;
}

static gboolean
write_file (const Export *self, const char *path, const TerraneCacheOptions *options,
            GError **error)
{
  const TerraneCacheDocument *document = self->document;
  g_autoptr (GBytes) raw = terrane_cache_document_dump (document);
  g_autoptr (OciArchiveFile) file = oci_archive_file_new (path, error);
  if (file == NULL || !oci_archive_file_add (file, TERRANE_CACHE_DOCUMENT, raw, error))
    return FALSE;
  if (options->key != NULL)
    {
      char *signature = terrane_cache_sign (raw, options->key);
      g_autoptr (GBytes) signed_by = g_bytes_new_take (signature, strlen (signature));
      if (!oci_archive_file_add (file, TERRANE_CACHE_SIGNATURE, signed_by, error))
        return FALSE;
    }
  terrane_progress_phase (options->progress,
                          count_bytes (document->blobs) + count_bytes (document->downloads),
                          "writing %s", path);
  return write_blobs (file, terrane_store_layout (self->store), TERRANE_CACHE_BLOBS,
                      document->blobs, options->progress, error)
         && write_blobs (file, terrane_store_downloads (self->store), TERRANE_CACHE_DOWNLOADS,
                         document->downloads, options->progress, error)
         && oci_archive_file_finish (file, error);
}

static gboolean export(Export *self, const char *path, const char *const *names,
                       const GPtrArray *downloads, const TerraneCacheOptions *options,
                       TerraneCacheReport *report, GError **error)
{
  guint damaged = 0;
  TerraneNeeds *needs = &self->needs;
  if (!terrane_needs_mark_images (needs, names, error)
      || !terrane_needs_sweep (needs, TERRANE_NEEDS_FIRST, see_entry, self, &damaged, error)
      || !terrane_needs_find_objects (needs, self->objects, error))
    return FALSE;
  needs->objects = self->objects;
  terrane_progress_phase (options->progress, 0, "packing what the layers do not give");
  if (!terrane_needs_sweep (needs, TERRANE_NEEDS_OBJECTS, see_entry, self, &damaged, error)
      || !add_images (self, names, error) || !terrane_store_begin_write (self->store, error))
    return FALSE;
  self->document->rest =
      terrane_cache_rest_write (self->store, self->objects, self->entries, options->jobs, error);
  if (self->document->rest == NULL || !add_blobs (self, downloads, error)
      || !write_file (self, path, options, error))
    return FALSE;
  report->images = g_ptr_array_new_with_free_func (g_free);
  for (const char *const *name = names; *name != NULL; name++)
    g_ptr_array_add (report->images, g_strdup (*name));
  report->blobs = self->document->blobs->len;
  report->downloads = self->document->downloads->len;
  report->objects = g_hash_table_size (self->objects);
  report->entries = self->entries->len;
  return TRUE;
}

gboolean
terrane_cache_export (TerraneStore *store, const char *path, const char *const *names,
                      const GPtrArray *downloads, const TerraneCacheOptions *options,
                      TerraneCacheReport *out_report, GError **error)
{
  OCI_PREFIX (error, "exporting to %s", path);
  g_autoptr (GPtrArray) entries = g_ptr_array_new_with_free_func (terrane_cache_entry_free);
  g_autoptr (GHashTable) objects = ostree_repo_traverse_new_reachable ();
  g_autoptr (TerraneCacheDocument) document = terrane_cache_document_new ();
  Export self = { .store = store, .document = document, .entries = entries, .objects = objects };
  terrane_needs_init (&self.needs, store);
  self.needs.portable = TRUE;
  gboolean ok = export(&self, path, names, downloads, options, out_report, error);
  terrane_needs_clear (&self.needs);
  return ok;
}
