#include "builder/store/object.h"

#include "builder/store/elsewhere.h"

#include "oci/base/raw-name.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gunixinputstream.h>
#include <string.h>
#include <unistd.h>

enum
{
  READ_BYTES = 256 * 1024,
};

struct _TerraneObjectHasher
{
  OciDigester *digester;
};

static uint32_t
object_mode (const OciEntry *entry)
{
  return entry->type == OCI_ENTRY_SYMLINK ? (uint32_t) S_IFLNK | 0777
                                          : (uint32_t) S_IFREG | entry->mode;
}

static GVariant *
object_xattrs (const OciEntry *entry)
{
  return entry->xattrs != NULL
             ? g_variant_ref (entry->xattrs)
             : g_variant_ref_sink (g_variant_new_array (G_VARIANT_TYPE ("(ayay)"), NULL, 0));
}

/* The start of an object's content stream: a big-endian length, padding to eight bytes, and the
 * header (uuuusa(ayay)): uid, gid, mode, rdev (big-endian), symlink target, xattrs. */
static GBytes *
make_header (uint32_t uid, uint32_t gid, uint32_t mode, const char *target, GVariant *xattrs)
{
  g_autoptr (GVariant) header = g_variant_ref_sink (
      g_variant_new ("(uuuus@a(ayay))", GUINT32_TO_BE (uid), GUINT32_TO_BE (gid),
                     GUINT32_TO_BE (mode), 0U, target, xattrs));
  gsize size = g_variant_get_size (header);
  g_autofree guint8 *bytes = g_malloc0 (8 + size);
  guint32 size_be = GUINT32_TO_BE ((guint32) size);
  memcpy (bytes, &size_be, sizeof size_be);
  g_variant_store (header, bytes + 8);
  return g_bytes_new_take (g_steal_pointer (&bytes), 8 + size);
}

static GBytes *
object_header (const OciEntry *entry)
{
  g_autoptr (GVariant) xattrs = object_xattrs (entry);
  g_autofree char *target =
      oci_raw_name_to_text (entry->type == OCI_ENTRY_SYMLINK ? entry->target : "");
  return make_header (entry->uid, entry->gid, object_mode (entry), target, xattrs);
}

static TerraneObjectHasher *
hasher_new (GBytes *header)
{
  TerraneObjectHasher *self = g_new0 (TerraneObjectHasher, 1);
  self->digester = oci_digester_new ();
  oci_digester_update (self->digester, g_bytes_get_data (header, NULL), g_bytes_get_size (header));
  return self;
}

TerraneObjectHasher *
terrane_object_hasher_new (const OciEntry *entry)
{
  g_autoptr (GBytes) header = object_header (entry);
  return hasher_new (header);
}

TerraneObjectHasher *
terrane_object_hasher_new_for (GFileInfo *info, GVariant *xattrs)
{
  gboolean is_link = g_file_info_get_file_type (info) == G_FILE_TYPE_SYMBOLIC_LINK;
  g_autoptr (GBytes) header =
      make_header (g_file_info_get_attribute_uint32 (info, "unix::uid"),
                   g_file_info_get_attribute_uint32 (info, "unix::gid"),
                   g_file_info_get_attribute_uint32 (info, "unix::mode"),
                   is_link ? g_file_info_get_symlink_target (info) : "", xattrs);
  return hasher_new (header);
}

void
terrane_object_hasher_free (TerraneObjectHasher *self)
{
  if (self == NULL)
    return;
  oci_digester_free (self->digester);
  g_free (self);
}

void
terrane_object_hasher_update (TerraneObjectHasher *self, const void *data, size_t len)
{
  oci_digester_update (self->digester, data, len);
}

OciDigest
terrane_object_hasher_finish (TerraneObjectHasher *self)
{
  return oci_digester_finish (self->digester);
}

/* An object from a file, in the stream form that libostree takes. */
static gboolean
stream_from_fd (const OciEntry *entry, int fd, uint64_t size, GInputStream **out_stream,
                guint64 *out_length, GError **error)
{
  if (lseek (fd, 0, SEEK_SET) < 0)
    return oci_throw_errno (error, "rewinding a temporary file");
  g_autoptr (GInputStream) content = g_unix_input_stream_new (fd, FALSE);
  g_autoptr (GVariant) xattrs = object_xattrs (entry);
  g_autoptr (GFileInfo) info = g_file_info_new ();
  g_file_info_set_file_type (info, G_FILE_TYPE_REGULAR);
  g_file_info_set_size (info, (goffset) size);
  g_file_info_set_attribute_uint32 (info, "unix::uid", entry->uid);
  g_file_info_set_attribute_uint32 (info, "unix::gid", entry->gid);
  g_file_info_set_attribute_uint32 (info, "unix::mode", object_mode (entry));
  return ostree_raw_file_to_content_stream (content, info, xattrs, out_stream, out_length, NULL,
                                            error);
}

gboolean
terrane_object_write (TerraneStore *store, const OciEntry *entry, const OciDigest *digest,
                      GBytes *content, int fd, uint64_t size, gboolean *out_written, GError **error)
{
  OciDigestHex hex;
  gboolean exists = FALSE;
  OstreeRepo *repo = terrane_store_repo (store);
  oci_digest_hex (digest, hex);
  if (!ostree_repo_has_object (repo, OSTREE_OBJECT_TYPE_FILE, hex, &exists, NULL, error))
    return FALSE;
  *out_written = !exists;
  if (exists)
    return TRUE;

  g_autoptr (GInputStream) stream = NULL;
  guint64 length = 0;
  if (content == NULL && entry->type == OCI_ENTRY_FILE)
    {
      if (!stream_from_fd (entry, fd, size, &stream, &length, error))
        return FALSE;
    }
  else
    {
      g_autoptr (GBytes) header = object_header (entry);
      stream = g_memory_input_stream_new_from_bytes (header);
      length = g_bytes_get_size (header) + size;
      if (content != NULL)
        g_memory_input_stream_add_bytes (G_MEMORY_INPUT_STREAM (stream), content);
    }
  return ostree_repo_write_content_trusted (repo, hex, stream, length, NULL, error);
}

gboolean
terrane_object_open_unnoted (TerraneStore *store, const OciDigest *digest, OciFd *out_fd,
                             GError **error)
{
  OciDigestHex hex;
  oci_digest_hex (digest, hex);
  g_autofree char *path = g_strdup_printf ("repo/objects/%.2s/%s.file", hex, hex + 2);
  int dfd = terrane_store_dfd (store);
  g_autoptr (GError) local = NULL;
  gboolean brought = FALSE;
  if (oci_open_file (dfd, path, FALSE, out_fd, NULL, &local))
    return TRUE;
  if (g_error_matches (local, OCI_ERROR, OCI_ERROR_NOT_FOUND)
      && !terrane_elsewhere_bring (store, digest, &brought, error))
    return FALSE;
  if (brought && oci_open_file (dfd, path, FALSE, out_fd, NULL, error))
    return TRUE;
  if (!brought)
    g_propagate_error (error, g_steal_pointer (&local));
  g_prefix_error (error, "the store lacks a file object, see 'terrane fsck': ");
  return FALSE;
}

gboolean
terrane_object_open (TerraneStore *store, const OciDigest *digest, OciFd *out_fd, GError **error)
{
  terrane_reads_note_file (store, digest);
  return terrane_object_open_unnoted (store, digest, out_fd, error);
}

gboolean
terrane_object_read_start (TerraneStore *store, const OciDigest *digest, void *buffer, size_t len,
                           size_t *out_size, GError **error)
{
  g_auto (OciFd) fd = -1;
  if (terrane_elsewhere_start (store, digest, buffer, len, out_size))
    return TRUE;
  if (!terrane_object_open_unnoted (store, digest, &fd, error)
      || !oci_read_full (fd, buffer, len, out_size, error))
    return FALSE;
  terrane_reads_note_start (store, digest, buffer, *out_size);
  return TRUE;
}

gboolean
terrane_object_check (TerraneObjectHasher *hasher, const OciDigest *digest, GError **error)
{
  OciDigestHex hex;
  OciDigest actual = terrane_object_hasher_finish (hasher);
  if (oci_digest_equal (&actual, digest))
    return TRUE;
  return oci_throw (error, OCI_ERROR_CORRUPT,
                    "the object %.12s… of the store is damaged; " TERRANE_OBJECT_ADVICE,
                    oci_digest_hex (digest, hex));
}

gboolean
terrane_object_open_verified (TerraneStore *store, const TerraneNode *node, OciFd *out_fd,
                              GError **error)
{
  terrane_reads_note_file (store, &node->object);
  return terrane_object_open_verified_unnoted (store, node, out_fd, error);
}

gboolean
terrane_object_open_verified_unnoted (TerraneStore *store, const TerraneNode *node, OciFd *out_fd,
                                      GError **error)
{
  if (node->fresh)
    return terrane_object_open_unnoted (store, &node->object, out_fd, error);
  OciEntry entry = terrane_node_entry (node, node->name);
  g_autoptr (TerraneObjectHasher) hasher = terrane_object_hasher_new (&entry);
  g_autofree char *buffer = g_malloc (READ_BYTES);
  g_auto (OciFd) fd = -1;
  if (!terrane_object_open_unnoted (store, &node->object, &fd, error))
    return FALSE;
  for (size_t got = READ_BYTES; got == READ_BYTES;)
    {
      if (!oci_read_full (fd, buffer, READ_BYTES, &got, error))
        return FALSE;
      terrane_object_hasher_update (hasher, buffer, got);
    }
  if (!terrane_object_check (hasher, &node->object, error))
    return FALSE;
  if (lseek (fd, 0, SEEK_SET) < 0)
    return oci_throw_errno (error, "rewinding an object of the store");
  *out_fd = oci_fd_steal (&fd);
  return TRUE;
}
