#include "builder/check/python-numpy.h"

#include "builder/python/dependency.h"
#include "builder/store/object.h"

#include "oci/base/number.h"
#include "oci/base/text-hash.h"

#include <string.h>

enum
{
  SCAN_BYTES = 256 * 1024,
  SCAN_OVERLAP = 64,
};

/* Modules that import_array() of numpy's headers imports: headers of 1.x the first, of 2.x the
 * second, and the first only if that is missing (numpy/core/include/numpy/__multiarray_api.h). */
static const char old_name[] = "numpy.core._multiarray_umath";
static const char new_name[] = "numpy._core._multiarray_umath";

typedef struct
{
  const TerraneImageView *view;
  const TerranePythonDist *numpy;
  TerraneFindings *findings;
  GHashTable *scanned; /* hexadecimal digest of an object -> whether it is for numpy 1 */
} Check;

static gboolean
scan (const TerraneImageView *view, const TerraneNode *node, gboolean *out_old, GError **error)
{
  g_auto (OciFd) fd = -1;
  g_autofree char *buffer = g_malloc (SCAN_OVERLAP + SCAN_BYTES);
  size_t kept = 0, got = SCAN_BYTES;
  gboolean has_old = FALSE, has_new = FALSE;
  if (!terrane_object_open (view->store, &node->object, &fd, error))
    return FALSE;
  while (got == SCAN_BYTES && !has_new)
    {
      if (!oci_read_full (fd, buffer + kept, SCAN_BYTES, &got, error))
        return FALSE;
      size_t len = kept + got;
      /* Including the NUL: the name of a module, not part of a longer text. */
      has_old = has_old || memmem (buffer, len, old_name, sizeof old_name) != NULL;
      has_new = memmem (buffer, len, new_name, sizeof new_name) != NULL;
      kept = MIN (len, SCAN_OVERLAP);
      memmove (buffer, buffer + len - kept, kept);
    }
  *out_old = has_old && !has_new;
  return TRUE;
}

/* Reads equal content once, for any number of files. */
static gboolean
is_old (Check *self, const TerraneNode *node, gboolean *out_old, GError **error)
{
  OciDigestHex hex;
  gpointer known = NULL;
  if (g_hash_table_lookup_extended (self->scanned, oci_digest_hex (&node->object, hex), NULL,
                                    &known))
    {
      *out_old = GPOINTER_TO_INT (known);
      return TRUE;
    }
  if (!scan (self->view, node, out_old, error))
    return FALSE;
  g_hash_table_insert (self->scanned, g_strdup (hex), GINT_TO_POINTER (*out_old));
  return TRUE;
}

static gboolean
needs_numpy (const TerranePythonDist *dist)
{
  for (guint i = 0; i < dist->requires->len; i++)
    {
      g_autoptr (TerraneDependency) dependency =
          terrane_dependency_parse (dist->requires->pdata[i], NULL);
      if (dependency != NULL && strcmp (dependency->normalised, "numpy") == 0)
        return TRUE; /* also as an extra: files that mention it are built with it */
    }
  return FALSE;
}

static unsigned
major_of (const char *version)
{
  uint64_t major = 0;
  g_autofree char *digits = g_strndup (version, strspn (version, "0123456789"));
  return oci_parse_u64 (digits, 1000, &major, NULL) ? (unsigned) major : 0;
}

static void
report (const TerraneImageView *view, const TerranePythonDist *dist, const TerraneNode *node,
        const TerranePythonDist *numpy, TerraneFindings *findings)
{
  g_autofree char *path = terrane_node_path (node);
  g_autofree char *name = oci_quote (dist->name), *version = oci_quote (numpy->version);
  g_autofree char *message = g_strdup_printf (
      "%s was built for numpy 1 and cannot be used with numpy %s, which says: A module that was "
      "compiled using NumPy 1.x cannot be run in NumPy 2",
      name, version);
  const TerraneFinding finding = {
    .id = "python.numpy-abi",
    .severity = view->trust_base && node->tree_number == 0 ? TERRANE_SEVERITY_WARNING
                                                           : TERRANE_SEVERITY_ERROR,
    .path = path,
    .tree = terrane_image_view_tree (view, node),
    .message = message,
    .fix = "a newer version of the package, or \"numpy<2\"",
  };
  terrane_findings_add (findings, &finding);
}

/* One finding per package suffices. */
static gboolean
check_dist (Check *self, const TerranePythonDist *dist, GError **error)
{
  g_autoptr (GPtrArray) files = NULL;
  if (!terrane_python_dist_files (dist, self->view, &files, error))
    return FALSE;
  for (guint i = 0; files != NULL && i < files->len; i++)
    {
      const TerraneNode *node = files->pdata[i];
      gboolean old = FALSE;
      if (!g_str_has_suffix (node->name, ".so")
          || g_str_has_suffix (node->parent->name, ".libs")) /* not modules */
        continue;
      if (!is_old (self, node, &old, error))
        return FALSE;
      if (old)
        {
          report (self->view, dist, node, self->numpy, self->findings);
          return TRUE;
        }
    }
  return TRUE;
}

static gboolean
has_gdal_array (const TerraneNode *osgeo)
{
  for (guint i = 0; i < osgeo->children->len; i++)
    if (g_str_has_prefix (((TerraneNode *) osgeo->children->pdata[i])->name, "_gdal_array."))
      return TRUE;
  return FALSE;
}

static void
check_osgeo (const TerraneImageView *view, const TerranePython *python, TerraneFindings *findings)
{
  for (guint i = 0; i < python->places->len; i++)
    {
      const TerranePythonPlace *place = python->places->pdata[i];
      const TerraneNode *osgeo = terrane_node_child (place->directory, "osgeo", strlen ("osgeo"));
      if (osgeo == NULL || osgeo->type != OCI_ENTRY_DIRECTORY || has_gdal_array (osgeo))
        continue;
      g_autofree char *path = terrane_node_path (osgeo);
      const TerraneFinding finding = {
        .id = "python.osgeo-without-numpy",
        .severity = TERRANE_SEVERITY_WARNING,
        .path = path,
        .tree = terrane_image_view_tree (view, osgeo),
        .message = "GDAL's bindings were built without numpy: _gdal_array is missing, and "
                   "ReadAsArray() fails",
        .fix = "build them where numpy is installed, with pip --no-build-isolation",
      };
      terrane_findings_add (findings, &finding);
    }
}

gboolean
terrane_check_numpy (const TerraneImageView *view, const TerranePython *python,
                     TerraneFindings *findings, GError **error)
{
  const TerranePythonDist *numpy = terrane_python_find (python, "numpy");
  if (numpy == NULL)
    return TRUE;
  g_autoptr (GHashTable) scanned = g_hash_table_new_full (oci_text_hash, g_str_equal, g_free, NULL);
  Check self = { .view = view, .numpy = numpy, .findings = findings, .scanned = scanned };
  check_osgeo (view, python, findings);
  for (guint i = 0; major_of (numpy->version) >= 2 && i < python->dists->len; i++)
    {
      const TerranePythonDist *dist = python->dists->pdata[i];
      if (dist != numpy && needs_numpy (dist) && !check_dist (&self, dist, error))
        return FALSE;
    }
  return TRUE;
}
