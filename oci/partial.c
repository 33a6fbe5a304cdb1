#include "oci/partial.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define PARTIAL_DIRECTORY "partial"

enum
{
  READ_BYTES = 256 * 1024,
  OPEN_ATTEMPTS = 8,
};

struct _OciPartial
{
  OciLayout *layout; /* borrowed */
  OciDigest digest;
  gboolean sized;
  uint64_t limit; /* its size when @sized */
  OciFd directory;
  OciFd fd;
  char *name;      /* in @directory */
  gboolean shared; /* the name is the digest, so that a later attempt can find it */
  uint64_t size;
  OciDigester *digester; /* of the @size bytes */
};

static gboolean
fail (const OciPartial *self, GError **error, const char *doing)
{
  OciDigestHex hex;
  return oci_throw_errno (error, "%s the partial blob sha256:%.12s…", doing,
                          oci_digest_hex (&self->digest, hex));
}

/* Whether the name still refers to the open file: another process may have published it
 * meanwhile. */
static gboolean
is_current (const OciPartial *self)
{
  struct stat opened, named;
  return fstat (self->fd, &opened) == 0
         && fstatat (self->directory, self->name, &named, AT_SYMLINK_NOFOLLOW) == 0
         && opened.st_ino == named.st_ino && opened.st_dev == named.st_dev;
}

/* Opens the file that attempts share and locks it. *@out_locked: whether no other process has the
 * lock. */
static gboolean
open_shared (OciPartial *self, gboolean *out_locked, GError **error)
{
  OciDigestHex hex;
  self->name = g_strdup (oci_digest_hex (&self->digest, hex));
  *out_locked = FALSE;
  for (int i = 0; i < OPEN_ATTEMPTS && !*out_locked; i++)
    {
      oci_fd_close (self->fd);
      self->fd =
          openat (self->directory, self->name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
      if (self->fd < 0)
        return fail (self, error, "creating");
      if (flock (self->fd, LOCK_EX | LOCK_NB) < 0)
        {
          if (errno == EWOULDBLOCK)
            return TRUE;
          fail (self, error, "locking");
          g_clear_pointer (&self->name, g_free); /* it may belong to another process */
          return FALSE;
        }
      *out_locked = is_current (self);
    }
  return TRUE;
}

static gboolean
open_own (OciPartial *self, GError **error)
{
  oci_fd_close (self->fd);
  g_free (self->name);
  self->name = g_strdup_printf (".tmp-%08x%08x", g_random_int (), g_random_int ());
  self->fd = openat (self->directory, self->name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  return self->fd >= 0 || fail (self, error, "creating");
}

/* Digests what an earlier attempt left. */
static gboolean
read_rest (OciPartial *self, GError **error)
{
  g_autofree char *buffer = g_malloc (READ_BYTES);
  for (size_t got = READ_BYTES; got == READ_BYTES;)
    {
      if (!oci_read_full (self->fd, buffer, READ_BYTES, &got, error))
        return FALSE;
      oci_digester_update (self->digester, buffer, got);
      self->size += got;
    }
  return self->size <= self->limit || oci_partial_restart (self, error);
}

static OciPartial *
open_partial (OciLayout *layout, const OciDigest *digest, gboolean sized, uint64_t limit,
              GError **error)
{
  gboolean locked = FALSE;
  g_autoptr (OciPartial) self = g_new0 (OciPartial, 1);
  self->layout = layout;
  self->digest = *digest;
  self->sized = sized;
  self->limit = limit;
  self->directory = self->fd = -1;
  self->digester = oci_digester_new ();
  if (!oci_make_dirs (oci_layout_dfd (layout), PARTIAL_DIRECTORY, 0755, error)
      || !oci_open_dir (oci_layout_dfd (layout), PARTIAL_DIRECTORY, &self->directory, error)
      || !open_shared (self, &locked, error))
    return NULL;
  self->shared = locked;
  if (locked ? !read_rest (self, error) : !open_own (self, error))
    return NULL;
  return g_steal_pointer (&self);
}

OciPartial *
oci_partial_open (OciLayout *layout, const OciDescriptor *blob, GError **error)
{
  return open_partial (layout, &blob->digest, TRUE, blob->size, error);
}

OciPartial *
oci_partial_open_unsized (OciLayout *layout, const OciDigest *digest, uint64_t max_bytes,
                          GError **error)
{
  return open_partial (layout, digest, FALSE, max_bytes, error);
}

void
oci_partial_free (OciPartial *self)
{
  if (self == NULL)
    return;
  /* The lock is released with the descriptor, so no other process can have the name before it is
   * removed. */
  if (self->fd >= 0 && self->name != NULL && (!self->shared || self->size == 0))
    (void) unlinkat (self->directory, self->name, 0); /* gc removes a leftover */
  oci_fd_close (self->fd);
  oci_fd_close (self->directory);
  oci_digester_free (self->digester);
  g_free (self->name);
  g_free (self);
}

uint64_t
oci_partial_size (const OciPartial *self)
{
  return self->size;
}

gboolean
oci_partial_write (OciPartial *self, const void *data, size_t len, GError **error)
{
  if (len > self->limit - self->size)
    return oci_throw (error, self->sized ? OCI_ERROR_CORRUPT : OCI_ERROR_LIMIT,
                      "more bytes arrive than the %" G_GUINT64_FORMAT " %s", self->limit,
                      self->sized ? "of the descriptor" : "that are allowed");
  if (!oci_write_all (self->fd, data, len, error))
    return FALSE;
  oci_digester_update (self->digester, data, len);
  self->size += len;
  return TRUE;
}

gboolean
oci_partial_restart (OciPartial *self, GError **error)
{
  if (ftruncate (self->fd, 0) < 0 || lseek (self->fd, 0, SEEK_SET) < 0)
    return fail (self, error, "emptying");
  (void) oci_digester_finish (self->digester); /* resets it */
  self->size = 0;
  return TRUE;
}

/* Sets @error: the received content is not the requested one. */
static gboolean
fail_content (const OciPartial *self, uint64_t size, const OciDigest *digest, GError **error)
{
  OciDigestHex hex, wanted;
  g_autofree char *expected_size =
      self->sized ? g_strdup_printf ("%" G_GUINT64_FORMAT " bytes and ", self->limit)
                  : g_strdup ("");
  return oci_throw (error, OCI_ERROR_CORRUPT,
                    "the content has %" G_GUINT64_FORMAT " bytes and the digest sha256:%s, "
                    "expected %ssha256:%s",
                    size, oci_digest_hex (digest, hex), expected_size,
                    oci_digest_hex (&self->digest, wanted));
}

gboolean
oci_partial_finish (OciPartial *self, GError **error)
{
  OciDigestHex wanted;
  uint64_t size = self->size;
  OciDigest digest = oci_digester_finish (self->digester);
  oci_digest_hex (&self->digest, wanted);
  if ((self->sized && size != self->limit) || !oci_digest_equal (&digest, &self->digest))
    return oci_partial_restart (self, error) && fail_content (self, size, &digest, error);
  g_autofree char *path = g_strconcat ("blobs/sha256/", wanted, NULL);
  if (!oci_layout_clear_place (self->layout, &self->digest, error))
    return FALSE;
  if (fchmod (self->fd, 0644) < 0
      || renameat (self->directory, self->name, oci_layout_dfd (self->layout), path) < 0)
    return fail (self, error, "publishing");
  oci_layout_note_verified (self->layout, &self->digest);
  g_clear_pointer (&self->name, g_free);
  return TRUE;
}

gboolean
oci_partial_remove_all (OciLayout *layout, GError **error)
{
  return oci_remove_tree (oci_layout_dfd (layout), PARTIAL_DIRECTORY, error);
}
