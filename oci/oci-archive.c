#include "oci/oci-archive.h"

#include "oci/archive-file.h"
#include "oci/archive-member.h"
#include "oci/base/text-hash.h"
#include "oci/image.h"

#include <string.h>

typedef struct
{
  OciLayout *layout;
  GBytes *index;
} OciImport;

static gboolean
take_oci_member (OciArchiveReader *reader, const OciEntry *entry, gpointer data, GError **error)
{
  OCI_PREFIX (error, "%s", entry->path);
  OciImport *self = data;
  OciDigest expected;
  if (entry->type != OCI_ENTRY_FILE)
    return TRUE;
  if (strcmp (entry->path, "index.json") == 0)
    {
      g_clear_pointer (&self->index, g_bytes_unref);
      self->index = oci_archive_read_member (reader, entry->size, error);
      return self->index != NULL;
    }
  if (!g_str_has_prefix (entry->path, "blobs/sha256/"))
    return TRUE;
  return oci_digest_parse_hex (entry->path + strlen ("blobs/sha256/"), &expected, error)
         && oci_archive_import_member (reader, self->layout, &expected, NULL, NULL, error);
}

OciDescriptor *
oci_archive_import (const char *path, const OciDigest *file, const char *name,
                    const OciPlatform *platform, OciLayout *layout, GError **error)
{
  OciImport import = { .layout = layout };
  gboolean ok = oci_archive_foreach (path, file, layout, take_oci_member, &import, error);
  g_autoptr (GBytes) raw = import.index;
  if (!ok)
    return NULL;
  OCI_PREFIX (error, "%s", path);
  if (raw == NULL)
    {
      oci_throw (error, OCI_ERROR_FORMAT, "no OCI archive: it has no index.json");
      return NULL;
    }
  g_autoptr (OciIndex) index = oci_index_parse ("index.json", raw, error);
  if (index == NULL)
    return NULL;
  const OciDescriptor *named = oci_index_find (index, name, platform, error);
  if (named == NULL)
    return NULL;
  g_autoptr (OciDescriptor) manifest =
      oci_image_find_manifest (layout, named, platform, NULL, NULL, error);
  if (manifest == NULL || !oci_image_check_blobs (layout, manifest, error)
      || !oci_image_read_checked (layout, manifest, NULL, error))
    return NULL;
  return g_steal_pointer (&manifest);
}

/* @seen: (nullable): blobs that are already in the archive */
static gboolean
add_blob (OciArchiveFile *file, OciLayout *layout, const OciDescriptor *blob, GHashTable *seen,
          GError **error)
{
  OciDigestHex hex;
  if (seen != NULL && !g_hash_table_add (seen, g_strdup (oci_digest_hex (&blob->digest, hex))))
    return TRUE;
  g_autofree char *path = g_strdup_printf ("blobs/sha256/%s", oci_digest_hex (&blob->digest, hex));
  return oci_archive_file_add_blob (file, path, layout, blob, error);
}

static gboolean
add_blobs (OciArchiveFile *file, OciLayout *layout, const OciDescriptor *descriptor,
           GHashTable *seen, GError **error)
{
  g_autoptr (OciManifest) manifest = NULL;
  if (!oci_image_read_checked (layout, descriptor, &manifest, error)
      || !add_blob (file, layout, descriptor, seen, error)
      || !add_blob (file, layout, manifest->config, seen, error))
    return FALSE;
  for (guint i = 0; i < manifest->layers->len; i++)
    if (!add_blob (file, layout, manifest->layers->pdata[i], seen, error))
      return FALSE;
  return TRUE;
}

static GBytes *
make_index (const OciDescriptor *descriptor, const char *name)
{
  g_autoptr (OciJsonValue) root = json_object ();
  g_autoptr (OciDescriptor) named = oci_descriptor_copy (descriptor);
  oci_descriptor_annotate (named, OCI_ANNOTATION_REF_NAME, name);
  oci_json_set (root, "schemaVersion", json_integer (2));
  oci_json_set (root, "mediaType", oci_json_text (OCI_MEDIA_TYPE_INDEX));
  json_t *manifests = json_array ();
  oci_json_append (manifests, oci_descriptor_to_json (named));
  oci_json_set (root, "manifests", manifests);
  return oci_json_dump (root);
}

/* Images may share blobs, which are written once. */
static gboolean
add_images (OciArchiveFile *file, OciLayout *layout, const OciImageIndex *images, GError **error)
{
  OciDigestHex hex;
  g_autoptr (GHashTable) seen = g_hash_table_new_full (oci_text_hash, g_str_equal, g_free, NULL);
  g_autofree char *path =
      g_strdup_printf ("blobs/sha256/%s", oci_digest_hex (&images->descriptor->digest, hex));
  if (!oci_archive_file_add (file, path, images->raw, error))
    return FALSE;
  for (guint i = 0; i < images->manifests->len; i++)
    if (!add_blobs (file, layout, images->manifests->pdata[i], seen, error))
      return FALSE;
  return TRUE;
}

static gboolean export(OciLayout *layout, const OciDescriptor *manifest,
                       const OciImageIndex *images, const char *name, const char *path,
                       GError **error)
{
  OCI_PREFIX (error, "oci-archive:%s", path);
  g_autoptr (GBytes) version = g_bytes_new_static (OCI_LAYOUT_VERSION, strlen (OCI_LAYOUT_VERSION));
  g_autoptr (GBytes) index = make_index (manifest, name);
  g_autoptr (OciArchiveFile) file = oci_archive_file_new (path, error);
  return file != NULL && oci_archive_file_add (file, "oci-layout", version, error)
         && oci_archive_file_add (file, "index.json", index, error)
         && oci_archive_file_add_directory (file, "blobs", error)
         && oci_archive_file_add_directory (file, "blobs/sha256", error)
         && (images != NULL ? add_images (file, layout, images, error)
                            : add_blobs (file, layout, manifest, NULL, error))
         && oci_archive_file_finish (file, error);
}

gboolean
oci_archive_export (OciLayout *layout, const OciDescriptor *manifest, const char *name,
                    const char *path, GError **error)
{
  return export(layout, manifest, NULL, name, path, error);
}

gboolean
oci_archive_export_index (OciLayout *layout, const OciImageIndex *index, const char *name,
                          const char *path, GError **error)
{
  return export(layout, index->descriptor, index, name, path, error);
}
