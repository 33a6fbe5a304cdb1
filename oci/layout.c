#include "oci/layout.h"

#include "oci/base/temp-file.h"
#include "oci/base/text-hash.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define INDEX_FILE "index.json"
#define LAYOUT_FILE "oci-layout"

struct _OciLayout
{
  gboolean synced;
  char *path;  /* as given, for messages */
  char *label; /* (nullable): replaces @path in messages about images and blobs */
  OciFd root;
  OciUnpackLimits limits;
  OciFd blobs;          /* blobs/sha256 */
  GMutex mutex;         /* guards the members below */
  GHashTable *verified; /* of char *: identities of files whose content has been digested */
};

static gboolean
check_version (OciLayout *self, GError **error)
{
  g_autoptr (GBytes) raw = NULL;
  if (!oci_read_file (self->root, LAYOUT_FILE, 4096, &raw, error))
    return FALSE;
  OciJson root, member;
  const char *version;
  g_autoptr (OciJsonDocument) document =
      oci_json_parse (LAYOUT_FILE, raw, OCI_ERROR_FORMAT, &root, error);
  if (document == NULL)
    return FALSE;
  if (oci_json_object (&root, NULL) && oci_json_require (&root, "imageLayoutVersion", &member)
      && oci_json_string (&member, &version) && strcmp (version, "1.0.0") != 0)
    {
      g_autofree char *quoted = oci_quote (version);
      return oci_throw (error, OCI_ERROR_UNSUPPORTED,
                        "oci-layout: version %s, this build knows 1.0.0", quoted);
    }
  return oci_json_document_finish (document, error);
}

/* Whether the file exists; an empty one, which a loss of power may have left, only counts if
 * @empty_counts. Only ENOENT counts as missing, other errors are returned. */
static gboolean
find_file (OciLayout *self, const char *name, gboolean empty_counts, gboolean *out_there,
           GError **error)
{
  struct stat st;
  *out_there = fstatat (self->root, name, &st, 0) == 0;
  if (!*out_there && errno != ENOENT)
    return oci_throw_errno (error, "looking for %s", name);
  if (*out_there && !empty_counts && S_ISREG (st.st_mode) && st.st_size == 0)
    *out_there = FALSE;
  return TRUE;
}

static gboolean
create_missing (OciLayout *self, GError **error)
{
  gboolean index = FALSE, layout = FALSE;
  if (!oci_make_dirs (self->root, "blobs/sha256", 0755, error)
      || !find_file (self, LAYOUT_FILE, FALSE, &layout, error)
      || !find_file (self, INDEX_FILE, layout, &index, error))
    return FALSE;
  if (!index
      && !oci_replace_file_synced (self->root, INDEX_FILE, 0644, OCI_LAYOUT_EMPTY_INDEX,
                                   strlen (OCI_LAYOUT_EMPTY_INDEX), error))
    return FALSE;
  /* Written last, since its presence means that the other parts exist. */
  return layout
         || oci_replace_file_synced (self->root, LAYOUT_FILE, 0644, OCI_LAYOUT_VERSION,
                                     strlen (OCI_LAYOUT_VERSION), error);
}

OciLayout *
oci_layout_open (int dfd, const char *path, gboolean create, GError **error)
{
  OCI_PREFIX (error, "the image layout %s", path);
  g_autoptr (OciLayout) self = g_new0 (OciLayout, 1);
  self->path = g_strdup (path);
  self->root = self->blobs = -1;
  self->limits = OCI_UNPACK_LIMITS_DEFAULT;
  self->verified = g_hash_table_new_full (oci_text_hash, g_str_equal, g_free, NULL);
  g_mutex_init (&self->mutex);
  if (create && !oci_make_dirs (dfd, path, 0755, error))
    return NULL;
  if (!oci_open_dir (dfd, path, &self->root, error))
    return NULL;
  if (create && !create_missing (self, error))
    return NULL;
  if (!check_version (self, error)
      || !oci_open_dir (self->root, "blobs/sha256", &self->blobs, error))
    return NULL;
  return g_steal_pointer (&self);
}

void
oci_layout_free (OciLayout *self)
{
  if (self == NULL)
    return;
  oci_fd_close (self->root);
  oci_fd_close (self->blobs);
  g_hash_table_unref (self->verified);
  g_mutex_clear (&self->mutex);
  g_free (self->path);
  g_free (self->label);
  g_free (self);
}

void
oci_layout_set_unpack_limits (OciLayout *self, const OciUnpackLimits *limits)
{
  self->limits = *limits;
}

OciUnpackBudget
oci_layout_unpack_budget (const OciLayout *self)
{
  return (OciUnpackBudget){ .limits = self->limits };
}

int
oci_layout_dfd (const OciLayout *self)
{
  return self->root;
}

gboolean
oci_layout_find_blob (OciLayout *self, const OciDigest *digest, gboolean *out_found,
                      uint64_t *out_size, GError **error)
{
  OciDigestHex hex;
  struct stat st = { 0 };
  if (fstatat (self->blobs, oci_digest_hex (digest, hex), &st, AT_SYMLINK_NOFOLLOW) < 0
      && errno != ENOENT)
    return oci_throw_errno (error, "the blob sha256:%.12s… of %s", hex, oci_layout_label (self));
  *out_found = S_ISREG (st.st_mode);
  if (out_size != NULL)
    *out_size = (uint64_t) st.st_size;
  return TRUE;
}

gboolean
oci_layout_open_blob (OciLayout *self, const OciDescriptor *descriptor, OciFd *out_fd,
                      GError **error)
{
  OciDigestHex hex;
  struct stat st;
  OCI_PREFIX (error, "the blob sha256:%.12s… of %s", oci_digest_hex (&descriptor->digest, hex),
              oci_layout_label (self));
  g_auto (OciFd) fd = -1;
  if (!oci_open_file (self->blobs, hex, FALSE, &fd, &st, error))
    return FALSE;
  if ((uint64_t) st.st_size != descriptor->size)
    return oci_throw (error, OCI_ERROR_CORRUPT,
                      "has %jd bytes, its descriptor says %" G_GUINT64_FORMAT,
                      (intmax_t) st.st_size, descriptor->size);
  *out_fd = oci_fd_steal (&fd);
  return TRUE;
}

/* Identity that changes whenever the file does. */
static char *
blob_identity (const char *hex, const struct stat *st)
{
  return g_strdup_printf ("%s %ju %ju %jd %jd.%09ld %jd.%09ld", hex, (uintmax_t) st->st_dev,
                          (uintmax_t) st->st_ino, (intmax_t) st->st_size,
                          (intmax_t) st->st_mtim.tv_sec, st->st_mtim.tv_nsec,
                          (intmax_t) st->st_ctim.tv_sec, st->st_ctim.tv_nsec);
}

static void
add_verified (OciLayout *self, const char *hex, const struct stat *st)
{
  g_mutex_lock (&self->mutex);
  g_hash_table_add (self->verified, blob_identity (hex, st));
  g_mutex_unlock (&self->mutex);
}

void
oci_layout_note_verified (OciLayout *self, const OciDigest *digest)
{
  OciDigestHex hex;
  struct stat st;
  if (fstatat (self->blobs, oci_digest_hex (digest, hex), &st, AT_SYMLINK_NOFOLLOW) == 0)
    add_verified (self, hex, &st);
}

/* @fd: the blob, at its start, which is restored afterwards */
static gboolean
verify_content (OciLayout *self, const OciDescriptor *descriptor, int fd, GError **error)
{
  OciDigestHex hex;
  OciDigest actual;
  struct stat st;
  OCI_PREFIX (error, "the blob sha256:%.12s… of %s", oci_digest_hex (&descriptor->digest, hex),
              oci_layout_label (self));
  if (fstat (fd, &st) < 0)
    return oci_throw_errno (error, "reading its attributes");
  g_autofree char *identity = blob_identity (hex, &st);
  g_mutex_lock (&self->mutex);
  gboolean known = g_hash_table_contains (self->verified, identity);
  g_mutex_unlock (&self->mutex);
  if (known)
    return TRUE;
  if (!oci_digest_of_fd (fd, &actual, NULL, error))
    return FALSE;
  if (!oci_digest_equal (&actual, &descriptor->digest))
    return oci_throw (error, OCI_ERROR_CORRUPT, "is damaged: its content has another digest");
  if (lseek (fd, 0, SEEK_SET) < 0)
    return oci_throw_errno (error, "rewinding");
  add_verified (self, hex, &st);
  return TRUE;
}

gboolean
oci_layout_open_verified (OciLayout *self, const OciDescriptor *descriptor, OciFd *out_fd,
                          GError **error)
{
  g_auto (OciFd) fd = -1;
  if (!oci_layout_open_blob (self, descriptor, &fd, error)
      || !verify_content (self, descriptor, fd, error))
    return FALSE;
  *out_fd = oci_fd_steal (&fd);
  return TRUE;
}

gboolean
oci_layout_verify_blob (OciLayout *self, const OciDescriptor *descriptor, GError **error)
{
  g_auto (OciFd) fd = -1;
  return oci_layout_open_verified (self, descriptor, &fd, error);
}

GBytes *
oci_layout_read_blob (OciLayout *self, const OciDescriptor *descriptor, size_t max_bytes,
                      GError **error)
{
  OciDigestHex hex;
  OCI_PREFIX (error, "the blob sha256:%.12s… of %s", oci_digest_hex (&descriptor->digest, hex),
              oci_layout_label (self));
  g_autoptr (GBytes) data = NULL;
  if (!oci_read_file (self->blobs, hex, max_bytes, &data, error))
    return NULL;
  OciDigest actual = oci_digest_of_bytes (data);
  if (g_bytes_get_size (data) != descriptor->size
      || !oci_digest_equal (&actual, &descriptor->digest))
    {
      oci_throw (error, OCI_ERROR_CORRUPT, "does not match its descriptor");
      return NULL;
    }
  return g_steal_pointer (&data);
}

gboolean
oci_layout_put_blob (OciLayout *self, GBytes *data, OciDigest *out_digest, GError **error)
{
  size_t size = 0;
  const void *bytes = g_bytes_get_data (data, &size);
  g_autoptr (OciBlobWriter) writer = oci_blob_writer_new (self, error);
  return writer != NULL && oci_blob_writer_write (writer, bytes, size, error)
         && oci_blob_writer_finish (writer, NULL, out_digest, NULL, error);
}

gboolean
oci_layout_remove_blob (OciLayout *self, const OciDigest *digest, GError **error)
{
  OciDigestHex hex;
  return oci_remove_tree (self->blobs, oci_digest_hex (digest, hex), error);
}

gboolean
oci_layout_clear_place (OciLayout *self, const OciDigest *digest, GError **error)
{
  OciDigestHex hex;
  struct stat st;
  if (fstatat (self->blobs, oci_digest_hex (digest, hex), &st, AT_SYMLINK_NOFOLLOW) == 0
      && S_ISDIR (st.st_mode))
    return oci_remove_tree (self->blobs, hex, error);
  return TRUE; /* rename() replaces everything else */
}

gboolean
oci_layout_foreach_blob (OciLayout *self, OciLayoutBlobFunc func, gpointer data, GError **error)
{
  g_autoptr (GPtrArray) names = NULL;
  if (!oci_list_names (self->blobs, ".", FALSE, &names, error))
    {
      g_prefix_error (error, "the blobs of %s: ", oci_layout_label (self));
      return FALSE;
    }
  for (guint i = 0; i < names->len; i++)
    {
      OciDigest digest;
      uint64_t size = 0;
      gboolean found = FALSE;
      if (!oci_digest_parse_hex (names->pdata[i], &digest, NULL))
        continue;
      if (!oci_layout_find_blob (self, &digest, &found, &size, error))
        return FALSE;
      if (found)
        func (&digest, size, data);
    }
  return TRUE;
}

struct _OciBlobWriter
{
  OciLayout *layout; /* borrowed */
  OciTempFile file;
  OciDigester *digester;
  uint64_t size;
};

OciBlobWriter *
oci_blob_writer_new (OciLayout *layout, GError **error)
{
  g_autoptr (OciBlobWriter) self = g_new0 (OciBlobWriter, 1);
  self->layout = layout;
  self->file = (OciTempFile) OCI_TEMP_FILE_INIT;
  self->digester = oci_digester_new ();
  if (!oci_temp_file_open (&self->file, layout->blobs, error))
    return NULL;
  return g_steal_pointer (&self);
}

void
oci_blob_writer_free (OciBlobWriter *self)
{
  if (self == NULL)
    return;
  oci_temp_file_clear (&self->file);
  oci_digester_free (self->digester);
  g_free (self);
}

gboolean
oci_blob_writer_write (OciBlobWriter *self, const void *data, size_t len, GError **error)
{
  oci_digester_update (self->digester, data, len);
  self->size += len;
  if (oci_write_all (self->file.fd, data, len, error))
    return TRUE;
  g_prefix_error (error, "a blob of %s: ", oci_layout_label (self->layout));
  return FALSE;
}

gboolean
oci_blob_writer_finish (OciBlobWriter *self, const OciDigest *expected, OciDigest *out_digest,
                        uint64_t *out_size, GError **error)
{
  OciDigest digest = oci_digester_finish (self->digester);
  OciDigestHex hex, wanted;
  oci_digest_hex (&digest, hex);
  if (expected != NULL && !oci_digest_equal (&digest, expected))
    return oci_throw (error, OCI_ERROR_CORRUPT,
                      "the content has the digest sha256:%s, expected sha256:%s", hex,
                      oci_digest_hex (expected, wanted));
  if (!oci_layout_clear_place (self->layout, &digest, error)
      || !(self->layout->synced ? oci_temp_file_publish_synced : oci_temp_file_publish) (
          &self->file, self->layout->blobs, hex, 0644, error))
    return FALSE;
  oci_layout_note_verified (self->layout, &digest);
  if (out_digest != NULL)
    *out_digest = digest;
  if (out_size != NULL)
    *out_size = self->size;
  return TRUE;
}

void
oci_layout_set_synced (OciLayout *self, gboolean synced)
{
  self->synced = synced;
}

gboolean
oci_layout_sweep_temp_files (OciLayout *self, guint *removed, GError **error)
{
  return oci_temp_file_sweep (self->root, removed, error)
         && oci_temp_file_sweep (self->blobs, removed, error);
}

const char *
oci_layout_path (const OciLayout *self)
{
  return self->path;
}

void
oci_layout_set_label (OciLayout *self, const char *label)
{
  g_free (self->label);
  self->label = g_strdup (label);
}

const char *
oci_layout_label (const OciLayout *self)
{
  return self->label != NULL ? self->label : self->path;
}
