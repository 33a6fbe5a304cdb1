#include "builder/transform/prune.h"

#include "oci/base/error.h"
#include "oci/base/glob.h"
#include "oci/base/path.h"

#include <string.h>

struct _TerranePruner
{
  const TerraneTransformSpec *spec;
  const char *prefix;
  gboolean is_site;
  gboolean *path_used;    /* one for each of prune_paths */
  gboolean *path_refused; /* the pattern matched a protected path */
  TerraneTransformReport *report;
};

/* The files, or whole directories, that a preset removes, and those that it must not. Paths are
 * those in the image. */
typedef struct
{
  const char *const *drop;
  const char *const *spare; /* (nullable) */
} Preset;

static const char *const static_libraries[] = { "**/*.a", NULL };
static const char *const libtool[] = { "**/*.la", NULL };
/* They find their coders by these files. */
static const char *const libtool_spared[] = { "**/ImageMagick-*/**", "**/GraphicsMagick-*/**",
                                              NULL };
static const char *const cmake[] = { "**/*.cmake", "**/lib/cmake", "**/lib64/cmake",
                                     "**/share/cmake", NULL };
static const char *const cmake_spared[] = { "**/cmake/data/**", NULL }; /* cmake as a wheel */
static const char *const pkgconfig[] = { "**/pkgconfig/*.pc", NULL };
static const char *const locale[] = { "**/share/locale", NULL };
/* Licences have to stay somewhere. */
static const char *const docs[] = { "**/share/doc", "**/share/gtk-doc", "**/share/info", NULL };
static const char *const docs_spared[] = { "**/copyright", "**/LICENSE*", "**/LICENCE*",
                                           "**/COPYING*",  "**/NOTICE*",  NULL };
static const char *const man[] = { "**/share/man", NULL };
static const char *const bytecode_caches[] = { "**/__pycache__", NULL };
/* Packages that load lazily read their __init__.pyi at run time (lazy_loader.attach_stub). */
static const char *const type_stubs[] = { "**/*.pyi", NULL };
static const char *const type_stubs_spared[] = { "**/__init__.pyi", NULL };

/* The presets without an entry are functions below. */
static const Preset presets[TERRANE_N_PRUNES] = {
  [TERRANE_PRUNE_STATIC_LIBRARIES] = { static_libraries, NULL },
  [TERRANE_PRUNE_LIBTOOL] = { libtool, libtool_spared },
  [TERRANE_PRUNE_CMAKE] = { cmake, cmake_spared },
  [TERRANE_PRUNE_PKGCONFIG] = { pkgconfig, NULL },
  [TERRANE_PRUNE_LOCALE] = { locale, NULL },
  [TERRANE_PRUNE_DOCS] = { docs, docs_spared },
  [TERRANE_PRUNE_MAN] = { man, NULL },
  [TERRANE_PRUNE_BYTECODE_CACHES] = { bytecode_caches, NULL },
  [TERRANE_PRUNE_TYPE_STUBS] = { type_stubs, type_stubs_spared },
};

/* Neither a preset nor a pattern removes these: plugins are found by entry points, versions by
 * METADATA, and without their data GDAL, PROJ and TLS fail late and with misleading messages. */
static const char *const protected[] = { "**/*.dist-info/METADATA",
                                         "**/*.dist-info/entry_points.txt",
                                         "**/*.dist-info/top_level.txt",
                                         "**/*.dist-info/WHEEL",
                                         "**/*.dist-info/sboms/**",
                                         "**/*.egg-info/PKG-INFO",
                                         "**/*.egg-info/entry_points.txt",
                                         "**/*.egg-info/top_level.txt",
                                         "**/certifi/cacert.pem",
                                         "**/gdal_data/**",
                                         "**/share/gdal/**",
                                         "**/proj.db",
                                         "**/proj.ini",
                                         NULL };

/* Directories called "test" or "tests" that are imported without testing anything. */
static const char *const tests_spared[] = {
  "astropy/tests",
  "sunpy/tests",
  "django/test",
  "tensorflow/**/test",
  "tensorflow/**/tests",
  "keras/**/test",
  "ansible/plugins/test",
  "dbt/include",
  "numpy/*/tests/__init__.py", /* numpy.testing imports the second */
  "numpy/*/tests/_natype.py",
  NULL
};

/* Where headers are installed; all files that look like headers are removed, and so are the
 * directories. */
static const char *const header_places[] = { "usr/include", "usr/local/include", "opt/include",
                                             "opt/*/include", NULL };
static const char *const header_files[] = { "**/*.h",   "**/*.hh",  "**/*.hpp", "**/*.hxx",
                                            "**/*.ipp", "**/*.tcc", "**/*.cuh", NULL };

/* Python packages may compile against their own headers at run time, as cupy and triton do. These
 * do not. */
static const char *const header_packages[] = { "numpy/core/include", "numpy/_core/include",
                                               "pyarrow/include", NULL };
/* Headers in places that are not a known directory of packages. */
static const char *const headers_spared[] = { "opt/python",       "**/cupy/**",    "**/cupyx/**",
                                              "**/triton/**",     "**/torch/**",   "**/jax/**",
                                              "**/tensorflow/**", "**/pythran/**", "**/nvidia/**",
                                              "**/numba/**",      "**/cffi/**",    "**/pybind11/**",
                                              "**/jaxlib/**",     "**/cppyy*/**",  NULL };

/* The services that most Lambda functions use, for profiles that list none. */
static const char *const usual_services[] = { "dynamodb", "lambda", "s3",  "secretsmanager",
                                              "sns",      "sqs",    "ssm", "sso",
                                              "sso-oidc", "sts",    NULL };

TerranePruner *
terrane_pruner_new (const TerraneTransformSpec *spec, const char *prefix, gboolean is_site)
{
  gboolean wanted = spec != NULL && spec->prune_paths != NULL;
  for (unsigned i = 0; spec != NULL && i < TERRANE_N_PRUNES; i++)
    wanted = wanted || spec->prune[i];
  if (!wanted)
    return NULL;
  guint n = spec->prune_paths != NULL ? g_strv_length (spec->prune_paths) : 0;
  TerranePruner *self = g_new0 (TerranePruner, 1);
  self->spec = spec;
  self->prefix = prefix;
  self->is_site = is_site;
  self->path_used = g_new0 (gboolean, n + 1);
  self->path_refused = g_new0 (gboolean, n + 1);
  self->report = terrane_transform_report_new ("prune");
  return self;
}

void
terrane_pruner_free (TerranePruner *self)
{
  if (self == NULL)
    return;
  g_free (self->path_used);
  g_free (self->path_refused);
  terrane_transform_report_free (self->report);
  g_free (self);
}

/* Returns the path below the tree's prefix. */
static const char *
below_prefix (const TerranePruner *self, const char *path)
{
  size_t len = strlen (self->prefix);
  if (len == 0 || !oci_path_is_below (path, self->prefix))
    return path;
  return path[len] == '/' ? path + len + 1 : path + len;
}

/* "python3.12/" -> 11, else 0. */
static size_t
stdlib_length (const char *component)
{
  static const char start[] = "python3.";
  size_t len = strlen (start);
  if (strncmp (component, start, len) != 0)
    return 0;
  size_t digits = strspn (component + len, "0123456789");
  return digits > 0 && component[len + digits] == '/' ? len + digits + 1 : 0;
}

/* Returns the path below the directory on sys.path, NULL if it is in none. The last one counts:
 * lib/python3.N/site-packages. */
static const char *
below_site (const TerranePruner *self, const char *path, gboolean *out_stdlib)
{
  static const char *const names[] = { "site-packages/", "dist-packages/" };
  const char *site = self->is_site ? below_prefix (self, path) : NULL;
  *out_stdlib = FALSE;
  for (const char *at = path; at != NULL; at = strchr (at, '/'), at = at != NULL ? at + 1 : NULL)
    {
      for (size_t i = 0; i < G_N_ELEMENTS (names); i++)
        if (g_str_has_prefix (at, names[i]))
          {
            site = at + strlen (names[i]);
            *out_stdlib = FALSE;
          }
      size_t stdlib = g_str_has_prefix (at, "lib/") ? stdlib_length (at + 4) : 0;
      if (stdlib == 0)
        continue;
      site = at + 4 + stdlib;
      *out_stdlib = TRUE;
    }
  return site;
}

static gboolean
is_identifier (const char *component, size_t len)
{
  for (size_t i = 0; i < len; i++)
    if (component[i] != '_' && !g_ascii_isalnum (component[i]) && !(component[i] & 0x80))
      return FALSE;
  return len > 0 && !g_ascii_isdigit (component[0]);
}

static gboolean
is_test_name (const char *component, size_t len)
{
  static const char *const names[] = { "test", "tests", "idle_test" };
  for (size_t i = 0; i < G_N_ELEMENTS (names); i++)
    if (len == strlen (names[i]) && strncmp (component, names[i], len) == 0)
      return TRUE;
  return FALSE;
}

/* Whether it is a directory of tests inside a package: all components above it are names that
 * Python can import. At the top, a package may happen to be called "tests"; only the standard
 * library's own "test" is known. */
static gboolean
is_python_test (const TerranePruner *self, const char *path, OciEntryType type)
{
  static const char *const not_packages[] = { "bin",  "etc",   "include", "lib", "lib64", "opt",
                                              "sbin", "share", "usr",     "var", NULL };
  gboolean stdlib;
  const char *site = below_site (self, path, &stdlib);
  if (site == NULL || oci_glob_match_any (tests_spared, site))
    return FALSE;
  g_autofree char *top = g_strndup (site, strcspn (site, "/"));
  if (self->is_site && g_strv_contains (not_packages, top))
    return FALSE;
  gboolean in_package = stdlib;
  for (const char *at = site; *at != '\0';)
    {
      size_t len = strcspn (at, "/");
      gboolean is_directory = at[len] == '/' || type == OCI_ENTRY_DIRECTORY;
      if (!is_identifier (at, len))
        return FALSE;
      if (in_package && is_directory && is_test_name (at, len))
        return TRUE;
      in_package = TRUE;
      at += at[len] == '/' ? len + 1 : len;
    }
  return FALSE;
}

static gboolean
is_header (const TerranePruner *self, const char *path, OciEntryType type)
{
  static const char *const own[] = { "include", NULL };
  gboolean stdlib;
  const char *site = below_site (self, path, &stdlib);
  gboolean is_named = oci_glob_match (header_files[0], path);
  for (size_t i = 1; header_files[i] != NULL; i++)
    is_named = is_named || oci_glob_match (header_files[i], path);
  is_named = is_named && type != OCI_ENTRY_DIRECTORY;
  if (site != NULL)
    return is_named && oci_glob_match_any (header_packages, site);
  if (oci_glob_match_any (headers_spared, path))
    return FALSE;
  if (!oci_glob_match_any (header_places, path))
    return is_named && oci_glob_match_any (own, below_prefix (self, path));
  const char *slash = strrchr (path, '/'); /* one of these places */
  return is_named || type == OCI_ENTRY_DIRECTORY || strchr (slash, '.') == NULL;
}

/* Whether it belongs to a service that is not listed, or is an example of a listed one. Files
 * beside the services belong to all of them. */
static gboolean
is_unused_service (const TerranePruner *self, const char *path, OciEntryType type)
{
  static const char data[] = "botocore/data/";
  const char *at = strstr (path, data);
  if (at == NULL || (at != path && at[-1] != '/'))
    return FALSE;
  at += strlen (data);
  size_t len = strcspn (at, "/");
  if (at[len] == '\0' && type != OCI_ENTRY_DIRECTORY)
    return FALSE;
  g_autofree char *service = g_strndup (at, len);
  const char *const *services = self->spec->botocore_services != NULL
                                    ? (const char *const *) self->spec->botocore_services
                                    : usual_services;
  const char *slash = strrchr (at, '/');
  return !g_strv_contains (services, service)
         || (slash != NULL && g_str_has_prefix (slash + 1, "examples-1.json"));
}

static gboolean
matches_preset (const TerranePruner *self, unsigned preset, const char *path, OciEntryType type)
{
  switch (preset)
    {
    case TERRANE_PRUNE_PYTHON_TESTS:
      return is_python_test (self, path, type);
    case TERRANE_PRUNE_HEADERS:
      return is_header (self, path, type);
    case TERRANE_PRUNE_BOTOCORE_DATA:
      return is_unused_service (self, path, type);
    default:
      return oci_glob_match_any (presets[preset].drop, path)
             && !oci_glob_match_any (presets[preset].spare, path);
    }
}

/* Returns the index of the matching pattern, else -1. */
static int
matching_path (TerranePruner *self, const char *below)
{
  char **patterns = self->spec->prune_paths;
  for (int i = 0; patterns != NULL && patterns[i] != NULL; i++)
    {
      const char *const one[] = { patterns[i], NULL };
      if (oci_glob_match_any (one, below))
        return i;
    }
  return -1;
}

/* Returns the name under which the removed path is counted, NULL if it stays. */
static const char *
judge (TerranePruner *self, const char *path, OciEntryType type, gboolean note)
{
  const char *below = below_prefix (self, path);
  gboolean kept = oci_glob_match_any ((const char *const *) self->spec->keep_paths, below);
  gboolean is_protected = oci_glob_match_any (protected, path);
  int pattern = matching_path (self, below);
  if (pattern >= 0 && note)
    {
      self->path_used[pattern] = TRUE;
      self->path_refused[pattern] =
          self->path_refused[pattern] || (is_protected && !kept && type != OCI_ENTRY_DIRECTORY);
    }
  if (kept || is_protected)
    return NULL;
  if (pattern >= 0)
    return "prune_paths";
  for (unsigned i = 0; i < TERRANE_N_PRUNES; i++)
    if (self->spec->prune[i] && matches_preset (self, i, path, type))
      return terrane_prune_words[i];
  return NULL;
}

gboolean
terrane_pruner_drops (TerranePruner *self, const OciEntry *entry)
{
  const char *reason = judge (self, entry->path, entry->type, TRUE);
  if (reason == NULL)
    return FALSE;
  if (entry->type != OCI_ENTRY_DIRECTORY)
    terrane_transform_report_count (self->report, reason, 1,
                                    entry->type == OCI_ENTRY_FILE ? (int64_t) entry->size : 0);
  return TRUE;
}

gboolean
terrane_pruner_would_drop (TerranePruner *self, const char *path, OciEntryType type)
{
  return judge (self, path, type, FALSE) != NULL;
}

json_t *
terrane_pruner_report (const TerranePruner *self)
{
  for (guint i = 0; self->spec->prune_paths != NULL && self->spec->prune_paths[i] != NULL; i++)
    if (self->path_refused[i])
      {
        g_autofree char *quoted = oci_quote (self->spec->prune_paths[i]);
        terrane_transform_report_note (self->report,
                                       "prune_paths: %s matches files that programs look for at "
                                       "run time, which were kept; ‘exclude’ of the tree removes "
                                       "them all the same",
                                       quoted);
      }
  return terrane_transform_report_is_empty (self->report)
             ? NULL
             : terrane_transform_report_to_json (self->report);
}

GPtrArray *
terrane_pruner_unused (const TerranePruner *self)
{
  GPtrArray *unused = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; self->spec->prune_paths != NULL && self->spec->prune_paths[i] != NULL; i++)
    if (!self->path_used[i] && !g_str_has_prefix (self->spec->prune_paths[i], "**/"))
      g_ptr_array_add (unused, g_strdup (self->spec->prune_paths[i]));
  return unused;
}
