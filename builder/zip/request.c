#include "builder/zip/request.h"

#include "builder/zip/limits.h"

#include "oci/base/number.h"
#include "oci/base/path.h"
#include "oci/base/suggest.h"
#include "oci/base/text-hash.h"

#include <string.h>
#include <unistd.h>

static const struct
{
  const char *name;
  const char *prefix;
} kinds[] = {
  [TERRANE_ZIP_LAYER] = { "lambda-layer", "lambda-layer:" },
  [TERRANE_ZIP_FUNCTION] = { "lambda-zip", "lambda-zip:" },
};

const char *
terrane_zip_kind_name (TerraneZipKind kind)
{
  return kinds[kind].name;
}

gboolean
terrane_zip_request_knows (const char *text)
{
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (g_str_has_prefix (text, kinds[i].prefix))
      return TRUE;
  return FALSE;
}

void
terrane_zip_request_free (TerraneZipRequest *self)
{
  if (self == NULL)
    return;
  g_free (self->text);
  g_free (self->path);
  g_strfreev (self->trees);
  g_free (self);
}

static gboolean
parse_split (TerraneZipRequest *self, const char *value, GError **error)
{
  if (self->kind != TERRANE_ZIP_LAYER)
    return oci_throw (error, OCI_ERROR_USAGE, "a function is one file; only layers can be split");
  if (strcmp (value, "auto") == 0)
    {
      self->split_bytes = TERRANE_ZIP_DIRECT_BYTES;
      return TRUE;
    }
  OCI_PREFIX (error, "split");
  if (!oci_parse_size (value, &self->split_bytes, error))
    return FALSE;
  return self->split_bytes >= TERRANE_ZIP_LEAST_SPLIT
         || oci_throw (error, OCI_ERROR_USAGE, "a layer of less than 1 MB is not worth a file");
}

/* Returns: whether the tree @name, if it is a valid name, was added */
static gboolean
add_tree (GPtrArray *trees, const char *name, GError **error)
{
  if (name[0] == '\0')
    return oci_throw (error, OCI_ERROR_USAGE, "trees: a name is empty");
  if (g_ptr_array_find_with_equal_func (trees, name, g_str_equal, NULL))
    {
      g_autofree char *quoted = oci_quote (name);
      return oci_throw (error, OCI_ERROR_USAGE, "trees: %s is there twice", quoted);
    }
  g_ptr_array_add (trees, g_strdup (name));
  return TRUE;
}

/* A word without "=" continues the list before it. */
static gboolean
parse_option (TerraneZipRequest *self, const char *word, GPtrArray *trees, gboolean *in_trees,
              GError **error)
{
  static const char *const words[] = { "trees", "split", NULL };
  const char *equal = strchr (word, '=');
  if (equal == NULL && *in_trees)
    return add_tree (trees, word, error);
  g_autofree char *key = equal != NULL ? g_strndup (word, (gsize) (equal - word)) : g_strdup (word);
  *in_trees = strcmp (key, "trees") == 0;
  if (equal != NULL && *in_trees)
    return add_tree (trees, equal + 1, error);
  if (equal != NULL && strcmp (key, "split") == 0)
    return parse_split (self, equal + 1, error);
  g_autofree char *quoted = oci_quote (word);
  g_autofree char *hint = oci_did_you_mean (key, words);
  return oci_throw (error, OCI_ERROR_USAGE,
                    "%s is not an option; after the file there may be trees=NAME,… and, for "
                    "layers, split=auto or split=SIZE%s",
                    quoted, hint);
}

TerraneZipRequest *
terrane_zip_request_parse (const char *text, GError **error)
{
  g_autofree char *quoted = oci_quote (text);
  OCI_PREFIX (error, "%s", quoted);
  g_autoptr (TerraneZipRequest) self = g_new0 (TerraneZipRequest, 1);
  g_autoptr (GPtrArray) trees = g_ptr_array_new_with_free_func (g_free);
  self->kind = g_str_has_prefix (text, kinds[TERRANE_ZIP_LAYER].prefix) ? TERRANE_ZIP_LAYER
                                                                        : TERRANE_ZIP_FUNCTION;
  self->text = g_strdup (text);
  g_auto (GStrv) words = g_strsplit (text + strlen (kinds[self->kind].prefix), ",", -1);
  if (words[0] == NULL || words[0][0] == '\0' || g_str_has_suffix (words[0], "/"))
    {
      oci_throw (error, OCI_ERROR_USAGE, "the name of the file is missing");
      return NULL;
    }
  self->path = g_strdup (words[0]);
  gboolean in_trees = FALSE;
  for (char **word = words + 1; *word != NULL; word++)
    if (!parse_option (self, *word, trees, &in_trees, error))
      return NULL;
  if (trees->len > 0)
    {
      g_ptr_array_add (trees, NULL);
      self->trees = (char **) g_ptr_array_free (g_steal_pointer (&trees), FALSE);
    }
  return g_steal_pointer (&self);
}

static gboolean
check_file (const char *path, GHashTable *paths, GError **error)
{
  g_autofree char *directory = g_path_get_dirname (path);
  g_autofree char *canonical = g_canonicalize_filename (path, NULL);
  if (g_file_test (path, G_FILE_TEST_IS_DIR))
    return oci_throw (error, OCI_ERROR_USAGE, "%s is a directory", path);
  if (access (directory, W_OK | X_OK) != 0)
    return oci_throw_errno (error, "the directory %s", directory);
  return g_hash_table_add (paths, g_steal_pointer (&canonical))
         || oci_throw (error, OCI_ERROR_USAGE, "%s is written twice", path);
}

static gboolean
check_names (const TerraneZipRequest *self, const TerraneProfile *profile, GError **error)
{
  g_autoptr (GPtrArray) known = g_ptr_array_new ();
  for (guint i = 0; i < profile->trees->len; i++)
    g_ptr_array_add (known, ((TerraneSourceSpec *) profile->trees->pdata[i])->name);
  g_ptr_array_add (known, NULL);
  const char *const *words = (const char *const *) known->pdata;
  for (char **name = self->trees; name != NULL && *name != NULL; name++)
    if (!g_strv_contains (words, *name))
      {
        g_autofree char *quoted = oci_quote (*name);
        g_autofree char *hint = oci_did_you_mean (*name, words);
        g_autofree char *list = g_strjoinv (", ", (char **) known->pdata);
        return oci_throw (error, OCI_ERROR_USAGE, "%s has no tree %s%s; it has: %s", profile->path,
                          quoted, hint, list);
      }
  return TRUE;
}

static gboolean
is_code (const TerraneSourceSpec *spec)
{
  return spec->kind == TERRANE_SOURCE_DIRECTORY && oci_path_is_below (spec->prefix, "var/task");
}

/* @layers: names of the trees that are in layers: a set */
static gboolean
choose_trees (TerraneZipRequest *self, const TerraneProfile *profile, GHashTable *layers,
              GError **error)
{
  if (self->trees != NULL)
    return TRUE;
  g_autoptr (GPtrArray) trees = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < profile->trees->len; i++)
    {
      const TerraneSourceSpec *spec = profile->trees->pdata[i];
      gboolean wanted = !g_hash_table_contains (layers, spec->name)
                        && (self->kind == TERRANE_ZIP_FUNCTION || !is_code (spec));
      if (wanted)
        g_ptr_array_add (trees, g_strdup (spec->name));
    }
  if (trees->len == 0)
    return oci_throw (error, OCI_ERROR_USAGE, "%s has no tree for it; name some with ,trees=NAME",
                      profile->path);
  g_ptr_array_add (trees, NULL);
  self->trees = (char **) g_ptr_array_free (g_steal_pointer (&trees), FALSE);
  return TRUE;
}

static gboolean
note_layer_trees (const TerraneZipRequest *self, GHashTable *layers, GError **error)
{
  for (char **name = self->trees; self->kind == TERRANE_ZIP_LAYER && *name != NULL; name++)
    if (!g_hash_table_add (layers, g_strdup (*name)))
      return oci_throw (error, OCI_ERROR_USAGE, "the tree ‘%s’ is in another layer already", *name);
  return TRUE;
}

/* Named layers first, then those without a name, which get the rest, then functions. */
static int
turn_of (const TerraneZipRequest *self)
{
  return self->kind == TERRANE_ZIP_FUNCTION ? 2 : self->trees == NULL;
}

gboolean
terrane_zip_requests_check (GPtrArray *requests, const TerraneProfile *profile, GError **error)
{
  g_autoptr (GHashTable) paths = g_hash_table_new_full (oci_text_hash, g_str_equal, g_free, NULL);
  g_autoptr (GHashTable) layers = g_hash_table_new_full (oci_text_hash, g_str_equal, g_free, NULL);
  g_autofree int *turns = g_new0 (int, requests->len + 1);
  if (requests->len > 0 && profile->target != TERRANE_TARGET_AWS_LAMBDA)
    return oci_throw (error, OCI_ERROR_USAGE,
                      "%s: layers and zips are for AWS Lambda, and the profile's target is ‘%s’",
                      profile->path, terrane_target_words ()[profile->target]);
  for (guint i = 0; i < requests->len; i++)
    turns[i] = turn_of (requests->pdata[i]);
  for (int turn = 0; turn <= 2; turn++)
    for (guint i = 0; i < requests->len; i++)
      {
        TerraneZipRequest *self = requests->pdata[i];
        OCI_PREFIX (error, "%s", self->text);
        if (turns[i] == turn
            && (!check_names (self, profile, error) || !check_file (self->path, paths, error)
                || !choose_trees (self, profile, layers, error)
                || !note_layer_trees (self, layers, error)))
          return FALSE;
      }
  return TRUE;
}
