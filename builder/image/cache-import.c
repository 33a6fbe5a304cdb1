#include "builder/image/cache-document.h"
#include "builder/image/cache-objects.h"
#include "builder/image/files.h"
#include "builder/store/cache-signature.h"
#include "builder/store/locations.h"
#include "builder/store/names.h"

#include "oci/archive-member.h"
#include "oci/base/text-hash.h"

#include <string.h>

typedef struct
{
  TerraneStore *store;
  const TerraneCacheOptions *options;
  GBytes *raw; /* (nullable): bytes of the document */
  TerraneCacheDocument *document;
  gboolean is_signed;  /* with the key of the options */
  GHashTable *arrived; /* paths of blobs */
} Import;

static gboolean
take_document (Import *self, OciArchiveReader *reader, const OciEntry *entry, GError **error)
{
  if (strcmp (entry->path, TERRANE_CACHE_DOCUMENT) != 0 || entry->type != OCI_ENTRY_FILE)
    return oci_throw (
        error, OCI_ERROR_FORMAT,
        "is not a cache: 'terrane cache export' begins its files with " TERRANE_CACHE_DOCUMENT);
  self->raw = oci_archive_read_member (reader, entry->size, error);
  self->document = self->raw != NULL ? terrane_cache_document_parse (self->raw, error) : NULL;
  return self->document != NULL;
}

static gboolean
take_signature (Import *self, OciArchiveReader *reader, const OciEntry *entry, GError **error)
{
  g_autoptr (GBytes) found = oci_archive_read_member (reader, entry->size, error);
  if (found == NULL)
    return FALSE;
  if (self->options->key == NULL)
    return TRUE;
  gsize size = 0;
  const char *signature = g_bytes_get_data (found, &size);
  self->is_signed = terrane_cache_is_signed (self->raw, self->options->key, signature, size);
  return self->is_signed
         || oci_throw (error, OCI_ERROR_DENIED, "is signed with another TERRANE_CACHE_KEY");
}

static gboolean
take_blob (Import *self, OciArchiveReader *reader, const OciEntry *entry, OciLayout *layout,
           const char *place, const GPtrArray *list, GError **error)
{
  OciDigest digest;
  if (!oci_digest_parse_hex (entry->path + strlen (place), &digest, error))
    return FALSE;
  const OciDescriptor *blob = terrane_cache_document_find (list, &digest);
  if (blob == NULL || entry->type != OCI_ENTRY_FILE || entry->size != blob->size)
    return oci_throw (error, OCI_ERROR_CORRUPT, "is not what " TERRANE_CACHE_DOCUMENT " says");
  g_hash_table_add (self->arrived, g_strdup (entry->path));
  if (!oci_archive_import_member (reader, layout, &digest, NULL, NULL, error))
    return FALSE;
  oci_layout_note_verified (layout, &digest);
  terrane_progress_advance (self->options->progress, blob->size);
  return TRUE;
}

/* An attacker with write access to the file can write a signature, but not a valid one: it is
 * checked before anything is used. */
static gboolean
check_signed (const Import *self, GError **error)
{
  return self->options->key == NULL || self->is_signed
         || oci_throw (error, OCI_ERROR_DENIED,
                       "is not signed, and TERRANE_CACHE_KEY asks for it: export it with the same "
                       "key");
}

static gboolean
take_member (OciArchiveReader *reader, const OciEntry *entry, gpointer data, GError **error)
{
  Import *self = data;
  if (self->document == NULL)
    return take_document (self, reader, entry, error);
  if (strcmp (entry->path, TERRANE_CACHE_SIGNATURE) == 0)
    return take_signature (self, reader, entry, error);
  g_autofree char *quoted = oci_quote (entry->path);
  if (!check_signed (self, error))
    return FALSE;
  OCI_PREFIX (error, "%s", quoted);
  if (g_str_has_prefix (entry->path, TERRANE_CACHE_BLOBS))
    return take_blob (self, reader, entry, terrane_store_layout (self->store), TERRANE_CACHE_BLOBS,
                      self->document->blobs, error);
  if (g_str_has_prefix (entry->path, TERRANE_CACHE_DOWNLOADS))
    return take_blob (self, reader, entry, terrane_store_downloads (self->store),
                      TERRANE_CACHE_DOWNLOADS, self->document->downloads, error);
  return oci_throw (error, OCI_ERROR_FORMAT, "is not a part of a cache");
}

static gboolean
check_complete (const Import *self, GError **error)
{
  if (self->document == NULL)
    return oci_throw (error, OCI_ERROR_FORMAT, "is empty");
  if (!check_signed (self, error))
    return FALSE;
  guint expected = self->document->blobs->len + self->document->downloads->len;
  if (g_hash_table_size (self->arrived) == expected
      && terrane_cache_document_find (self->document->blobs, &self->document->rest->digest) != NULL)
    return TRUE;
  return oci_throw (error, OCI_ERROR_CORRUPT, "lacks blobs that " TERRANE_CACHE_DOCUMENT " names");
}

/* Unpacks the files of the image from its layers: verified bytes need no trust. The document says
 * which images are unpacked; all of them must be there. */
static gboolean
unpack (const Import *self, const TerraneCacheImage *image, GError **error)
{
  OciLayout *layout = terrane_store_layout (self->store);
  g_auto (TerraneImageFiles) files = { 0 };
  OCI_PREFIX (error, "the image %s", image->name);
  TerraneOpenImage open = { .layout = layout, .descriptor = image->manifest };
  gboolean ok = oci_image_read (layout, image->manifest, &open.manifest, &open.config, error)
                && (!image->unpack
                    || (oci_image_check_blobs (layout, image->manifest, error)
                        && terrane_image_files (self->store, &open, FALSE, self->options->jobs,
                                                self->options->progress, &files, error)));
  oci_manifest_free (open.manifest);
  oci_image_config_free (open.config);
  return ok;
}

static gboolean
has_name (OciLayout *layout, const char *name, gboolean *out_found, GError **error)
{
  g_autoptr (OciIndex) index = oci_layout_read_index (layout, error);
  if (index == NULL)
    return FALSE;
  *out_found = FALSE;
  for (guint i = 0; i < index->manifests->len; i++)
    if (g_strcmp0 (oci_descriptor_annotation (index->manifests->pdata[i], OCI_ANNOTATION_REF_NAME),
                   name)
        == 0)
      *out_found = TRUE;
  return TRUE;
}

/* A layer that is not here must be known to be elsewhere, by one of the other entries: an image
 * without it would be damaged. */
static gboolean
name_image (const Import *self, const TerraneCacheImage *image, GPtrArray *names, GError **error)
{
  gboolean found = FALSE;
  g_autoptr (GError) local = NULL;
  if (!has_name (terrane_store_layout (self->store), image->name, &found, error))
    return FALSE;
  if (!found && !terrane_locations_check_image (self->store, image->manifest, &local))
    {
      g_message ("the image %s of the cache is not whole, and gets no name: %s; the next build "
                 "makes what it lacks",
                 image->name, local->message);
      return TRUE;
    }
  g_ptr_array_add (names, g_strdup (image->name));
  return found || terrane_name_set (self->store, image->name, image->manifest, error);
}

static gboolean
take_images (const Import *self, TerraneCacheReport *report, GError **error)
{
  const GPtrArray *images = self->document->images;
  for (guint i = 0; i < images->len; i++)
    if (!unpack (self, images->pdata[i], error))
      return FALSE;
  terrane_progress_phase (self->options->progress, 0, "taking what the layers do not give");
  if (!terrane_cache_rest_read (self->store, self->document->rest, self->options, report, error))
    return FALSE;
  for (guint i = 0; i < images->len; i++)
    if (!name_image (self, images->pdata[i], report->images, error))
      return FALSE;
  return TRUE;
}

static gboolean
import (Import *self, const char *path, TerraneCacheReport *report, GError **error)
{
  terrane_progress_phase (self->options->progress, 0, "reading %s", path);
  if (!terrane_store_begin_write (self->store, error)
      || !oci_archive_foreach (path, NULL, terrane_store_layout (self->store), take_member, self,
                               error)
      || !check_complete (self, error) || !take_images (self, report, error))
    return FALSE;
  report->blobs = self->document->blobs->len;
  report->downloads = self->document->downloads->len;
  return TRUE;
}

gboolean
terrane_cache_import (TerraneStore *store, const char *path, const TerraneCacheOptions *options,
                      TerraneCacheReport *out_report, GError **error)
{
  OCI_PREFIX (error, "the cache %s", path);
  Import self = { .store = store, .options = options };
  self.arrived = g_hash_table_new_full (oci_text_hash, g_str_equal, g_free, NULL);
  out_report->images = g_ptr_array_new_with_free_func (g_free);
  gboolean ok = import (&self, path, out_report, error);
  g_clear_pointer (&self.raw, g_bytes_unref);
  g_clear_pointer (&self.document, terrane_cache_document_free);
  g_hash_table_unref (self.arrived);
  return ok;
}
