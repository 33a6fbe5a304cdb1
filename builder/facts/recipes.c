#include "builder/facts/recipes.h"

#include "builder/annotations.h"

#include "oci/base/path.h"

#include <string.h>

enum
{
  MAX_DOCUMENT_BYTES = 16 * 1024 * 1024,
  MAX_DOCUMENTS = 1000,
};

typedef struct
{
  const TerraneImageView *view;
  GPtrArray *compiled;
} Search;

static void
compiled_free (gpointer data)
{
  TerraneCompiled *self = data;
  g_free (self->prefix);
  json_decref (self->document);
  g_free (self);
}

static const char *
text_of (const json_t *object, const char *key)
{
  return json_string_value (json_object_get (object, key));
}

static gboolean
is_map (const json_t *object)
{
  const char *key;
  json_t *value;
  json_object_foreach ((json_t *) object, key, value) if (!json_is_string (value)) return FALSE;
  return json_is_object (object);
}

/* Whether it is a list of objects with members like "name" or "sha256". */
static gboolean
is_list (const json_t *array)
{
  size_t i;
  const json_t *item;
  json_array_foreach (array, i, item) if (!is_map (item)) return FALSE;
  return json_is_array (array);
}

static gboolean
is_document (const json_t *document)
{
  const json_t *license = json_object_get (document, "license");
  const json_t *variables = json_object_get (document, "variables");
  return text_of (document, "name") != NULL && text_of (document, "version") != NULL
         && text_of (document, "commit") != NULL && (license == NULL || json_is_string (license))
         && (variables == NULL || is_map (variables))
         && is_list (json_object_get (document, "sources"))
         && is_list (json_object_get (document, "patches"))
         && is_list (json_object_get (document, "needs"));
}

/* Returns: (transfer full) (nullable) */
static TerraneCompiled *
read_document (const TerraneNode *node, const char *prefix, GBytes *bytes)
{
  gsize size = 0;
  const char *data = g_bytes_get_data (bytes, &size);
  g_autoptr (OciJsonValue) document =
      size > 0 ? json_loadb (data, size, JSON_REJECT_DUPLICATES, NULL) : NULL;
  if (!is_document (document))
    return NULL;
  TerraneCompiled *self = g_new0 (TerraneCompiled, 1);
  self->node = node;
  self->prefix = g_strdup (prefix);
  self->document = g_steal_pointer (&document);
  self->name = text_of (self->document, "name");
  self->version = text_of (self->document, "version");
  self->commit = text_of (self->document, "commit");
  return self;
}

/* Returns: (transfer full) (nullable): the part of @path before the directory of documents */
static char *
prefix_of (const char *path)
{
  const gsize len = strlen (TERRANE_RECIPE_DOCUMENTS);
  const char *name = strrchr (path, '/');
  if (name == NULL || !g_str_has_suffix (name, ".json") || (gsize) (name - path) < len
      || strncmp (name - len, TERRANE_RECIPE_DOCUMENTS, len) != 0)
    return NULL;
  if (name - len == path)
    return g_strdup ("");
  return name[-(gssize) len - 1] == '/' ? g_strndup (path, (gsize) (name - path) - len - 1) : NULL;
}

static gboolean
visit (TerraneNode *node, const char *path, gpointer data, GError **error)
{
  Search *self = data;
  g_autoptr (GBytes) bytes = NULL;
  if (node->type != OCI_ENTRY_FILE || self->compiled->len >= MAX_DOCUMENTS
      || strcmp (node->parent->name != NULL ? node->parent->name : "", "recipes") != 0)
    return TRUE;
  g_autofree char *prefix = prefix_of (path);
  if (prefix == NULL)
    return TRUE;
  if (!terrane_image_view_read (self->view, node, MAX_DOCUMENT_BYTES, &bytes, error))
    return FALSE;
  TerraneCompiled *compiled = bytes != NULL ? read_document (node, prefix, bytes) : NULL;
  if (compiled != NULL)
    g_ptr_array_add (self->compiled, compiled);
  return TRUE;
}

gboolean
terrane_compiled_find (const TerraneImageView *view, GPtrArray **out_compiled, GError **error)
{
  g_autoptr (GPtrArray) compiled = g_ptr_array_new_with_free_func (compiled_free);
  Search self = { .view = view, .compiled = compiled };
  if (!terrane_tree_foreach (view->tree, visit, &self, error))
    return FALSE;
  *out_compiled = g_steal_pointer (&compiled);
  return TRUE;
}

gboolean
terrane_compiled_has (const TerraneCompiled *self, const TerraneNode *node)
{
  size_t i;
  const json_t *file;
  g_autofree char *path = terrane_node_path (node);
  if (!oci_path_is_below (path, self->prefix))
    return FALSE;
  const char *inside = self->prefix[0] != '\0' ? path + strlen (self->prefix) + 1 : path;
  json_array_foreach (json_object_get (self->document, "files"), i,
                      file) if (g_strcmp0 (json_string_value (file), inside) == 0) return TRUE;
  return FALSE;
}
