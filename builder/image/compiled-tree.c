#include "builder/image/compiled-tree.h"

#include "builder/compile/run.h"
#include "builder/image/base.h"
#include "builder/image/compiled-root.h"
#include "builder/source/compile.h"
#include "builder/store/object.h"

#include "oci/base/glob.h"
#include "oci/base/path.h"

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#define LOGS "logs"

/* One source that is compiled. */
typedef struct
{
  const TerraneSourceContext *context;
  const TerraneSourceTreeOptions *options;
  TerranePin *pin;
  TerraneBase *base; /* (nullable): the same, once something is compiled */
  GArray *commits;   /* of OciDigest: of the recipes so far, in the order of the set */
} Compilation;

/* A directory that steps write to: gc removes what killed processes leave. */
typedef struct
{
  char *path;
  OciFd fd;
} Work;

static void
work_clear (Work *self)
{
  if (self->path != NULL)
    (void) oci_remove_tree (AT_FDCWD, self->path, NULL); /* gc finds what is left */
  g_clear_pointer (&self->path, g_free);
  oci_fd_close (self->fd);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Work, work_clear)

static gboolean
work_make (Work *self, TerraneStore *store, GError **error)
{
  g_autofree char *path = terrane_store_root_path (store, ".compile-XXXXXX");
  if (g_mkdtemp_full (path, 0700) == NULL)
    return oci_throw_errno (error, "making a directory to compile in");
  self->path = g_steal_pointer (&path);
  if (!oci_open_dir (AT_FDCWD, self->path, &self->fd, error))
    return FALSE;
  if (flock (self->fd, LOCK_SH) < 0)
    return oci_throw_errno (error, "locking %s", self->path);
  return oci_make_dirs (self->fd, TERRANE_COMPILE_SOURCES, 0755, error)
         && oci_make_dirs (self->fd, TERRANE_COMPILE_OUTPUT, 0755, error);
}

/* Through the store, whose filter refuses hostile names. */
static gboolean
unpack_source (Compilation *self, const TerraneRecipe *recipe, const TerraneRecipeSource *source,
               int dfd, GError **error)
{
  TerraneStore *store = self->context->store;
  g_autoptr (GPtrArray) archives = g_ptr_array_new ();
  g_autofree char *where = g_strconcat (recipe->path, ": sources", NULL);
  TerraneSourceTree tree = { 0 };
  g_ptr_array_add (archives, (gpointer) &source->file);
  TerraneSourceSpec spec = { .where = where,
                             .name = recipe->name,
                             .kind = TERRANE_SOURCE_ARCHIVE,
                             .archives = archives,
                             .prefix = source->directory,
                             .strip_components = source->strip_components,
                             .skip_special = TRUE,
                             .allow_outside_links = TRUE };
  g_autoptr (TerranePin) pin = terrane_pin_new (&spec, TRUE);
  gboolean ok = terrane_source_tree_make (store, pin, self->options, &tree, error)
                && terrane_commit_copy_out (store, &tree.commit, dfd, error);
  terrane_source_tree_clear (&tree);
  return ok;
}

static gboolean
unpack_sources (Compilation *self, const TerraneRecipe *recipe, const Work *work, GError **error)
{
  g_auto (OciFd) fd = -1;
  if (!oci_open_dir (work->fd, TERRANE_COMPILE_SOURCES, &fd, error))
    return FALSE;
  for (guint i = 0; i < recipe->sources->len; i++)
    if (!unpack_source (self, recipe, recipe->sources->pdata[i], fd, error))
      return FALSE;
  return TRUE;
}

/* What is beside the way to the prefix was installed elsewhere. */
static gboolean
check_output (const Work *work, const char *prefix, GError **error)
{
  g_auto (GStrv) parts = g_strsplit (prefix, "/", -1);
  g_autoptr (GString) path = g_string_new (TERRANE_COMPILE_OUTPUT);
  for (char **part = parts;; part++)
    {
      g_autoptr (GPtrArray) names = NULL;
      gboolean last = *part == NULL || (*part)[0] == '\0';
      if (!oci_list_names (work->fd, path->str, FALSE, &names, error))
        return FALSE;
      if (names->len == 0)
        return oci_throw (error, OCI_ERROR_FORMAT,
                          "its steps have installed nothing below $DESTDIR/%s; pass DESTDIR and "
                          "PREFIX, which are set, to what installs",
                          prefix);
      if (last)
        return TRUE;
      for (guint i = 0; i < names->len; i++)
        if (!g_str_equal (names->pdata[i], *part))
          {
            g_autofree char *elsewhere =
                g_strdup_printf ("%s/%s", path->str + strlen (TERRANE_COMPILE_OUTPUT),
                                 (const char *) names->pdata[i]);
            g_autofree char *quoted = oci_quote (elsewhere);
            return oci_throw (error, OCI_ERROR_FORMAT,
                              "its steps have installed %s, which is not below the tree's prefix "
                              "/%s; configure it for the prefix $PREFIX",
                              quoted, prefix);
          }
      g_string_append_printf (path, "/%s", *part);
    }
}

static gboolean
take_output (Compilation *self, const TerraneRecipe *recipe, const Work *work,
             OciDigest *out_commit, GError **error)
{
  const char *prefix = self->pin->spec->prefix;
  g_autofree char *output = g_build_filename (work->path, TERRANE_COMPILE_OUTPUT, prefix, NULL);
  g_auto (TerraneSourceReport) report = { 0 };
  g_autoptr (TerraneTree) tree = NULL;
  TerraneSourceSpec spec = { .where = recipe->path,
                             .name = recipe->name,
                             .kind = TERRANE_SOURCE_DIRECTORY,
                             .directory = output,
                             .prefix = (char *) prefix,
                             .include = recipe->include,
                             .exclude = recipe->exclude,
                             .allow_outside_links = TRUE };
  g_autoptr (TerranePin) pin = terrane_pin_new (&spec, TRUE);
  const TerraneSourceOptions options = { .jobs = self->context->jobs };
  if (!check_output (work, prefix, error)
      || !terrane_source_ingest (self->context->store, pin, &options, out_commit, &tree, &report,
                                 error))
    return FALSE;
  for (guint i = 0; i < report.unused->len; i++)
    terrane_progress_warn (self->context->progress, "%s: %s matches nothing", recipe->path,
                           (const char *) report.unused->pdata[i]);
  return TRUE;
}

/* All that @recipe needs, in the order of the set. */
static void
add_needs (const TerraneRecipe *recipe, const TerraneRecipeSet *set, GPtrArray *needs)
{
  g_autoptr (GHashTable) wanted = g_hash_table_new (NULL, NULL);
  g_hash_table_add (wanted, (gpointer) recipe);
  for (guint i = set->recipes->len; i > 0; i--)
    {
      const TerraneRecipe *other = set->recipes->pdata[i - 1];
      for (guint j = 0; g_hash_table_contains (wanted, other) && j < other->needs->len; j++)
        g_hash_table_add (wanted, other->needs->pdata[j]);
    }
  for (guint i = 0; i < set->recipes->len; i++)
    if (set->recipes->pdata[i] != recipe && g_hash_table_contains (wanted, set->recipes->pdata[i]))
      g_ptr_array_add (needs, set->recipes->pdata[i]);
}

static gboolean
make_root (Compilation *self, const TerraneRecipe *recipe, char **out_path, GError **error)
{
  const TerraneRecipeSet *set = self->pin->recipes;
  g_autoptr (GPtrArray) needs = g_ptr_array_new ();
  g_autoptr (GArray) commits = g_array_new (FALSE, FALSE, sizeof (OciDigest));
  add_needs (recipe, set, needs);
  for (guint i = 0; i < needs->len; i++)
    {
      guint position = 0;
      (void) g_ptr_array_find (set->recipes, needs->pdata[i], &position); /* it is from there */
      g_array_append_val (commits, g_array_index (self->commits, OciDigest, position));
    }
  return terrane_compiled_root_make (self->context->store, self->pin->spec,
                                     &self->base->root.commit, needs, commits, out_path, error);
}

/* Between being resolved and being read, a local image can become another one. The key of another
 * source is that of what was read. */
static gboolean
open_base (Compilation *self, GError **error)
{
  const TerraneSourceContext *context = self->context;
  TerranePin *in = self->pin->in;
  if (context->sandbox != TERRANE_SANDBOX_BUBBLEWRAP)
    return oci_throw (
        error, OCI_ERROR_UNSUPPORTED,
        "compiling needs bubblewrap's sandbox: without it steps could see this machine "
        "and its network; build it where that works, and bring the store here");
  self->base = terrane_base_resolve (context->store, context->profile, in, context->remote,
                                     context->jobs, context->progress, error);
  if (self->base == NULL)
    return FALSE;
  return in->spec->kind != TERRANE_SOURCE_IMAGE
         || oci_digest_equal (&self->base->manifest_digest, &in->digest)
         || oci_throw (error, OCI_ERROR_CORRUPT, "%s changed while it was read", in->spec->image);
}

static gboolean
compile (Compilation *self, const TerraneRecipe *recipe, OciDigest *out_commit, GError **error)
{
  const TerraneSourceContext *context = self->context;
  g_autofree char *root = NULL;
  g_auto (Work) work = { .fd = -1 };
  g_autofree char *name = g_strconcat (recipe->name, ".log", NULL);
  g_autofree char *log = g_build_filename (terrane_store_path (context->store), LOGS, name, NULL);
  OCI_PREFIX (error, "%s: %s %s", self->pin->spec->where, recipe->name, recipe->version);
  if (!terrane_store_begin_write (context->store, error) || !make_root (self, recipe, &root, error)
      || !work_make (&work, context->store, error) || !unpack_sources (self, recipe, &work, error))
    return FALSE;
  const TerraneCompileRun run = { .recipe = recipe,
                                  .prefix = self->pin->spec->prefix,
                                  .root = root,
                                  .work = work.path,
                                  .log_path = log,
                                  .jobs = context->jobs,
                                  .progress = context->progress };
  return terrane_compile_run (&run, error) && take_output (self, recipe, &work, out_commit, error);
}

static OciDigest
key_of (const Compilation *self, const TerraneRecipe *recipe)
{
  return terrane_compile_key (recipe, self->pin->spec->prefix, &self->pin->in->key);
}

/* The key is remembered last. */
static gboolean
make_recipe (Compilation *self, const TerraneRecipe *recipe, GError **error)
{
  TerraneStore *store = self->context->store;
  OciDigest commit;
  gboolean found = FALSE;
  OciDigest key = key_of (self, recipe);
  if (!terrane_source_tree_find_commit (store, &key, &commit, &found, error))
    return FALSE;
  if (!found
      && (!compile (self, recipe, &commit, error)
          || !terrane_source_tree_remember (store, &key, &commit, error)))
    return FALSE;
  g_array_append_val (self->commits, commit);
  return TRUE;
}

/* What recipes made, as the source of a tree. */
typedef struct
{
  Compilation *compilation;
  const TerraneRecipe *recipe; /* that is being taken */
  TerraneSourceFilter *filter;
} Result;

static gboolean
read_fd (gpointer data, void *buffer, size_t len, size_t *out_read, GError **error)
{
  return oci_read_full (*(int *) data, buffer, len, out_read, error);
}

static gboolean
take_node (TerraneNode *node, const char *path, gpointer data, GError **error)
{
  const Result *self = data;
  const TerranePin *pin = self->compilation->pin;
  const char *prefix = pin->spec->prefix;
  if (!oci_path_is_below (path, prefix) || g_str_equal (path, prefix))
    return TRUE;
  const char *inside = prefix[0] != '\0' ? path + strlen (prefix) + 1 : path;
  if (!pin->spec->development
      && oci_glob_match_any ((const char *const *) self->recipe->development, inside))
    return TRUE;
  g_auto (OciFd) fd = -1;
  OciEntry entry = terrane_node_entry (node, inside);
  gboolean is_file = node->type == OCI_ENTRY_FILE;
  if (is_file
      && !terrane_object_open_verified (self->compilation->context->store, node, &fd, error))
    return FALSE;
  return terrane_source_take (self->filter, &entry, is_file ? read_fd : NULL, &fd, error);
}

/* The first recipe of the set whose result is taken: they are in the order of needs. */
static guint
first_taken (const TerranePin *pin)
{
  return pin->spec->with_needs ? 0 : pin->recipes->recipes->len - 1;
}

static gboolean
feed (gpointer data, TerraneSourceFilter *filter, GError **error)
{
  Result *self = data;
  const Compilation *compilation = self->compilation;
  const GPtrArray *recipes = compilation->pin->recipes->recipes;
  guint skipped = recipes->len - compilation->commits->len; /* that nothing was asked about */
  self->filter = filter;
  for (guint i = first_taken (compilation->pin); i < recipes->len; i++)
    {
      self->recipe = recipes->pdata[i];
      OCI_PREFIX (error, "%s", self->recipe->name);
      g_autoptr (TerraneTree) tree = terrane_commit_load (
          compilation->context->store,
          &g_array_index (compilation->commits, OciDigest, i - skipped), error);
      if (tree == NULL || !terrane_tree_foreach (tree, take_node, self, error))
        return FALSE;
    }
  return TRUE;
}

/* What is compiled in is identified again when it is read: it may have changed since the pin got
 * its key, which is that of what was read from then on. */
static gboolean
open_base_if_needed (Compilation *self, GError **error)
{
  const GPtrArray *recipes = self->pin->recipes->recipes;
  gboolean found = TRUE;
  for (guint i = first_taken (self->pin); found && i < recipes->len; i++)
    {
      OciDigest commit;
      OciDigest key = key_of (self, recipes->pdata[i]);
      if (!terrane_source_tree_find_commit (self->context->store, &key, &commit, &found, error))
        return FALSE;
    }
  return found || open_base (self, error);
}

/* All recipes of a set are needed by its main one, whose result may be all that is left of them. */
static gboolean
make_recipes (Compilation *self, GError **error)
{
  const GPtrArray *recipes = self->pin->recipes->recipes;
  if (!open_base_if_needed (self, error))
    return FALSE;
  for (guint i = self->base != NULL ? 0 : first_taken (self->pin); i < recipes->len; i++)
    if (!make_recipe (self, recipes->pdata[i], error))
      return FALSE;
  return TRUE;
}

static gboolean
make_tree (Compilation *self, TerraneSourceTree *out_tree, GError **error)
{
  TerraneStore *store = self->context->store;
  TerranePin *pin = self->pin;
  OciDigest identity;
  if (!make_recipes (self, error))
    return FALSE;
  if (!terrane_source_tree_set_key (store, pin, &identity, error))
    return FALSE;
  Result result = { .compilation = self };
  return terrane_source_tree_make_from (store, pin, &identity, feed, &result, self->options,
                                        out_tree, error);
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
  terrane_base_free (self.base);
  return ok;
}
