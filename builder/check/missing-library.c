#include "builder/check/missing-library.h"

#include "builder/facts/module-name.h"

#include "oci/base/text-hash.h"

#include <string.h>

typedef struct
{
  const TerranePythonDist *dist;
  char *path; /* as in RECORD */
} Absent;

struct _TerraneAbsentLibraries
{
  const TerranePython *python;
  GHashTable *absent; /* name of a file -> Absent */
};

static void
absent_free (gpointer data)
{
  Absent *self = data;
  g_free (self->path);
  g_free (self);
}

static const char *
base_name (const char *path)
{
  const char *slash = strrchr (path, '/');
  return slash != NULL ? slash + 1 : path;
}

static gboolean
read_dist (TerraneAbsentLibraries *self, const TerraneImageView *view,
           const TerranePythonDist *dist, GError **error)
{
  g_autoptr (GPtrArray) paths = NULL;
  if (!terrane_python_dist_absent_files (dist, view, &paths, error))
    return FALSE;
  for (guint i = 0; paths != NULL && i < paths->len; i++)
    {
      const char *name = base_name (paths->pdata[i]);
      if (strstr (name, ".so") == NULL || g_hash_table_contains (self->absent, name))
        continue;
      Absent *absent = g_new0 (Absent, 1);
      *absent = (Absent){ dist, g_strdup (paths->pdata[i]) };
      g_hash_table_insert (self->absent, g_strdup (name), absent);
    }
  return TRUE;
}

TerraneAbsentLibraries *
terrane_absent_libraries_new (const TerraneImageView *view, const TerranePython *python,
                              GError **error)
{
  g_autoptr (TerraneAbsentLibraries) self = g_new0 (TerraneAbsentLibraries, 1);
  self->python = python;
  self->absent = g_hash_table_new_full (oci_text_hash, g_str_equal, g_free, absent_free);
  for (guint i = 0; python->dists != NULL && i < python->dists->len; i++)
    if (!read_dist (self, view, python->dists->pdata[i], error))
      return NULL;
  return g_steal_pointer (&self);
}

void
terrane_absent_libraries_free (TerraneAbsentLibraries *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->absent);
  g_free (self);
}

/* Libraries that wheels must not contain, because manylinux expects them in the system, and those
 * of compilers; with the packages that contain them. */
static const struct
{
  const char *stem;
  const char *debian; /* of Debian 11 and later */
  const char *amazon; /* of Amazon Linux 2023 */
} system_libraries[] = {
  { "libexpat.", "libexpat1", "expat" },
  { "libz.", "zlib1g", "zlib" },
  { "libGL.", "libgl1", "libglvnd-glx" },
  { "libX11.", "libx11-6", "libX11" },
  { "libXext.", "libxext6", "libXext" },
  { "libXrender.", "libxrender1", "libXrender" },
  { "libSM.", "libsm6", "libSM" },
  { "libICE.", "libice6", "libICE" },
  { "libglib-2.0.", "libglib2.0-0 (since Debian 13 libglib2.0-0t64)", "glib2" },
  { "libgobject-2.0.", "libglib2.0-0 (since Debian 13 libglib2.0-0t64)", "glib2" },
  { "libgthread-2.0.", "libglib2.0-0 (since Debian 13 libglib2.0-0t64)", "glib2" },
  { "libatomic.", "libatomic1", "libatomic" },
  { "libgomp.", "libgomp1", "libgomp" },
  { "libstdc++.", "libstdc++6", "libstdc++" },
  { "libgcc_s.", "libgcc-s1", "libgcc" },
  { "libgfortran.", "libgfortran5", "libgfortran" },
  { "libquadmath.", "libquadmath0", "libquadmath" },
  { "libcrypt.so.1", "libcrypt1", "libxcrypt-compat" },
  { "libanl.", "libc6", "glibc" },
  { "libnsl.so.1", "libc6", "libnsl" },
  { "libnsl.so.2", "libnsl2", "libnsl2" },
  { "libutil.", "libc6", "glibc" },
};

/* Returns: (transfer full) (nullable): "libexpat1 of Debian, expat of Amazon Linux" */
static char *
find_packages (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (system_libraries); i++)
    if (g_str_has_prefix (name, system_libraries[i].stem))
      return g_strdup_printf ("%s of Debian, %s of Amazon Linux 2023", system_libraries[i].debian,
                              system_libraries[i].amazon);
  return NULL;
}

static char *
fix_absent (const Absent *absent)
{
  g_autofree char *dist = oci_quote (absent->dist->name), *path = oci_quote (absent->path);
  return g_strdup_printf ("install %s whole: its RECORD has %s, which is not in the image", dist,
                          path);
}

/* OpenCV's wheels for servers draw no windows, and need no library of the system for it. */
static char *
fix_opencv (const TerraneAbsentLibraries *self, const TerraneLoaded *loader, const char *name)
{
  static const char *const wheels[] = { "opencv-contrib-python", "opencv-python", NULL };
  static const char *const needs[] = { "libGL",   "libEGL", "libgthread-", "libglib-", "libSM.",
                                       "libICE.", "libX",   "libxcb",      NULL };
  gboolean wanted = FALSE, opencv = FALSE;
  const char *wheel = NULL;
  for (const char *const *need = needs; *need != NULL; need++)
    wanted = wanted || g_str_has_prefix (name, *need);
  for (const TerraneLoaded *file = loader; file != NULL; file = file->loader)
    opencv = opencv || strstr (file->entry->path, "/cv2/") != NULL
             || strstr (file->entry->path, "/opencv_python.libs/") != NULL
             || strstr (file->entry->path, "/opencv_contrib_python.libs/") != NULL;
  if (!wanted || !opencv)
    return NULL;
  for (const char *const *each = wheels; wheel == NULL && *each != NULL; each++)
    wheel = terrane_python_find (self->python, *each) != NULL ? *each : NULL;
  wheel = wheel != NULL ? wheel : "opencv-python";
  g_autofree char *packages = find_packages (name);
  return g_strdup_printf ("take the wheel %s-headless instead of %s: it draws no windows and does "
                          "not need this%s%s",
                          wheel, wheel, packages != NULL ? "; or add " : "",
                          packages != NULL ? packages : "");
}

char *
terrane_missing_library_fix (const TerraneAbsentLibraries *self, const TerraneLoaded *loader,
                             const char *name)
{
  const Absent *absent = g_hash_table_lookup (self->absent, base_name (name));
  if (absent != NULL)
    return fix_absent (absent);
  if (g_str_has_prefix (name, "libc.musl-"))
    return g_strdup ("it is built for musl, the C library of Alpine: take the wheel for manylinux, "
                     "or a build for the base's glibc");
  if (g_str_has_prefix (name, "ld-linux"))
    return g_strdup ("it is built for glibc: take the wheel for musllinux, or a base with glibc");
  if (terrane_module_is_grafted (name))
    return g_strdup ("its wheel brings it, in the directory NAME.libs beside the package: install "
                     "the wheel whole");
  return fix_opencv (self, loader, name);
}

char *
terrane_missing_library_package (const char *name)
{
  g_autofree char *quoted = oci_quote (name), *packages = find_packages (name);
  return packages != NULL
             ? g_strdup_printf ("wheels may expect %s of the system: add the package that has it, "
                                "%s, to the base or to a tree",
                                quoted, packages)
             : g_strdup_printf ("add the package that has %s to the base or to a tree", quoted);
}
