#include "builder/image/compile-sources.h"

#include "builder/image/source-tree.h"

#include "oci/base/path.h"

#include <string.h>

/* Whether @path is below a directory, or not one of its parents if it is the root. */
static gboolean
note_content (G_GNUC_UNUSED TerraneNode *node, const char *path, gpointer data,
              G_GNUC_UNUSED GError **error)
{
  const char **directory = data;
  if (*directory != NULL && path[0] != '\0' && strcmp (path, *directory) != 0
      && !oci_path_is_below (*directory, path))
    *directory = NULL;
  return TRUE;
}

/* Steps would start in an empty directory, and fail for a reason that misleads. */
static gboolean
check_source (const TerraneCompileSources *self, const TerraneRecipeSource *source,
              TerraneSourceTree *tree, const char *where, GError **error)
{
  const char *directory = source->directory;
  const guint stripped = tree->stripped;
  OCI_PREFIX (error, "%s", where);
  g_autoptr (TerraneTree) content = terrane_source_tree_steal (tree, self->store, error);
  if (content == NULL || !terrane_tree_foreach (content, note_content, &directory, error))
    return FALSE;
  if (directory != NULL && source->strip_components == 0)
    return oci_throw (error, OCI_ERROR_FORMAT, "the archive is empty");
  if (directory != NULL)
    return oci_throw (
        error, OCI_ERROR_FORMAT,
        "‘strip_components’ %u leaves nothing of the archive: its files are not below "
        "so many directories, or it is empty; \"strip_components\": 0 keeps all",
        source->strip_components);
  if (stripped > 0)
    g_ptr_array_add (self->warnings,
                     g_strdup_printf ("%s: ‘strip_components’ %u leaves out %u %s of the archive, "
                                      "which are not below so many directories",
                                      where, source->strip_components, stripped,
                                      stripped == 1 ? "file" : "files"));
  return TRUE;
}

/* Through the store, whose filter refuses hostile names. */
static gboolean
unpack_source (const TerraneCompileSources *self, guint number, GError **error)
{
  const TerraneRecipeSource *source = self->recipe->sources->pdata[number];
  const TerraneSourceTreeOptions options = { .jobs = self->jobs, .progress = self->progress };
  g_autoptr (GPtrArray) archives = g_ptr_array_new ();
  g_autofree char *where = g_strdup_printf ("%s: sources[%u]", self->recipe->path, number);
  TerraneSourceTree tree = { 0 };
  g_ptr_array_add (archives, (gpointer) &source->file);
  TerraneSourceSpec spec = { .where = where,
                             .name = self->recipe->name,
                             .kind = TERRANE_SOURCE_ARCHIVE,
                             .archives = archives,
                             .prefix = source->directory,
                             .strip_components = source->strip_components,
                             .skip_special = TRUE,
                             .of_recipe = TRUE,
                             .allow_outside_links = TRUE };
  g_autoptr (TerranePin) pin = terrane_pin_new (&spec, TRUE);
  gboolean ok = terrane_source_tree_make (self->store, pin, &options, &tree, error);
  ok = ok && check_source (self, source, &tree, where, error);
  if (ok)
    {
      OCI_PREFIX (error, "%s: unpacking", where);
      ok = terrane_commit_copy_out (self->store, &tree.commit, self->dfd, error);
    }
  terrane_source_tree_clear (&tree);
  return ok;
}

gboolean
terrane_compile_sources_unpack (const TerraneCompileSources *self, GError **error)
{
  for (guint i = 0; i < self->recipe->sources->len; i++)
    if (!unpack_source (self, i, error))
      return FALSE;
    else if (g_cancellable_is_cancelled (self->interrupted))
      return oci_throw (error, OCI_ERROR_CANCELLED, "interrupted");
  return TRUE;
}
