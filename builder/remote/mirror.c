#include "builder/remote/mirror.h"

#include "builder/remote/remote-private.h"

#include "oci/base/fd.h"
#include "oci/http/url.h"
#include "oci/registry/download.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum
{
  BUFFER_BYTES = 256 * 1024,
};

gboolean
terrane_remote_set_mirror (TerraneRemote *self, const char *path, GError **error)
{
  g_auto (OciFd) fd = -1;
  OCI_PREFIX (error, "--source-mirror");
  if (!oci_open_dir (AT_FDCWD, path, &fd, error))
    return FALSE;
  oci_fd_close (self->mirror_fd);
  self->mirror_fd = fd;
  fd = -1;
  g_free (self->mirror);
  self->mirror = g_strdup (path);
  return TRUE;
}

/* Returns -1 without an error if the file does not exist. The directory may contain anything:
 * opening a fifo must not block. */
static int
open_file (const TerraneRemote *self, const char *name, uint64_t *out_size, GError **error)
{
  struct stat st;
  g_auto (OciFd) fd = openat (self->mirror_fd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0 && errno == ENOENT)
    return -1;
  if (fd < 0 || fstat (fd, &st) < 0)
    (void) oci_throw_errno (error, "opening it");
  else if (!S_ISREG (st.st_mode))
    (void) oci_throw (error, OCI_ERROR_FORMAT, "it is not a file");
  else if ((uint64_t) st.st_size > OCI_DOWNLOAD_MAX_BYTES)
    (void) oci_throw (error, OCI_ERROR_LIMIT, "it has more than %" G_GUINT64_FORMAT " bytes",
                      OCI_DOWNLOAD_MAX_BYTES);
  else
    {
      *out_size = (uint64_t) st.st_size;
      return oci_fd_steal (&fd);
    }
  return -1;
}

static gboolean
copy (TerraneRemote *self, int fd, uint64_t size, const OciDigest *sha256, GError **error)
{
  g_autofree char *buffer = g_malloc (BUFFER_BYTES);
  g_autoptr (OciBlobWriter) writer =
      oci_blob_writer_new (terrane_store_downloads (self->store), error);
  for (uint64_t left = size; writer != NULL && left > 0;)
    {
      size_t n = 0;
      if (!oci_read_full (fd, buffer, (size_t) MIN (left, (uint64_t) BUFFER_BYTES), &n, error))
        return FALSE;
      if (n == 0)
        return oci_throw (error, OCI_ERROR_CORRUPT, "it became shorter while it was read");
      if (!oci_blob_writer_write (writer, buffer, n, error))
        return FALSE;
      left -= n;
    }
  return writer != NULL && oci_blob_writer_finish (writer, sha256, NULL, NULL, error);
}

gboolean
terrane_remote_take_mirrored (TerraneRemote *self, const OciDigest *sha256, gboolean *out_found,
                              GError **error)
{
  OciDigestHex hex;
  uint64_t size = 0;
  g_autoptr (GError) local = NULL;
  *out_found = FALSE;
  if (self->mirror == NULL)
    return TRUE;
  OCI_PREFIX (error, "--source-mirror: %s/%s", self->mirror, oci_digest_hex (sha256, hex));
  g_auto (OciFd) fd = open_file (self, hex, &size, &local);
  if (local != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  *out_found = fd >= 0;
  return fd < 0
         || (terrane_store_begin_write (self->store, error)
             && copy (self, fd, size, sha256, error));
}

char *
terrane_remote_describe_mirror (const TerraneRemote *self)
{
  g_autofree char *quoted = self->mirror != NULL ? oci_quote (self->mirror) : NULL;
  return quoted != NULL ? g_strdup_printf (", nor in the mirror %s", quoted) : g_strdup ("");
}
