#include "builder/sandbox/sealed.h"

#include "oci/base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U /* Linux 6.3 */
#endif

/* Kernels without MFD_EXEC let every such file be executed. */
static gboolean
make_program (const char *name, OciFd *out_fd, GError **error)
{
  *out_fd = memfd_create (name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);
  if (*out_fd < 0 && errno == EINVAL)
    *out_fd = memfd_create (name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
  return *out_fd >= 0 || oci_throw_errno (error, "creating a program in memory");
}

static gboolean
seal (int fd, GError **error)
{
  return fcntl (fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) == 0
         || oci_throw_errno (error, "sealing a program in memory");
}

gboolean
terrane_sealed_new (const char *name, const void *bytes, size_t len, OciFd *out_fd, GError **error)
{
  g_auto (OciFd) fd = -1;
  if (!make_program (name, &fd, error) || !oci_write_all (fd, bytes, len, error)
      || !seal (fd, error))
    return FALSE;
  *out_fd = oci_fd_steal (&fd);
  return TRUE;
}

gboolean
terrane_sealed_copy (const char *name, const char *path, OciFd *out_fd, GError **error)
{
  g_auto (OciFd) fd = -1;
  g_auto (OciFd) source = open (path, O_RDONLY | O_CLOEXEC);
  if (source < 0)
    return oci_throw_errno (error, "opening %s", path);
  if (!make_program (name, &fd, error))
    return FALSE;
  ssize_t n;
  do
    n = sendfile (fd, source, NULL, G_MAXINT32);
  while (n > 0 || (n < 0 && errno == EINTR));
  if (n < 0)
    return oci_throw_errno (error, "copying %s", path);
  if (!seal (fd, error))
    return FALSE;
  *out_fd = oci_fd_steal (&fd);
  return TRUE;
}
