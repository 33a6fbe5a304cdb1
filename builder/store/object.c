#include "builder/store/object.h"

#include "builder/store/elsewhere.h"
#include "builder/store/looked.h"
#include "builder/store/store-private.h"

#include "oci/base/raw-name.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
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

gboolean
terrane_object_hasher_read (TerraneObjectHasher *self, int fd, GError **error)
{
  g_autofree char *buffer = g_malloc (READ_BYTES);
  if (lseek (fd, 0, SEEK_SET) < 0)
    return oci_throw_errno (error, "rewinding a file");
  for (size_t got = READ_BYTES; got == READ_BYTES;)
    {
      if (!oci_read_full (fd, buffer, READ_BYTES, &got, error))
        return FALSE;
      terrane_object_hasher_update (self, buffer, got);
    }
  return TRUE;
}

OciDigest
terrane_object_hasher_finish (TerraneObjectHasher *self)
{
  return oci_digester_finish (self->digester);
}

static char *
object_path (const OciDigest *digest, const char *extension)
{
  OciDigestHex hex;
  oci_digest_hex (digest, hex);
  return g_strdup_printf ("repo/objects/%.2s/%s.%s", hex, hex + 2, extension);
}

static gboolean
exists (TerraneStore *store, const char *path, gboolean *out_exists, GError **error)
{
  struct stat st;
  return terrane_store_find_part (store, path, &st, out_exists, error);
}

/* Links the file where libostree looks for the object. A missing directory is created like
 * libostree does. */
static gboolean
publish (TerraneStore *store, OciTempFile *file, const char *path, mode_t mode, GError **error)
{
  int dfd = terrane_store_dfd (store);
  g_autoptr (GError) local = NULL;
  if (oci_temp_file_publish (file, dfd, path, mode, &local))
    return TRUE;
  g_autofree char *directory = g_path_get_dirname (path);
  if (!g_error_matches (local, OCI_ERROR, OCI_ERROR_NOT_FOUND))
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  if (mkdirat (dfd, directory, 0777) < 0 && errno != EEXIST)
    return oci_throw_errno (error, "making %s", directory);
  return oci_temp_file_publish (file, dfd, path, mode, error);
}

/* OSTREE_FILEMETA_GVARIANT_FORMAT, (uuua(ayay)): uid, gid, mode (big-endian), xattrs. An empty
 * array has no bytes. */
static gboolean
set_attributes (int fd, const OciEntry *entry, GError **error)
{
  const uint32_t plain[] = { GUINT32_TO_BE (entry->uid), GUINT32_TO_BE (entry->gid),
                             GUINT32_TO_BE (object_mode (entry)) };
  g_autoptr (GVariant) variant = NULL;
  const void *bytes = plain;
  size_t size = sizeof plain;
  if (entry->xattrs != NULL)
    {
      variant = g_variant_ref_sink (
          g_variant_new ("(uuu@a(ayay))", plain[0], plain[1], plain[2], entry->xattrs));
      bytes = g_variant_get_data (variant);
      size = g_variant_get_size (variant);
    }
  return fsetxattr (fd, "user.ostreemeta", bytes, size, 0) == 0
         || oci_throw_errno (error, "setting the extended attributes of an object");
}

/* Like libostree's mode bare-user: the time of all objects is 0, the file of a link holds its
 * target, and the file of a file has the harmless bits of its mode. */
static gboolean
finish (TerraneStore *store, const OciEntry *entry, OciTempFile *file, const char *path,
        GError **error)
{
  static const struct timespec times[] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = 0 } };
  mode_t mode = entry->type == OCI_ENTRY_SYMLINK ? 0644 : (entry->mode & 0775) | S_IRUSR;
  if (!set_attributes (file->fd, entry, error))
    return FALSE;
  if (futimens (file->fd, times) < 0)
    return oci_throw_errno (error, "setting the time of an object");
  return publish (store, file, path, mode, error);
}

static gboolean
copy (int from, int to, GError **error)
{
  g_autofree char *buffer = g_malloc (READ_BYTES);
  if (lseek (from, 0, SEEK_SET) < 0)
    return oci_throw_errno (error, "rewinding a file");
  for (size_t got = READ_BYTES; got == READ_BYTES;)
    if (!oci_read_full (from, buffer, READ_BYTES, &got, error)
        || !oci_write_all (to, buffer, got, error))
      return FALSE;
  return TRUE;
}

static gboolean
write_content (const OciEntry *entry, GBytes *content, int from, int to, GError **error)
{
  gsize size = 0;
  if (entry->type == OCI_ENTRY_SYMLINK)
    {
      g_autofree char *target = oci_raw_name_to_text (entry->target);
      return oci_write_all (to, target, strlen (target) + 1, error);
    }
  if (content == NULL)
    return copy (from, to, error);
  const void *bytes = g_bytes_get_data (content, &size);
  return size == 0 || oci_write_all (to, bytes, size, error);
}

gboolean
terrane_object_write (TerraneStore *store, const OciEntry *entry, const OciDigest *digest,
                      GBytes *content, int fd, gboolean *out_written, GError **error)
{
  g_auto (OciTempFile) file = OCI_TEMP_FILE_INIT;
  g_autofree char *path = object_path (digest, "file");
  gboolean there = FALSE;
  if (!exists (store, path, &there, error))
    return FALSE;
  *out_written = !there;
  return there
         || (oci_temp_file_open (&file, terrane_store_dfd (store), error)
             && write_content (entry, content, fd, file.fd, error)
             && finish (store, entry, &file, path, error));
}

gboolean
terrane_object_adopt (TerraneStore *store, const OciEntry *entry, const OciDigest *digest,
                      OciTempFile *file, gboolean *out_written, GError **error)
{
  g_autofree char *path = object_path (digest, "file");
  gboolean there = FALSE;
  if (!exists (store, path, &there, error))
    return FALSE;
  *out_written = !there;
  return there || finish (store, entry, file, path, error);
}

gboolean
terrane_object_write_metadata (TerraneStore *store, OstreeObjectType type, GVariant *variant,
                               const OciDigest *digest, GError **error)
{
  const void *bytes = g_variant_get_data (variant);
  gsize size = g_variant_get_size (variant);
  g_auto (OciTempFile) file = OCI_TEMP_FILE_INIT;
  g_autofree char *path = object_path (digest, ostree_object_type_to_string (type));
  gboolean there = FALSE;
  if (!exists (store, path, &there, error))
    return FALSE;
  return there
         || (oci_temp_file_open (&file, terrane_store_dfd (store), error)
             && oci_write_all (file.fd, bytes, size, error)
             && publish (store, &file, path, 0644, error));
}

gboolean
terrane_object_open_unnoted (TerraneStore *store, const OciDigest *digest, OciFd *out_fd,
                             GError **error)
{
  g_autofree char *path = object_path (digest, "file");
  int dfd = terrane_store_dfd (store);
  g_autoptr (GError) local = NULL;
  gboolean brought = FALSE, looked = FALSE;
  if (oci_open_file (dfd, path, FALSE, out_fd, NULL, &local))
    return TRUE;
  if (g_error_matches (local, OCI_ERROR, OCI_ERROR_NOT_FOUND)
      && (!terrane_looked_open (store, digest, out_fd, &looked, error) || looked))
    return looked;
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
  g_auto (OciFd) fd = -1;
  if (!terrane_object_open_unnoted (store, &node->object, &fd, error)
      || !terrane_object_hasher_read (hasher, fd, error))
    return FALSE;
  if (!terrane_object_check (hasher, &node->object, error))
    return FALSE;
  if (lseek (fd, 0, SEEK_SET) < 0)
    return oci_throw_errno (error, "rewinding an object of the store");
  *out_fd = oci_fd_steal (&fd);
  return TRUE;
}
