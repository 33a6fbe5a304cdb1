#include "builder/profile/provenance.h"

TerraneOrigin *
terrane_origin_new (unsigned file, size_t tree)
{
  TerraneOrigin *self = g_new0 (TerraneOrigin, 1);
  self->file = file;
  self->tree = tree;
  return self;
}

void
terrane_origin_free (TerraneOrigin *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->members, g_hash_table_unref);
  g_clear_pointer (&self->trees, g_ptr_array_unref);
  g_free (self);
}

TerraneProvenance *
terrane_provenance_new (void)
{
  TerraneProvenance *self = g_new0 (TerraneProvenance, 1);
  self->files = g_ptr_array_new_with_free_func (g_free);
  self->root = terrane_origin_new (0, 0);
  return self;
}

void
terrane_provenance_free (TerraneProvenance *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->files);
  terrane_origin_free (self->root);
  g_free (self);
}

/* A value without an origin of its own, such as an element of a list, has that of its container. */
static const TerraneOrigin *
find (const TerraneProvenance *self, const OciJson *at)
{
  if (at->parent == NULL)
    return self->root;
  const TerraneOrigin *parent = find (self, at->parent);
  const TerraneOrigin *own = NULL;
  if (at->key != NULL && parent->members != NULL)
    own = g_hash_table_lookup (parent->members, at->key);
  else if (at->key == NULL && parent->trees != NULL && at->index < parent->trees->len)
    own = parent->trees->pdata[at->index];
  return own != NULL ? own : parent;
}

const char *
terrane_provenance_file (const TerraneProvenance *self, const OciJson *at)
{
  return self->files->pdata[find (self, at)->file];
}

/* Returns the JSON path of @at, with @tree as the position of its tree. */
static char *
path_in_file (const OciJson *at, const TerraneOrigin *trees, size_t tree)
{
  g_autoptr (GArray) chain = g_array_new (FALSE, FALSE, sizeof (OciJson));
  for (const OciJson *step = at; step != NULL; step = step->parent)
    g_array_prepend_val (chain, *step);
  for (guint i = 1; i < chain->len; i++)
    g_array_index (chain, OciJson, i).parent = &g_array_index (chain, OciJson, i - 1);
  if (chain->len > 2 && trees != NULL && trees->trees != NULL
      && g_strcmp0 (g_array_index (chain, OciJson, 1).key, "trees") == 0)
    g_array_index (chain, OciJson, 2).index = tree;
  return oci_json_path (&g_array_index (chain, OciJson, chain->len - 1));
}

char *
terrane_provenance_where (const TerraneProvenance *self, const OciJson *at)
{
  const TerraneOrigin *origin = find (self, at);
  const TerraneOrigin *trees =
      self->root->members != NULL ? g_hash_table_lookup (self->root->members, "trees") : NULL;
  g_autofree char *path = path_in_file (at, trees, origin->tree);
  const char *file = self->files->pdata[origin->file];
  return path[0] != '\0' ? g_strconcat (file, ": ", path, NULL) : g_strdup (file);
}
