#include "builder/validation/explain.h"

#include "builder/sandbox/root-path.h"
#include "builder/sandbox/sandbox.h"

#include "oci/base/architecture.h"
#include "oci/base/error.h"
#include "oci/base/fd.h"

#include <elf.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum
{
  MAX_DIRECTORIES = 100, /* of those that a process names */
  MAX_ENTRIES = 500000,  /* looked at in a search through the image */
  MAX_DEPTH = 40,
};

static const char *
lookup_env (const TerraneExplainContext *context, const char *name)
{
  size_t len = strlen (name);
  for (const char *const *env = context->env; env != NULL && *env != NULL; env++)
    if (strncmp (*env, name, len) == 0 && (*env)[len] == '=')
      return *env + len + 1;
  return NULL;
}

/* Returns the text between @before and @after; NULL if they are missing. */
static char *
between (const char *text, const char *before, const char *after)
{
  const char *start = strstr (text, before);
  if (start == NULL)
    return NULL;
  start += strlen (before);
  const char *end = strstr (start, after);
  return end != NULL && end - start < PATH_MAX ? g_strndup (start, (gsize) (end - start)) : NULL;
}

/* Finds an extension module of @stem in @directory that is for another Python. */
static char *
find_foreign_module (const TerraneExplainContext *context, const char *directory, const char *stem)
{
  g_auto (OciFd) fd = terrane_root_path_open (context->root, directory, O_RDONLY | O_DIRECTORY);
  g_autofree char *prefix = g_strconcat (stem, ".", NULL);
  g_autoptr (GPtrArray) names = NULL;
  if (fd < 0 || !oci_list_names (fd, ".", FALSE, &names, NULL))
    return NULL;
  for (guint i = 0; i < names->len; i++)
    if (g_str_has_prefix (names->pdata[i], prefix)
        && (g_str_has_suffix (names->pdata[i], ".so")
            || g_str_has_suffix (names->pdata[i], ".pyd")))
      return g_strdup (names->pdata[i]);
  return NULL;
}

static gboolean
is_own_suffix (const json_t *facts, const char *file, const char *stem)
{
  size_t i;
  json_t *suffix;
  json_array_foreach (json_object_get (facts, "suffixes"), i,
                      suffix) if (g_strcmp0 (file + strlen (stem), json_string_value (suffix))
                                  == 0) return TRUE;
  return FALSE;
}

static char *
explain_module (const TerraneExplainContext *context, const char *text, const json_t *facts)
{
  g_autofree char *module = between (text, "No module named '", "'");
  const char *python = json_string_value (json_object_get (facts, "python"));
  if (module == NULL)
    return NULL;
  const char *dot = strrchr (module, '.');
  const char *stem = dot != NULL ? dot + 1 : module;
  g_autofree char *quoted = oci_quote (module);
  static const char *const keys[] = { "package_path", "sys_path" };
  for (size_t k = 0; k < G_N_ELEMENTS (keys); k++)
    {
      size_t i;
      json_t *path;
      json_array_foreach (json_object_get (facts, keys[k]), i, path)
      {
        const char *directory = json_string_value (path);
        if (directory == NULL || i >= MAX_DIRECTORIES || strchr (stem, '/') != NULL)
          continue;
        g_autofree char *file = find_foreign_module (context, directory, stem);
        if (file == NULL || is_own_suffix (facts, file, stem))
          continue;
        g_autofree char *where = oci_quote (directory);
        g_autofree char *name = oci_quote (file);
        g_autofree char *version = oci_quote (python != NULL ? python : "?");
        return g_strdup_printf ("%s is in %s as %s, which Python %s cannot load: it was built for "
                                "another Python or processor. Install a build for this one.",
                                quoted, where, name, version);
      }
    }
  return g_strdup_printf ("nothing along sys.path has %s: the package or that part of it is not in "
                          "the image",
                          quoted);
}

/* Looks for a file of that name everywhere. */
static char *
search (int directory, const char *prefix, const char *name, unsigned depth, unsigned *entries)
{
  char *found = NULL;
  g_autoptr (GPtrArray) names = NULL;
  if (!oci_list_names (directory, ".", FALSE, &names, NULL))
    return NULL;
  for (guint i = 0; found == NULL && i < names->len; i++)
    {
      struct stat info;
      const char *here = names->pdata[i];
      if (++*entries > MAX_ENTRIES || fstatat (directory, here, &info, AT_SYMLINK_NOFOLLOW) < 0)
        continue;
      g_autofree char *path = g_strconcat (prefix, "/", here, NULL);
      if (S_ISDIR (info.st_mode) && depth < MAX_DEPTH)
        {
          g_auto (OciFd) sub =
              openat (directory, here, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
          if (sub >= 0)
            found = search (sub, path, name, depth + 1, entries);
        }
      else if (strcmp (here, name) == 0)
        found = g_steal_pointer (&path);
    }
  return found;
}

static unsigned
machine_of (const TerraneExplainContext *context, const char *path)
{
  unsigned char header[EI_NIDENT + 4];
  g_auto (OciFd) fd = terrane_root_path_open (context->root, path, O_RDONLY);
  struct stat info;
  if (fd < 0 || fstat (fd, &info) < 0 || !S_ISREG (info.st_mode)
      || pread (fd, header, sizeof header, 0) != (ssize_t) sizeof header
      || memcmp (header, ELFMAG, SELFMAG) != 0)
    return EM_NONE;
  return header[18] | (unsigned) header[19] << 8;
}

static const char *
machine_name (unsigned machine)
{
  const OciArchitecture *architecture = oci_architecture_of_elf (machine);
  return architecture != NULL ? architecture->title : "another processor";
}

static char *
explain_library (const TerraneExplainContext *context, const char *text,
                 G_GNUC_UNUSED const json_t *facts)
{
  const char *marker = strstr (text, ": cannot open shared object file");
  const char *start = marker;
  unsigned entries = 0;
  while (start > text && strchr (" \n\"'(", start[-1]) == NULL && marker - start < PATH_MAX)
    start--;
  g_autofree char *library = g_strndup (start, (gsize) (marker - start));
  g_autofree char *name = g_path_get_basename (library);
  g_autofree char *quoted = oci_quote (name);
  g_autofree char *found = NULL;
  if (library[0] == '/' && machine_of (context, library) != EM_NONE)
    found = g_strdup (library);
  else
    found = search (context->root, "", name, 0, &entries);
  if (found == NULL)
    return g_strdup_printf (
        "the image has no file %s: add the package that has it, or rebuild what "
        "needs it for what the image has. ‘terrane check’ says who needs it.",
        quoted);
  const OciArchitecture *architecture = oci_architecture_find (context->architecture);
  unsigned own = architecture != NULL ? architecture->elf : EM_NONE;
  unsigned machine = machine_of (context, found);
  g_autofree char *path = oci_quote (found);
  if (machine != EM_NONE && own != EM_NONE && machine != own)
    return g_strdup_printf (
        "%s is there, for %s, and the image is for %s: ld.so says \"No such file\" "
        "of such a file. Install the build for this processor.",
        path, machine_name (machine), machine_name (own));
  return g_strdup_printf ("%s is there, but not where ld.so looks: see ‘terrane why IMAGE %s’. Set "
                          "LD_LIBRARY_PATH in config.env, or a RUNPATH in what needs it.",
                          path, name);
}

static char *
explain_certificates (const TerraneExplainContext *context, G_GNUC_UNUSED const char *text,
                      G_GNUC_UNUSED const json_t *facts)
{
  static const char *const names[] = { "CURL_CA_BUNDLE", "SSL_CERT_FILE", "GDAL_CURL_CA_BUNDLE" };
  static const char *const defaults[] = { "/etc/ssl/certs/ca-certificates.crt",
                                          "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem" };
  for (size_t i = 0; i < G_N_ELEMENTS (names); i++)
    {
      const char *path = lookup_env (context, names[i]);
      if (path == NULL)
        continue;
      g_auto (OciFd) fd = terrane_root_path_open (context->root, path, O_RDONLY);
      g_autofree char *quoted = oci_quote (path);
      if (fd < 0)
        return g_strdup_printf (
            "%s is %s, which the image does not have: every https request fails, "
            "and GDAL says only \"HTTP response code: 0\". Unset it, or install "
            "ca-certificates.",
            names[i], quoted);
    }
  for (size_t i = 0; i < G_N_ELEMENTS (defaults); i++)
    {
      g_auto (OciFd) fd = terrane_root_path_open (context->root, defaults[i], O_RDONLY);
      if (fd >= 0)
        return g_strdup_printf (
            "no answer came over https. The image has a CA bundle, %s; libcurl may "
            "look for it elsewhere: set CURL_CA_BUNDLE to it.",
            defaults[i]);
    }
  return g_strdup (
      "the image has no CA bundle: every https request fails, and GDAL says only \"HTTP "
      "response code: 0\". Install ca-certificates, or certifi and set CURL_CA_BUNDLE to "
      "its cacert.pem.");
}

static char *
explain_proj_db (const TerraneExplainContext *context, G_GNUC_UNUSED const char *text,
                 G_GNUC_UNUSED const json_t *facts)
{
  static const char *const names[] = { "PROJ_DATA", "PROJ_LIB" };
  for (size_t i = 0; i < G_N_ELEMENTS (names); i++)
    {
      const char *directory = lookup_env (context, names[i]);
      if (directory == NULL)
        continue;
      struct stat info;
      g_autofree char *path = g_strconcat (directory, "/proj.db", NULL);
      g_autofree char *quoted = oci_quote (path);
      g_auto (OciFd) fd = terrane_root_path_open (context->root, path, O_PATH);
      if (fd < 0)
        return g_strdup_printf (
            "%s leads to %s, which the image does not have. Unset it for wheels, "
            "which bring their own; else put proj.db there.",
            names[i], quoted);
      if (fstat (fd, &info) == 0 && (info.st_mode & S_IROTH) == 0)
        return g_strdup_printf (
            "%s has mode %04o: Lambda's user cannot read it, and PROJ says \"Cannot "
            "find proj.db\". Normalise modes, or make it 0644.",
            quoted, info.st_mode & 07777);
    }
  return g_strdup (
      "no proj.db where PROJ looks: PROJ_DATA, PROJ_LIB, and the place it was built for. "
      "Set PROJ_DATA and PROJ_LIB to the directory that has it.");
}

/* "my-name" and "My.Name" are one project. */
static char *
normalise (const char *name, size_t len)
{
  g_autofree char *lower = g_ascii_strdown (name, (gssize) len);
  return g_strdup (g_strdelimit (lower, "-.", '_'));
}

/* The metadata of installed packages in a directory. */
typedef struct
{
  gboolean any;  /* of any package */
  gboolean code; /* a module or package of that name */
} Metadata;

static void
look_for_metadata (const TerraneExplainContext *context, const char *directory, const char *wanted,
                   Metadata *metadata)
{
  g_auto (OciFd) fd = terrane_root_path_open (context->root, directory, O_RDONLY | O_DIRECTORY);
  g_autoptr (GPtrArray) names = NULL;
  if (fd < 0 || !oci_list_names (fd, ".", FALSE, &names, NULL))
    return;
  for (guint i = 0; i < names->len; i++)
    {
      const char *file = names->pdata[i];
      g_autofree char *name = normalise (file, strcspn (file, "."));
      metadata->any = metadata->any || g_str_has_suffix (file, ".dist-info")
                      || g_str_has_suffix (file, ".egg-info");
      metadata->code = metadata->code || strcmp (name, wanted) == 0;
    }
}

/* The name ends with the line; pkg_resources quotes it. */
static char *
explain_metadata (const TerraneExplainContext *context, const char *text, const json_t *facts)
{
  static const char before[] = "No package metadata was found for ";
  const char *start = strstr (text, before) + strlen (before);
  size_t len = strspn (start, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "-_.");
  g_autofree char *name = g_strndup (start, MIN (len, (size_t) NAME_MAX));
  g_autofree char *wanted = normalise (name, strlen (name));
  g_autofree char *quoted = oci_quote (name);
  Metadata metadata = { 0 };
  size_t i;
  json_t *path;
  json_array_foreach (json_object_get (facts, "sys_path"), i, path)
  {
    if (json_is_string (path) && i < MAX_DIRECTORIES)
      look_for_metadata (context, json_string_value (path), wanted, &metadata);
  }
  if (metadata.code && !metadata.any)
    return g_strdup_printf (
        "the modules of %s are there, and no package along sys.path has a *.dist-info directory: a "
        "tree leaves them all out. Packages look up versions and plugins there: keep them, their "
        "METADATA and entry_points.txt at least.",
        quoted);
  if (metadata.code)
    return g_strdup_printf (
        "the modules of %s are there, its *.dist-info directory is not, in which it looks up its "
        "version: it was left out (exclude, prune) or never copied. Keep it.",
        quoted);
  return g_strdup_printf (
      "nothing along sys.path is the installed package %s: it is not in the image, or its "
      "*.dist-info directory was left out (exclude, prune).",
      quoted);
}

static char *
explain_full_tmp (const TerraneExplainContext *context, G_GNUC_UNUSED const char *text,
                  G_GNUC_UNUSED const json_t *facts)
{
  uint64_t bytes = context->tmp_bytes != 0 ? context->tmp_bytes : TERRANE_SANDBOX_DEFAULT_TMP_BYTES;
  return g_strdup_printf ("/tmp is full: it has %" G_GUINT64_FORMAT
                          " MB here, as the function has on Lambda unless its ephemeral storage "
                          "is set, and place for one file per %d KiB of that. Write less, remove "
                          "what is not needed any more, or set "
                          "limits.tmp, and the function's size with it, to at most 10240 MB.",
                          bytes >> 20, TERRANE_SANDBOX_TMP_BYTES_PER_FILE >> 10);
}

typedef char *(*ExplainFunc) (const TerraneExplainContext *context, const char *text,
                              const json_t *facts);

typedef struct
{
  const char *needle;
  ExplainFunc func;
  const char *text; /* for messages without something to look up */
} Row;

#define NO_SEMAPHORES                                                                              \
  "Lambda has no /dev/shm, in which semaphores and shared memory live: Lock, Queue, Pool and "     \
  "shared_memory of multiprocessing, and ProcessPoolExecutor, fail there. Use threads, or "        \
  "Process "                                                                                       \
  "with Pipe."

#define NO_HOME                                                                                    \
  "the user's home is named in /etc/passwd and does not exist, as on Lambda, where nothing but "   \
  "/tmp "                                                                                          \
  "can be written to: set HOME to /tmp in config.env, or the library's own variable for its "      \
  "cache (MPLCONFIGDIR, XDG_CACHE_HOME, CARTOPY_DATA_DIR…) to a directory below it."

/* The first row that matches is used: special rows come first. */
static const Row rows[] = {
  { "DATABASE.LAYOUT.VERSION", NULL,
    "PROJ reads the proj.db of another PROJ, one too old for it: PROJ_DATA or PROJ_LIB leads a "
    "package "
    "to data that are not its own. Unset both for wheels, or use the newest proj.db for all." },
  { "no such table: usage", NULL,
    "PROJ reads the proj.db of another, older PROJ. Unset PROJ_DATA and PROJ_LIB for wheels." },
  { "find proj.db", explain_proj_db, NULL },
  { "EPSG code is unknown", explain_proj_db, NULL },
  { "No package metadata was found for ", explain_metadata, NULL },
  { "distribution was not found and is required by", NULL,
    "pkg_resources finds no *.dist-info of that package along sys.path: it is not in the image, or "
    "was left out (exclude, prune). Keep it." },
  { "No module named", explain_module, NULL },
  { "SemLock", NULL, NO_SEMAPHORES },
  { "_posixshmem", NULL, NO_SEMAPHORES },
  { "multiprocessing/synchronize.py", NULL, NO_SEMAPHORES },
  { "[Errno 38] Function not implemented", NULL, NO_SEMAPHORES },
  { "no locator available", NULL,
    "numba wants to keep compiled functions beside their source or below the user's home, and on "
    "Lambda neither can be written to: set NUMBA_CACHE_DIR to a directory below /tmp, where it "
    "compiles once per environment, or leave out cache=True." },
  { "Can't find the home directory", NULL,
    "DuckDB looks for its home in HOME, which Lambda does not set: SET home_directory='/tmp', or "
    "HOME "
    "as /tmp in config.env. Extensions must be in the image (SET extension_directory): there may "
    "be no "
    "network to install them from." },
  { "No space left on device", explain_full_tmp, NULL },
  { "database or disk is full", explain_full_tmp, NULL },
  { "/home/sbx_user1051", NULL, NO_HOME },
  { "Read-only file system: '/home", NULL, NO_HOME },
  { ": cannot open shared object file", explain_library, NULL },
  { "HTTP response code: 0", explain_certificates, NULL },
  { "error setting certificate", explain_certificates, NULL },
  { "GLIBC_", NULL,
    "what was loaded was built on a system with a newer glibc than the image has: use a build for "
    "a "
    "manylinux tag that the base fulfils, or a newer base." },
  { "GLIBCXX_", NULL,
    "what was loaded was built with a newer compiler than the image's libstdc++ is of: use an "
    "older "
    "build or a newer base. Do not bring a libstdc++ of your own." },
  { "undefined symbol: sqlite3_", NULL,
    "several libsqlite3.so.0 are in the image, and the one loaded first is too old for the module "
    "that "
    "is loaded now: keep one, the newest." },
  { "undefined symbol", NULL,
    "a library of that name was loaded, but not the one that the module was built with: ‘terrane "
    "why’ "
    "says which is found first." },
  { "size changed, may indicate binary incompatibility", NULL,
    "the module was compiled for another numpy than the one in the image: install versions that "
    "belong "
    "together." },
  { "compiled using NumPy 1.x", NULL,
    "the module was compiled for NumPy 1 and the image has NumPy 2: update the module, or pin "
    "numpy<2." },
  { "_gdal_array", NULL,
    "osgeo was built without numpy: build its bindings again with numpy installed." },
  { "missing codec", NULL,
    "the libtiff in this GDAL was built without that codec: use another build, or ask for another "
    "codec." },
  { "invalid ELF header", NULL,
    "the file is not a library for Linux: it may be made for another system, or be a text file." },
  { "page-aligned", NULL,
    "the library was damaged by strip after patchelf: take it as it came, or strip it before." },
  { "not properly aligned", NULL,
    "the library was damaged by strip after patchelf: take it as it came, or strip it before." },
  { "Read-only file system", NULL,
    "only /tmp can be written to on Lambda: set CPL_TMPDIR, HOME or the cache directory of the "
    "library "
    "to /tmp." },
};

static char *
explain_text (const TerraneExplainContext *context, const char *text, const json_t *facts)
{
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    if (strstr (text, rows[i].needle) != NULL)
      return rows[i].func != NULL ? rows[i].func (context, text, facts) : g_strdup (rows[i].text);
  return NULL;
}

char *
terrane_explain (const TerraneExplainContext *context, const char *message, const char *output,
                 const json_t *facts)
{
  const char *trace =
      output != NULL ? g_strrstr (output, "Traceback (most recent call last)") : NULL;
  char *found = explain_text (context, message, facts);
  if (found == NULL && trace != NULL)
    found = explain_text (context, trace, facts);
  if (found == NULL && output != NULL)
    found = explain_text (context, output, facts);
  return found;
}
