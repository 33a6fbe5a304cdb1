#include "builder/profile/recipe-files.h"

#include "oci/base/error.h"
#include "oci/base/fd.h"

#include <fcntl.h>

enum
{
  MAX_PATCH_BYTES = 8 * 1024 * 1024,
};

void
terrane_recipe_file_free (gpointer data)
{
  TerraneRecipeFile *self = data;
  if (self == NULL)
    return;
  g_free (self->path);
  g_clear_pointer (&self->content, g_bytes_unref);
  g_free (self);
}

TerraneRecipeFile *
terrane_recipe_file_load (const char *path, const char *what, GError **error)
{
  g_autoptr (GBytes) content = NULL;
  OCI_PREFIX (error, "%s", what);
  if (!oci_read_file (AT_FDCWD, path, MAX_PATCH_BYTES, &content, error))
    return NULL;
  TerraneRecipeFile *self = g_new0 (TerraneRecipeFile, 1);
  self->path = g_strdup (path);
  self->digest = oci_digest_of_bytes (content);
  self->content = g_steal_pointer (&content);
  return self;
}

/* Lines with which a change begins: unified, context and normal diffs, and what git says of a file
 * whose content stays. */
static const char hunk[] =
    "^(@@ -[0-9]|\\*{15}|[0-9]+(,[0-9]+)?[acd][0-9]+(,[0-9]+)?\\r?$|(rename|copy) from |"
    "(new|deleted) file mode |new mode )";

/* busybox's patch takes anything for a patch that changes nothing. */
static gboolean
check_patch (const TerraneRecipeFile *patch, guint number, GError **error)
{
  OCI_PREFIX (error, "patches[%u]", number);
  gsize size = 0;
  const char *text = g_bytes_get_data (patch->content, &size);
  g_autoptr (GRegex) regex = g_regex_new (hunk, G_REGEX_MULTILINE | G_REGEX_RAW, 0, error);
  if (regex == NULL)
    return FALSE;
  if (size > 0 && g_regex_match_full (regex, text, (gssize) size, 0, 0, NULL, NULL))
    return TRUE;
  return oci_throw (error, OCI_ERROR_USAGE,
                    "%s changes nothing: it has no hunk (a part that begins with ‘@@ -’); is it a "
                    "patch, and complete?",
                    patch->path);
}

TerraneRecipeFile *
terrane_recipe_patch_load (const char *path, guint number, GError **error)
{
  TerraneRecipeFile *self = terrane_recipe_file_load (path, "patches", error);
  if (self == NULL || check_patch (self, number, error))
    return self;
  terrane_recipe_file_free (self);
  return NULL;
}
