#include "builder/facts/dpkg-status.h"

#include "oci/base/text.h"

#include <string.h>

enum
{
  MAX_STATUS_BYTES = 32 * 1024 * 1024,
  MAX_PACKAGES = 20000,
  MAX_FIELD_BYTES = 512,
};

static void
package_free (gpointer data)
{
  TerraneDpkgPackage *self = data;
  g_free (self->name);
  g_free (self->version);
  g_free (self->source);
  g_free (self->source_version);
  g_free (self);
}

/* One stanza; its texts are borrowed. */
typedef struct
{
  const char *name;
  const char *version;
  const char *source; /* "NAME" or "NAME (VERSION)" */
  const char *status; /* "install ok installed" */
} Stanza;

static const char *
field_of (const char *line, const char *name)
{
  size_t length = strlen (name);
  const char *value = line + length + 1;
  if (g_ascii_strncasecmp (line, name, length) != 0 || line[length] != ':')
    return NULL;
  value += strspn (value, " \t");
  return value[0] != '\0' && strlen (value) <= MAX_FIELD_BYTES ? value : NULL;
}

static void
take_line (Stanza *self, const char *line)
{
  const char *value = NULL;
  if ((value = field_of (line, "Package")) != NULL)
    self->name = value;
  else if ((value = field_of (line, "Version")) != NULL)
    self->version = value;
  else if ((value = field_of (line, "Source")) != NULL)
    self->source = value;
  else if ((value = field_of (line, "Status")) != NULL)
    self->status = value;
}

/* A package that was removed but keeps its configuration is not installed. */
static void
end_stanza (Stanza *self, const TerraneNode *node, GPtrArray *packages)
{
  const Stanza stanza = *self;
  *self = (Stanza){ 0 };
  if (stanza.name == NULL || stanza.version == NULL || packages->len >= MAX_PACKAGES
      || (stanza.status != NULL && !g_str_has_suffix (stanza.status, " installed")))
    return;
  TerraneDpkgPackage *package = g_new0 (TerraneDpkgPackage, 1);
  const char *source = stanza.source != NULL ? stanza.source : stanza.name;
  const char *open = strchr (source, '(');
  package->node = node;
  package->name = g_strdup (stanza.name);
  package->version = g_strdup (stanza.version);
  package->source = g_strndup (source, strcspn (source, " ("));
  package->source_version =
      open != NULL ? g_strndup (open + 1, strcspn (open + 1, ")")) : g_strdup (stanza.version);
  g_ptr_array_add (packages, package);
}

static gboolean
read_status (const TerraneImageView *view, const TerraneNode *node, GPtrArray *packages,
             GError **error)
{
  g_autoptr (GBytes) bytes = NULL;
  Stanza stanza = { 0 };
  gsize size = 0;
  if (!terrane_image_view_read (view, node, MAX_STATUS_BYTES, &bytes, error))
    return FALSE;
  const char *data = bytes != NULL ? g_bytes_get_data (bytes, &size) : "";
  g_autofree char *text = g_strndup (data, size);
  for (char *at = text, *line; (line = oci_next_line (&at)) != NULL;)
    if (line[0] == '\0')
      end_stanza (&stanza, node, packages);
    else if (line[0] != ' ' && line[0] != '\t')
      take_line (&stanza, line);
  end_stanza (&stanza, node, packages);
  return TRUE;
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  const TerraneDpkgPackage *x = *(TerraneDpkgPackage *const *) a;
  const TerraneDpkgPackage *y = *(TerraneDpkgPackage *const *) b;
  int order = strcmp (x->name, y->name);
  return order != 0 ? order : strcmp (x->version, y->version);
}

gboolean
terrane_dpkg_status_find (const TerraneImageView *view, GPtrArray **out_packages, GError **error)
{
  g_autoptr (GPtrArray) packages = g_ptr_array_new_with_free_func (package_free);
  const TerraneNode *status = terrane_tree_follow (view->tree, "var/lib/dpkg/status");
  const TerraneNode *parts = terrane_tree_follow_directory (view->tree, "var/lib/dpkg/status.d");
  if (status != NULL && !read_status (view, status, packages, error))
    return FALSE;
  for (guint i = 0; parts != NULL && i < parts->children->len; i++)
    {
      const TerraneNode *part = parts->children->pdata[i];
      if (part->type == OCI_ENTRY_FILE && !g_str_has_suffix (part->name, ".md5sums")
          && !read_status (view, part, packages, error))
        return FALSE;
    }
  g_ptr_array_sort (packages, compare_names);
  *out_packages = g_steal_pointer (&packages);
  return TRUE;
}
