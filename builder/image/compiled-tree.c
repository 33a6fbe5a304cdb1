#include "builder/image/compiled-tree.h"

#include "builder/image/compilation.h"
#include "builder/source/compile.h"
#include "builder/source/compiled-document.h"
#include "builder/store/cache.h"
#include "builder/store/object.h"

#include "oci/base/glob.h"
#include "oci/base/path.h"
#include "oci/base/text-hash.h"

#include <string.h>

enum
{
  MAX_NOTE_BYTES = 1024 * 1024, /* enough for a hundred recipes */
  MAX_SHOWN_CONFLICTS = 10,
};

/* A source that is compiled. */
typedef struct
{
  const TerraneSourceContext *context;
  const TerraneSourceTreeOptions *options;
  TerranePin *pin;
  GArray *commits; /* of OciDigest: of the included recipes, in the order of the set */
} Compilation;

/* An entry of a tree of several recipes. */
typedef struct
{
  const TerraneRecipe *recipe; /* the first one that installs it */
  OciEntryType type;
  OciDigest object; /* unless it is a directory */
} Placed;

/* The results of recipes, as the source of a tree. */
typedef struct
{
  Compilation *compilation;
  const TerraneRecipe *recipe; /* the current recipe */
  const OciDigest *commit;     /* its result */
  char *place;                 /* path of its document, below the prefix */
  GBytes *note;                /* (nullable): the existing document */
  TerraneSourceFilter *filter;
  json_t *files; /* array: paths of the included files, below the prefix */
  GHashTable *placed;
  GString *conflicts; /* lines: paths of the recipe that an earlier one has, but another file */
  guint n_conflicts;
} Result;

static gboolean
read_fd (gpointer data, void *buffer, size_t len, size_t *out_read, GError **error)
{
  return oci_read_full (*(int *) data, buffer, len, out_read, error);
}

static gboolean
read_note (Result *self, const TerraneNode *node, GError **error)
{
  g_auto (OciFd) fd = -1;
  size_t size = 0;
  if (node->type != OCI_ENTRY_FILE || node->size > MAX_NOTE_BYTES)
    return TRUE;
  g_autofree char *data = g_malloc (node->size + 1);
  if (!terrane_object_open_verified (self->compilation->context->store, node, &fd, error)
      || !oci_read_full (fd, data, node->size, &size, error))
    return FALSE;
  g_clear_pointer (&self->note, g_bytes_unref);
  self->note = g_bytes_new_take (g_steal_pointer (&data), size);
  return TRUE;
}

/* As with a tree for each recipe, none replaces a file of another one. */
static void
place (Result *self, const TerraneNode *node, const char *inside)
{
  if (self->placed == NULL || !terrane_source_wants (self->filter, inside))
    return;
  gboolean is_directory = node->type == OCI_ENTRY_DIRECTORY;
  const Placed *before = g_hash_table_lookup (self->placed, inside);
  if (before == NULL)
    {
      Placed *placed = g_new0 (Placed, 1);
      *placed = (Placed){ .recipe = self->recipe, .type = node->type };
      if (!is_directory)
        placed->object = node->object;
      g_hash_table_insert (self->placed, g_strdup (inside), placed);
      return;
    }
  if (before->type == node->type
      && (is_directory || oci_digest_equal (&before->object, &node->object)))
    return;
  g_autofree char *whole =
      g_build_filename ("/", self->compilation->pin->spec->prefix, inside, NULL);
  g_autofree char *quoted = oci_quote (whole);
  if (self->n_conflicts++ < MAX_SHOWN_CONFLICTS)
    g_string_append_printf (self->conflicts, "\n  %s: differs from the one of ‘%s’", quoted,
                            before->recipe->name);
}

static gboolean
check_conflicts (const Result *self, GError **error)
{
  if (self->n_conflicts > MAX_SHOWN_CONFLICTS)
    g_string_append_printf (self->conflicts, "\n  and %u more",
                            self->n_conflicts - MAX_SHOWN_CONFLICTS);
  return self->n_conflicts == 0
         || oci_throw (error, OCI_ERROR_USAGE,
                       "its files do not fit together with those of a recipe that it needs; leave "
                       "files out with the ‘exclude’ of one of the recipes:%s",
                       self->conflicts->str);
}

static gboolean
take_node (TerraneNode *node, const char *path, gpointer data, GError **error)
{
  Result *self = data;
  const TerranePin *pin = self->compilation->pin;
  const char *prefix = pin->spec->prefix;
  if (!oci_path_is_below (path, prefix) || g_str_equal (path, prefix))
    return TRUE;
  const char *inside = prefix[0] != '\0' ? path + strlen (prefix) + 1 : path;
  if (strcmp (inside, self->place) == 0)
    return read_note (self, node, error);
  if (!pin->spec->development
      && oci_glob_match_any ((const char *const *) self->recipe->development, inside))
    return TRUE;
  place (self, node, inside);
  g_auto (OciFd) fd = -1;
  OciEntry entry = terrane_node_entry (node, inside);
  gboolean is_file = node->type == OCI_ENTRY_FILE;
  if (node->type != OCI_ENTRY_DIRECTORY)
    oci_json_append (self->files, oci_json_text (inside));
  if (is_file
      && !terrane_object_open_verified (self->compilation->context->store, node, &fd, error))
    return FALSE;
  return terrane_source_take (self->filter, &entry, is_file ? read_fd : NULL, &fd, error);
}

/* The unread part of a document. */
typedef struct
{
  const guint8 *data;
  gsize left;
} Text;

static gboolean
read_text (gpointer data, void *buffer, size_t len, size_t *out_read, G_GNUC_UNUSED GError **error)
{
  Text *self = data;
  *out_read = MIN (len, self->left);
  memcpy (buffer, self->data, *out_read);
  self->data += *out_read;
  self->left -= *out_read;
  return TRUE;
}

/* Takes the document of the recipe in the image. */
static gboolean
take_document (Result *self, GError **error)
{
  g_autoptr (GBytes) document =
      terrane_compiled_document (self->recipe, self->commit, self->note, self->files);
  Text text = { .left = 0 };
  text.data = g_bytes_get_data (document, &text.left);
  const OciEntry entry = {
    .path = self->place, .type = OCI_ENTRY_FILE, .mode = 0644, .size = text.left
  };
  return terrane_source_take (self->filter, &entry, read_text, &text, error);
}

static gboolean
take_recipe (Result *self, GError **error)
{
  g_autofree char *place = terrane_compiled_document_place (self->recipe);
  g_autoptr (TerraneTree) tree =
      terrane_commit_load (self->compilation->context->store, self->commit, error);
  self->place = place;
  json_array_clear (self->files);
  gboolean ok = tree != NULL && terrane_tree_foreach (tree, take_node, self, error)
                && check_conflicts (self, error) && take_document (self, error);
  g_clear_pointer (&self->note, g_bytes_unref);
  return ok;
}

static gboolean
feed (gpointer data, TerraneSourceFilter *filter, GError **error)
{
  Result *self = data;
  const Compilation *compilation = self->compilation;
  const GPtrArray *recipes = compilation->pin->recipes->recipes;
  guint first = terrane_compile_first_taken (compilation->pin);
  self->filter = filter;
  for (guint i = first; i < recipes->len; i++)
    {
      self->recipe = recipes->pdata[i];
      OCI_PREFIX (error, "%s", self->recipe->name);
      self->commit = &g_array_index (compilation->commits, OciDigest, i - first);
      if (!take_recipe (self, error))
        return FALSE;
    }
  return TRUE;
}

/* Finds the results of the included recipes. */
static gboolean
find_commits (Compilation *self, gboolean *out_all, GError **error)
{
  const GPtrArray *recipes = self->pin->recipes->recipes;
  g_array_set_size (self->commits, 0);
  *out_all = TRUE;
  for (guint i = terrane_compile_first_taken (self->pin); *out_all && i < recipes->len; i++)
    {
      OciDigest commit;
      OciDigest key =
          terrane_compile_key (recipes->pdata[i], self->pin->spec->prefix, &self->pin->in->key);
      if (!terrane_source_tree_find_commit (self->context->store, &key, &commit, out_all, error))
        return FALSE;
      g_array_append_val (self->commits, commit);
    }
  return TRUE;
}

/* A build has compiled the missing ones before. */
static gboolean
make_commits (Compilation *self, GError **error)
{
  gboolean all = FALSE;
  g_autoptr (GPtrArray) pins = g_ptr_array_new ();
  g_ptr_array_add (pins, self->pin);
  if (!find_commits (self, &all, error))
    return FALSE;
  return all
         || (terrane_compile_missing (self->context, pins, NULL, error)
             && find_commits (self, &all, error)
             && (all
                 || oci_throw (error, OCI_ERROR_CORRUPT, "%s: what was compiled is lost",
                               self->pin->spec->where)));
}

static void
add_commit (json_t *list, const OciDigest *commit)
{
  OciDigestHex hex;
  oci_json_append (list, oci_json_text (oci_digest_hex (commit, hex)));
}

/* Names the results that gc keeps together with the tree. */
static gboolean
remember_results (const Compilation *self, const OciDigest *tree, GError **error)
{
  OciDigestHex hex;
  TerraneStore *store = self->context->store;
  const TerranePin *pin = self->pin;
  g_autoptr (OciJsonValue) entry = json_object ();
  OciDigest commit;
  gboolean found = FALSE;
  json_t *results = json_array ();
  oci_json_set (entry, "commit", oci_json_text (oci_digest_hex (tree, hex)));
  oci_json_set (entry, "results", results);
  for (guint i = 0; i < pin->recipes->recipes->len; i++)
    {
      OciDigest key =
          terrane_compile_key (pin->recipes->recipes->pdata[i], pin->spec->prefix, &pin->in->key);
      if (!terrane_source_tree_find_commit (store, &key, &commit, &found, error))
        return FALSE;
      if (found)
        add_commit (results, &commit);
    }
  if (pin->in->spec->kind == TERRANE_SOURCE_IMAGE)
    {
      g_autoptr (OciJsonValue) unpacked =
          terrane_cache_get (store, TERRANE_CACHE_UNPACKED, &pin->in->digest);
      const char *in = terrane_cache_text (unpacked, "commit");
      if (in != NULL)
        oci_json_set (entry, "in", oci_json_text (in));
    }
  else if (!terrane_source_tree_find_commit (store, &pin->in->key, &commit, &found, error))
    return FALSE;
  else if (found)
    oci_json_set (entry, "in", oci_json_text (oci_digest_hex (&commit, hex)));
  return terrane_cache_put (store, TERRANE_CACHE_COMPILED, &pin->key, entry, error);
}

static gboolean
make_tree (Compilation *self, TerraneSourceTree *out_tree, GError **error)
{
  TerraneStore *store = self->context->store;
  TerranePin *pin = self->pin;
  OciDigest identity;
  g_autoptr (OciJsonValue) files = json_array ();
  g_autoptr (GString) conflicts = g_string_new (NULL);
  g_autoptr (GHashTable) placed =
      g_hash_table_new_full (oci_text_hash, g_str_equal, g_free, g_free);
  Result result = { .compilation = self, .files = files, .conflicts = conflicts };
  if (pin->spec->with_needs)
    result.placed = placed;
  return make_commits (self, error) && terrane_source_tree_set_key (store, pin, &identity, error)
         && terrane_source_tree_make_from (store, pin, &identity, feed, &result, self->options,
                                           out_tree, error)
         && remember_results (self, &out_tree->commit, error);
}

gboolean
terrane_compiled_tree_make (const TerraneSourceContext *context, TerranePin *pin,
                            const TerraneSourceTreeOptions *options, TerraneSourceTree *out_tree,
                            GError **error)
{
  OciDigest identity;
  gboolean found = FALSE;
  Compilation self = { .context = context, .options = options, .pin = pin };
  if (!terrane_source_tree_set_key (context->store, pin, &identity, error)
      || !terrane_source_tree_find (context->store, &pin->key, out_tree, &found, error))
    return FALSE;
  if (found)
    {
      terrane_progress_info (context->progress, "%s: unchanged", pin->spec->name);
      return TRUE;
    }
  self.commits = g_array_new (FALSE, FALSE, sizeof (OciDigest));
  gboolean ok = make_tree (&self, out_tree, error);
  g_array_unref (self.commits);
  return ok;
}
