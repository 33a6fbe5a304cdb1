#include "builder/zip/layout.h"

#include "oci/base/path.h"

#include <string.h>

enum
{
  MAX_SHOWN = 5,
};

const char *
terrane_zip_root (TerraneZipKind kind)
{
  return kind == TERRANE_ZIP_LAYER ? "opt" : "var/task";
}

/* Returns: (nullable): what follows @prefix in @path */
static const char *
after (const char *path, const char *prefix)
{
  if (!oci_path_is_below (path, prefix))
    return NULL;
  const char *rest = path + strlen (prefix);
  return rest[0] == '/' ? rest + 1 : rest;
}

/* The length of "lib/python3.N/site-packages" at the start of @path, or 0. */
static size_t
site_packages (const char *path, size_t *out_version)
{
  static const char head[] = "lib/python3.";
  if (!g_str_has_prefix (path, head))
    return 0;
  size_t digits = strspn (path + strlen (head), "0123456789");
  size_t at = strlen (head) + digits;
  if (digits == 0
      || (!g_str_has_prefix (path + at, "/site-packages")
          && !g_str_has_prefix (path + at, "/dist-packages")))
    return 0;
  *out_version = at;
  at += strlen ("/site-packages");
  return path[at] == '\0' || path[at] == '/' ? at : 0;
}

static char *
place_package (const char *path)
{
  static const char *const prefixes[] = { "usr/local", "usr", "var/lang" };
  for (guint i = 0; i < G_N_ELEMENTS (prefixes); i++)
    {
      size_t version = 0;
      const char *rest = after (path, prefixes[i]);
      size_t length = rest != NULL ? site_packages (rest, &version) : 0;
      if (length > 0)
        {
          g_autofree char *library = g_strndup (rest, version);
          return g_strconcat ("python/", library, "/site-packages", rest + length, NULL);
        }
    }
  return NULL;
}

char *
terrane_zip_place (TerraneZipKind kind, const char *path)
{
  const char *rest = after (path, terrane_zip_root (kind));
  if (rest != NULL)
    return g_strdup (rest);
  if (kind == TERRANE_ZIP_FUNCTION)
    return NULL;
  rest = after (path, "var/task");
  return rest != NULL ? oci_path_join ("python", rest) : place_package (path);
}

typedef struct
{
  TerraneZipKind kind;
  TerraneTree *out;
  GString *outside; /* lines */
  guint n_outside;
  guint n_placed;
} Layout;

/* Files outside the zip, such as the base's, stay where they are, so that a link to them must be
 * absolute. @placed: where the link goes.
 *
 * Returns: (transfer full): the text of the link at its new place */
static char *
place_target (const Layout *self, const char *path, const char *placed, const char *target)
{
  g_autofree char *old = oci_path_resolve_link (path, target);
  g_autofree char *place = old != NULL ? terrane_zip_place (self->kind, old) : NULL;
  if (old == NULL)
    return g_strdup (target); /* it leads nowhere */
  g_autofree char *there =
      place != NULL ? oci_path_join (terrane_zip_root (self->kind), place) : g_strdup (old);
  g_autofree char *here = oci_path_join (terrane_zip_root (self->kind), placed);
  g_autofree char *means = oci_path_resolve_link (here, target);
  return g_strcmp0 (means, there) == 0 ? g_strdup (target) : g_strconcat ("/", there, NULL);
}

static gboolean
place_node (TerraneNode *node, const char *path, gpointer data, GError **error)
{
  Layout *self = data;
  g_autofree char *placed = terrane_zip_place (self->kind, path);
  gboolean is_root = placed != NULL && placed[0] == '\0';
  if (node->type == OCI_ENTRY_DIRECTORY && (placed == NULL || is_root))
    return TRUE; /* on the way to other files, or empty */
  if (placed == NULL || is_root)
    {
      if (self->n_outside++ < MAX_SHOWN)
        g_string_append_printf (self->outside, "\n  /%s", path);
      return TRUE;
    }
  OciEntry entry = terrane_node_entry (node, placed);
  g_autofree char *target =
      node->type == OCI_ENTRY_SYMLINK ? place_target (self, path, placed, node->target) : NULL;
  entry.target = target;
  TerraneNode *existing = terrane_tree_lookup (self->out, placed);
  if (existing != NULL && existing->type == OCI_ENTRY_DIRECTORY
      && node->type == OCI_ENTRY_DIRECTORY)
    return TRUE;
  if (existing != NULL && terrane_node_equal (existing, node))
    return TRUE;
  if (existing != NULL)
    return oci_throw (error, OCI_ERROR_USAGE,
                      "two different files of the tree would be %s in the layer", placed);
  TerraneNode *added = NULL;
  if (!terrane_tree_add (self->out, &entry, &added, error))
    return FALSE;
  added->object = node->object;
  added->fresh = node->fresh;
  self->n_placed += node->type != OCI_ENTRY_DIRECTORY;
  return TRUE;
}

TerraneTree *
terrane_zip_lay_out (TerraneZipKind kind, TerraneTree *tree, const char *name, GError **error)
{
  OCI_PREFIX (error, "the tree ‘%s’", name);
  g_autoptr (TerraneTree) out = terrane_tree_new ();
  g_autoptr (GString) outside = g_string_new (NULL);
  Layout self = { .kind = kind, .out = out, .outside = outside };
  if (!terrane_tree_foreach (tree, place_node, &self, error))
    return NULL;
  if (self.n_outside > MAX_SHOWN)
    g_string_append_printf (outside, "\n  and %u more", self.n_outside - MAX_SHOWN);
  if (self.n_outside > 0 && kind == TERRANE_ZIP_LAYER)
    oci_throw (error, OCI_ERROR_USAGE,
               "a layer is unpacked at /opt and changes nothing else; set the tree's ‘prefix’ to "
               "/opt (for Python packages /opt/python), or leave the files out with ‘exclude’:%s",
               outside->str);
  else if (self.n_outside > 0)
    oci_throw (
        error, OCI_ERROR_USAGE,
        "a function is unpacked at /var/task and changes nothing else; write the tree into a "
        "layer with --output lambda-layer:FILE,trees=%s, or set its ‘prefix’ to /var/task:%s",
        name, outside->str);
  else if (self.n_placed == 0)
    oci_throw (error, OCI_ERROR_USAGE, "it has no files for the zip");
  else
    return g_steal_pointer (&out);
  return NULL;
}
