#include "builder/sandbox/stdio.h"

#include "oci/base/error.h"

#include <sys/stat.h>

gboolean
terrane_stdio_check (const int *stdio, GError **error)
{
  static const char *const names[] = { "input", "output", "error output" };
  for (size_t i = 0; stdio != NULL && i < G_N_ELEMENTS (names); i++)
    {
      struct stat info;
      if (fstat (stdio[i], &info) < 0)
        return oci_throw_errno (error, "the standard %s", names[i]);
      if (S_ISDIR (info.st_mode))
        return oci_throw (error, OCI_ERROR_USAGE,
                          "the standard %s is a directory, by which a program could leave the "
                          "sandbox",
                          names[i]);
    }
  return TRUE;
}
