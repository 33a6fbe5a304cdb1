/* Features of the store's file system. */
#include "builder/doctor/rows.h"

#include "oci/base/error.h"
#include "oci/base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#define WANTED_BYTES (UINT64_C (2) * 1024 * 1024 * 1024)

/* Returns: (transfer full): the store, or the directory in which it would be made */
static char *
find_place (const char *store)
{
  char *path = g_canonicalize_filename (store, NULL);
  while (strcmp (path, "/") != 0 && access (path, F_OK) != 0)
    {
      char *parent = g_path_get_dirname (path);
      g_free (path);
      path = parent;
    }
  return path;
}

static void
look_for_directory (TerraneRound *round)
{
  const char *store = round->doctor->store;
  struct stat info;
  const char *owner = g_getenv ("TERRANE_STORE_OWNER");
  g_autofree char *place = find_place (store);
  g_autofree char *quoted = oci_quote (store);
  gboolean exists = stat (store, &info) == 0;
  if (exists && info.st_uid != geteuid () && (owner == NULL || owner[0] == '\0'))
    terrane_round_add (round, TERRANE_SYMPTOM_MISSING,
                       "another --store, or TERRANE_STORE_OWNER when that user is trusted",
                       "%s belongs to the user %u", quoted, (unsigned) info.st_uid);
  else if (access (place, W_OK | X_OK) == 0)
    terrane_round_add (round, TERRANE_SYMPTOM_OK, NULL, "%s%s", quoted,
                       exists ? "" : ", which the first build makes");
  else
    {
      g_autofree char *directory = oci_quote (place);
      terrane_round_add (
          round, TERRANE_SYMPTOM_MISSING,
          "another --store or TERRANE_STORE, or ask the owner for the right to write", "%s: %s: %s",
          quoted, directory, g_strerror (errno));
    }
}

/* Finds the first operation of the store that does not work there. */
static const char *
find_lack (int fd, int *out_errno)
{
  g_auto (OciFd) file = openat (fd, "file", O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
  const char *lack = NULL;
  if (file < 0)
    lack = "files";
  else if (fsetxattr (file, "user.terrane", "1", 1, 0) < 0)
    lack = "user extended attributes";
  else if (linkat (fd, "file", fd, "link", 0) < 0)
    lack = "hard links";
  else if (symlinkat ("file", fd, "symbolic") < 0)
    lack = "symbolic links";
  *out_errno = errno;
  return lack;
}

static void
look_for_features (TerraneRound *round)
{
  static const char other[] =
      "another --store or TERRANE_STORE, on a file system such as ext4, xfs or btrfs";
  g_autofree char *place = find_place (round->doctor->store);
  g_autofree char *path = g_build_filename (place, ".terrane-doctor-XXXXXX", NULL);
  g_auto (OciFd) fd = -1;
  g_autoptr (GError) error = NULL;
  int failure = 0;
  if (g_mkdtemp_full (path, 0700) == NULL || !oci_open_dir (AT_FDCWD, path, &fd, &error))
    {
      terrane_round_add (round, TERRANE_SYMPTOM_MISSING, other, "nothing can be written there: %s",
                         error != NULL ? error->message : g_strerror (errno));
      return;
    }
  const char *lack = find_lack (fd, &failure);
  g_auto (OciFd) unnamed = openat (fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  (void) oci_remove_tree (AT_FDCWD, path, NULL);
  if (lack != NULL)
    terrane_round_add (round, TERRANE_SYMPTOM_MISSING, other, "no %s: %s", lack,
                       g_strerror (failure));
  else
    terrane_round_add (round, TERRANE_SYMPTOM_OK, NULL, "user extended attributes, hard links%s",
                       unnamed >= 0 ? ", files without a name" : "");
}

static void
look_for_space (TerraneRound *round)
{
  struct statvfs info;
  g_autofree char *place = find_place (round->doctor->store);
  if (statvfs (place, &info) < 0)
    {
      terrane_round_add (round, TERRANE_SYMPTOM_LIMITED, NULL, "unknown: %s", g_strerror (errno));
      return;
    }
  uint64_t bytes = (uint64_t) info.f_bavail * info.f_frsize;
  g_autofree char *text = g_format_size (bytes);
  if (bytes >= WANTED_BYTES)
    terrane_round_add (round, TERRANE_SYMPTOM_OK, NULL, "%s free", text);
  else
    terrane_round_add (round, TERRANE_SYMPTOM_LIMITED, "terrane gc, or another --store",
                       "%s free, and an image with GDAL may need more than 2 GB", text);
}

const TerraneDoctorRow terrane_doctor_store_rows[] = {
  { "store", "directory", look_for_directory },
  { "store", "file-system", look_for_features },
  { "store", "space", look_for_space },
  { NULL, NULL, NULL },
};
