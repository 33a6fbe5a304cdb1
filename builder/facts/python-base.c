#include "builder/facts/python-base.h"

#include "builder/store/cache.h"
#include "builder/store/commit.h"
#include "builder/store/object.h"

#include "oci/base/architecture.h"
#include "oci/base/number.h"
#include "oci/base/path.h"

#include <string.h>

enum
{
  FORMAT = 2, /* incremented when another Python or version would be found */
  MAX_LIBC_BYTES = 64 * 1024 * 1024,
  SCAN_BYTES = 1024 * 1024,
  SCAN_OVERLAP = 32, /* longer than any searched text */
  MAX_MINOR = 999,
  MAX_PATCH = 99,
};

/* Lambda's base images have theirs in /var/lang/bin, official Python images in /usr/local/bin. */
#define USUAL_PATH "/var/lang/bin:/usr/local/bin:/usr/bin:/bin:/opt/bin:/opt/python/bin"

void
terrane_python_base_clear (TerranePythonBase *self)
{
  g_clear_pointer (&self->interpreter, g_free);
}

/* Returns the minor version of "python3.N", else 0. */
static unsigned
minor_of_name (const char *name)
{
  uint64_t minor = 0;
  if (!g_str_has_prefix (name, "python3.")
      || !oci_parse_u64 (name + strlen ("python3."), MAX_MINOR, &minor, NULL))
    return 0;
  return (unsigned) minor;
}

/* Returns the version in the target of a link at the end of @path: "python3" -> "python3.11". */
static unsigned
minor_of_default (TerraneTree *tree, const char *directory)
{
  g_autofree char *path = g_strconcat (directory, "/python3", NULL);
  const TerraneNode *node = terrane_tree_lookup (tree, path);
  if (node == NULL || node->type != OCI_ENTRY_SYMLINK)
    return 0;
  const char *slash = strrchr (node->target, '/');
  return minor_of_name (slash != NULL ? slash + 1 : node->target);
}

static gboolean
is_program (TerraneTree *tree, const char *path)
{
  const TerraneNode *node = terrane_tree_follow (tree, path);
  return node != NULL && node->type == OCI_ENTRY_FILE && (node->mode & 0111) != 0;
}

/* Finds the interpreter of one directory: the one that python3 links to, else the newest. */
static gboolean
find_in_directory (TerraneTree *tree, const char *directory, TerranePythonBase *base)
{
  const TerraneNode *node = terrane_tree_follow (tree, directory);
  unsigned minor = 0;
  if (node == NULL || node->type != OCI_ENTRY_DIRECTORY)
    return FALSE;
  unsigned usual = minor_of_default (tree, directory);
  gboolean usual_found = FALSE;
  for (guint i = 0; i < node->children->len; i++)
    {
      const TerraneNode *child = node->children->pdata[i];
      unsigned candidate = minor_of_name (child->name);
      g_autofree char *path = g_strconcat (directory, "/", child->name, NULL);
      if (candidate == 0 || !is_program (tree, path))
        continue;
      usual_found = usual_found || candidate == usual;
      minor = MAX (minor, candidate);
    }
  if (minor == 0)
    return FALSE;
  if (usual_found)
    minor = usual;
  base->python_major = 3;
  base->python_minor = minor;
  base->interpreter = g_strdup_printf ("/%s/python3.%u", directory, minor);
  return TRUE;
}

static void
add_file (GPtrArray *files, TerraneTree *tree, const char *path)
{
  TerraneNode *node = terrane_tree_follow (tree, path);
  if (node != NULL && node->type == OCI_ENTRY_FILE)
    g_ptr_array_add (files, node);
}

/* Lists the program, and the shared library that contains the interpreter if there is one.
 * Returns: (transfer container) (element-type TerraneNode) */
static GPtrArray *
list_files (TerraneTree *tree, const TerranePythonBase *base)
{
  GPtrArray *files = g_ptr_array_new ();
  g_autofree char *library = g_strdup_printf ("libpython3.%u.so.1.0", base->python_minor);
  g_autofree char *directory = g_path_get_dirname (base->interpreter);
  g_autofree char *in_lib = g_strconcat (directory, "/../lib/", library, NULL);
  g_autofree char *in_lib64 = g_strconcat (directory, "/../lib64/", library, NULL);
  add_file (files, tree, base->interpreter);
  add_file (files, tree, in_lib);
  for (const OciArchitecture *of = oci_architecture_next (NULL); of != NULL;
       of = oci_architecture_next (of))
    if (of->multiarch != NULL)
      {
        g_autofree char *path =
            g_strdup_printf ("%s/../lib/%s/%s", directory, of->multiarch, library);
        add_file (files, tree, path);
      }
  add_file (files, tree, in_lib64);
  return files;
}

static void
find_interpreter (TerraneTree *tree, const char *search_path, TerranePythonBase *base)
{
  g_autofree char *all = g_strjoin (":", search_path != NULL ? search_path : "", USUAL_PATH, NULL);
  g_auto (GStrv) directories = g_strsplit (all, ":", -1);
  for (char **directory = directories; *directory != NULL; directory++)
    {
      g_autofree char *normalised = NULL;
      if ((*directory)[0] == '/'
          && oci_path_normalise (*directory + strspn (*directory, "/"), &normalised, NULL)
          && normalised[0] != '\0' && find_in_directory (tree, normalised, base))
        return;
    }
}

unsigned
terrane_python_base_minor (TerraneTree *tree, const char *search_path)
{
  g_auto (TerranePythonBase) base = { 0 };
  find_interpreter (tree, search_path, &base);
  return base.python_minor;
}

/* Scans one piece of a C library; @data[len] is NUL. */
typedef void (*ScanFunc) (const char *data, size_t len, TerranePythonBase *base);

/* glibc has a symbol version for each of its releases that added a symbol: the newest is
 * "GLIBC_2.N" with the largest N, for every processor. */
static void
scan_glibc (const char *data, size_t len, TerranePythonBase *base)
{
  static const char wanted[] = "GLIBC_2.";
  const char *end = data + len;
  for (const char *p = data; (p = memmem (p, (size_t) (end - p), wanted, strlen (wanted))) != NULL;)
    {
      p += strlen (wanted);
      size_t digits = strspn (p, "0123456789");
      g_autofree char *number = g_strndup (p, digits);
      uint64_t minor = 0;
      if (!oci_parse_u64 (number, MAX_MINOR, &minor, NULL) || minor <= base->libc_minor)
        continue;
      base->libc_major = 2;
      base->libc_minor = (unsigned) minor;
    }
}

/* musl contains its version as a separate text, "1.2.3", which its dynamic loader prints. */
static void
scan_musl (const char *data, size_t len, TerranePythonBase *base)
{
  const char *end = data + len;
  for (const char *p = data; base->libc_major == 0
                             && (p = memmem (p, (size_t) (end - p),
                                             "\0"
                                             "1.",
                                             3))
                                    != NULL;
       p++)
    {
      g_auto (GStrv) parts = g_strsplit (p + 1, ".", 4);
      uint64_t minor = 0, patch = 0;
      if (g_strv_length (parts) != 3 || !oci_parse_u64 (parts[1], 99, &minor, NULL)
          || !oci_parse_u64 (parts[2], 99, &patch, NULL))
        continue;
      base->libc_major = 1;
      base->libc_minor = (unsigned) minor;
    }
}

static gboolean
scan_object (TerraneStore *store, const TerraneNode *node, ScanFunc scan, TerranePythonBase *base,
             GError **error)
{
  g_auto (OciFd) fd = -1;
  g_autofree char *buffer = g_malloc (SCAN_OVERLAP + SCAN_BYTES + 1);
  size_t kept = 0, got = SCAN_BYTES;
  if (node->size == 0 || node->size > MAX_LIBC_BYTES)
    return TRUE;
  if (!terrane_object_open_verified (store, node, &fd, error))
    return FALSE;
  while (got == SCAN_BYTES)
    {
      if (!oci_read_full (fd, buffer + kept, SCAN_BYTES, &got, error))
        return FALSE;
      size_t len = kept + got;
      buffer[len] = '\0';
      scan (buffer, len, base);
      kept = MIN (len, SCAN_OVERLAP);
      memmove (buffer, buffer + len - kept, kept);
    }
  return TRUE;
}

/* CPython contains its version as a separate text, "3.11.2", "3.13.0rc1" or "3.14.0a2+": the start
 * of platform.python_version(). In patchlevel.h it is in quotes. */
static void
scan_patch (const char *data, size_t len, TerranePythonBase *base)
{
  g_autofree char *wanted = g_strdup_printf ("3.%u.", base->python_minor);
  size_t size = strlen (wanted);
  const char *end = data + len;
  for (const char *p = data + 1;
       !base->has_patch && p < end && (p = memmem (p, (size_t) (end - p), wanted, size)) != NULL;
       p++)
    {
      const char *digits = p + size, *after = digits + strspn (digits, "0123456789");
      g_autofree char *number = g_strndup (digits, (gsize) (after - digits));
      uint64_t patch = 0;
      after += strspn (after, "abcr0123456789+");
      if ((p[-1] != '\0' && p[-1] != '"') || after >= end || (*after != '\0' && *after != '"')
          || !oci_parse_u64 (number, MAX_PATCH, &patch, NULL))
        continue;
      base->has_patch = TRUE;
      base->python_patch = (unsigned) patch;
    }
}

/* If the interpreter does not contain it, the headers may. */
static gboolean
find_patch (TerraneStore *store, TerraneTree *tree, const GPtrArray *files, TerranePythonBase *base,
            GError **error)
{
  for (guint i = 0; i < files->len && !base->has_patch; i++)
    if (!scan_object (store, files->pdata[i], scan_patch, base, error))
      return FALSE;
  g_autofree char *directory = g_path_get_dirname (base->interpreter);
  g_autofree char *header =
      g_strdup_printf ("%s/../include/python3.%u/patchlevel.h", directory, base->python_minor);
  const TerraneNode *node = terrane_tree_follow (tree, header);
  return base->has_patch || node == NULL || node->type != OCI_ENTRY_FILE
         || scan_object (store, node, scan_patch, base, error);
}

/* Reads which C library the file @path belongs to, if it exists and none was found before. */
static gboolean
try_libc (TerraneStore *store, TerraneTree *tree, const char *path, TerraneLibc libc,
          TerranePythonBase *base, GError **error)
{
  const TerraneNode *node = base->libc_major == 0 ? terrane_tree_follow (tree, path) : NULL;
  if (node == NULL || node->type != OCI_ENTRY_FILE)
    return TRUE;
  base->libc = libc;
  return scan_object (store, node, libc == TERRANE_LIBC_MUSL ? scan_musl : scan_glibc, base, error);
}

static gboolean
find_libc (TerraneStore *store, TerraneTree *tree, TerranePythonBase *base, GError **error)
{
  /* Between head and tail is Debian's directory for a processor, or its name in musl's loader. */
  static const struct
  {
    const char *head, *tail;
    TerraneLibc libc;
  } places[] = {
    { "lib64/libc.so.6", NULL, TERRANE_LIBC_GLIBC },
    { "lib/", "/libc.so.6", TERRANE_LIBC_GLIBC },
    { "usr/lib/", "/libc.so.6", TERRANE_LIBC_GLIBC },
    { "usr/lib64/libc.so.6", NULL, TERRANE_LIBC_GLIBC },
    { "lib/libc.so.6", NULL, TERRANE_LIBC_GLIBC },
    { "usr/lib/libc.so.6", NULL, TERRANE_LIBC_GLIBC },
    /* Last, since glibc systems may also have musl's loader. */
    { "lib/ld-musl-", ".so.1", TERRANE_LIBC_MUSL },
  };
  for (size_t i = 0; base->libc_major == 0 && i < G_N_ELEMENTS (places); i++)
    for (const OciArchitecture *of = oci_architecture_next (NULL); of != NULL;
         of = oci_architecture_next (of))
      {
        const char *name = places[i].libc == TERRANE_LIBC_MUSL ? of->machine : of->multiarch;
        g_autofree char *path = places[i].tail != NULL
                                    ? g_strconcat (places[i].head, name, places[i].tail, NULL)
                                    : g_strdup (places[i].head);
        if ((places[i].tail == NULL || name != NULL)
            && !try_libc (store, tree, path, places[i].libc, base, error))
          return FALSE;
        if (places[i].tail == NULL)
          break;
      }
  return TRUE;
}

static gboolean
from_cache (const json_t *entry, TerranePythonBase *base)
{
  const char *interpreter = terrane_cache_text (entry, "interpreter");
  const json_t *patch = json_object_get (entry, "python_patch");
  if (entry == NULL || (interpreter != NULL && patch == NULL))
    return FALSE;
  base->has_patch = json_is_integer (patch);
  base->python_patch = (unsigned) json_integer_value (patch);
  base->interpreter = g_strdup (interpreter);
  base->python_major = (unsigned) json_integer_value (json_object_get (entry, "python_major"));
  base->python_minor = (unsigned) json_integer_value (json_object_get (entry, "python_minor"));
  base->libc =
      json_is_true (json_object_get (entry, "musl")) ? TERRANE_LIBC_MUSL : TERRANE_LIBC_GLIBC;
  base->libc_major = (unsigned) json_integer_value (json_object_get (entry, "libc_major"));
  base->libc_minor = (unsigned) json_integer_value (json_object_get (entry, "libc_minor"));
  return TRUE;
}

static json_t *
to_cache (const TerranePythonBase *base, const OciDigest *commit)
{
  OciDigestHex hex;
  json_t *entry = json_object ();
  oci_json_set (entry, "commit", oci_json_text (oci_digest_hex (commit, hex))); /* for gc */
  if (base->interpreter != NULL)
    oci_json_set (entry, "interpreter", oci_json_text (base->interpreter));
  oci_json_set (entry, "python_major", json_integer (base->python_major));
  oci_json_set (entry, "python_minor", json_integer (base->python_minor));
  oci_json_set (entry, "python_patch",
                base->has_patch ? json_integer (base->python_patch) : json_null ());
  oci_json_set (entry, "musl", json_boolean (base->libc == TERRANE_LIBC_MUSL));
  oci_json_set (entry, "libc_major", json_integer (base->libc_major));
  oci_json_set (entry, "libc_minor", json_integer (base->libc_minor));
  return entry;
}

gboolean
terrane_python_base_find_in (TerraneStore *store, TerraneTree *tree, const char *search_path,
                             TerranePythonBase *out_base, GError **error)
{
  g_auto (TerranePythonBase) base = { 0 };
  find_interpreter (tree, search_path, &base);
  if (base.interpreter != NULL)
    {
      g_autoptr (GPtrArray) files = list_files (tree, &base);
      if (!find_patch (store, tree, files, &base, error))
        return FALSE;
    }
  if (!find_libc (store, tree, &base, error))
    return FALSE;
  *out_base = base;
  base.interpreter = NULL;
  return TRUE;
}

OciDigest
terrane_python_base_key (const OciDigest *commit, const char *search_path)
{
  OciDigestHex hex;
  g_autofree char *text = g_strdup_printf ("%d %s %s", FORMAT, oci_digest_hex (commit, hex),
                                           search_path != NULL ? search_path : "");
  return oci_digest_of (text, strlen (text));
}

gboolean
terrane_python_base_find (TerraneStore *store, const OciDigest *commit, const char *search_path,
                          TerranePythonBase *out_base, GError **error)
{
  g_auto (TerranePythonBase) base = { 0 };
  OciDigest key = terrane_python_base_key (commit, search_path);
  g_autoptr (OciJsonValue) known = terrane_cache_get (store, TERRANE_CACHE_PYTHONS, &key);
  if (!from_cache (known, &base))
    {
      g_autoptr (TerraneTree) tree = terrane_commit_load (store, commit, error);
      if (tree == NULL || !terrane_python_base_find_in (store, tree, search_path, &base, error))
        return FALSE;
      g_autoptr (OciJsonValue) entry = to_cache (&base, commit);
      if (!terrane_cache_put (store, TERRANE_CACHE_PYTHONS, &key, entry, error))
        return FALSE;
    }
  *out_base = base;
  base.interpreter = NULL;
  return TRUE;
}
