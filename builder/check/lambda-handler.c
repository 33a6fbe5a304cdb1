#include "builder/check/lambda-handler.h"

#include "builder/check/report.h"

#include "builder/facts/python-names.h"

#include "oci/base/suggest.h"

#include <string.h>

enum
{
  MAX_SOURCE_BYTES = 4 * 1024 * 1024,
  MAX_DEPTH = 3,        /* of directories that are searched for other handlers */
  MAX_CANDIDATES = 300, /* modules that are examined for them */
};

typedef enum
{
  ABSENT,
  SOURCE,
  NAMESPACE, /* a directory without __init__.py */
  OPAQUE,    /* compiled: it exists, but its names are unknown */
} ModuleKind;

typedef struct
{
  const TerraneImageView *view;
  const TerranePython *python;
  TerraneFindings *findings;
  const char *handler; /* as configured */
  char *module;        /* (nullable): dotted */
  const char *function;
  const char *key; /* of the configuration */
} Check;

/* A candidate for a handler name that was misspelt. */
typedef struct
{
  char *name; /* "module.function" */
  int rank;   /* higher is likelier */
} Candidate;

typedef struct
{
  const Check *check;
  GPtrArray *candidates; /* of Candidate */
  guint files;
  GError *error;
} Search;

static void
candidate_free (gpointer data)
{
  Candidate *self = data;
  g_free (self->name);
  g_free (self);
}

static TerraneNode *
resolve (const Check *self, TerraneNode *node)
{
  if (node == NULL || node->type != OCI_ENTRY_SYMLINK)
    return node;
  g_autofree char *path = terrane_node_path (node);
  return terrane_tree_follow (self->view->tree, path);
}

static TerraneNode *
child (const Check *self, const TerraneNode *directory, const char *name)
{
  return resolve (self, terrane_node_child (directory, name, strlen (name)));
}

static gboolean
is_file (const TerraneNode *node)
{
  return node != NULL && node->type == OCI_ENTRY_FILE;
}

/* "NAME.so", "NAME.abi3.so", … */
static gboolean
has_extension (const TerraneNode *directory, const char *name)
{
  g_autofree char *start = g_strconcat (name, ".", NULL);
  for (guint i = 0; i < directory->children->len; i++)
    {
      const TerraneNode *node = directory->children->pdata[i];
      if (g_str_has_prefix (node->name, start) && g_str_has_suffix (node->name, ".so"))
        return TRUE;
    }
  return FALSE;
}

/* Finds module @name in @directory, like importlib's FileFinder. @out_source: its file;
 * @out_package: (nullable): the directory of its submodules */
static ModuleKind
find_in (const Check *self, const TerraneNode *directory, const char *name,
         TerraneNode **out_source, TerraneNode **out_package)
{
  static const char init[] = "__init__";
  TerraneNode *package = child (self, directory, name);
  g_autofree char *source = g_strconcat (name, ".py", NULL);
  g_autofree char *compiled = g_strconcat (name, ".pyc", NULL);
  *out_source = *out_package = NULL;
  package = package != NULL && package->type == OCI_ENTRY_DIRECTORY ? package : NULL;
  if (package != NULL)
    {
      *out_package = package;
      *out_source = child (self, package, "__init__.py");
      if (has_extension (package, init))
        return OPAQUE;
      if (is_file (*out_source))
        return SOURCE;
      if (is_file (child (self, package, "__init__.pyc")))
        return OPAQUE;
    }
  *out_source = child (self, directory, source);
  if (has_extension (directory, name))
    return OPAQUE;
  if (is_file (*out_source))
    {
      *out_package = NULL;
      return SOURCE;
    }
  if (is_file (child (self, directory, compiled)))
    return OPAQUE;
  return package != NULL ? NAMESPACE : ABSENT;
}

/* Finds a part of a dotted name in @directories, which are replaced by those of its submodules. */
static ModuleKind
find_part (const Check *self, GPtrArray *directories, const char *name, TerraneNode **out_source)
{
  g_autoptr (GPtrArray) portions = g_ptr_array_new ();
  for (guint i = 0; i < directories->len; i++)
    {
      TerraneNode *package = NULL;
      ModuleKind kind = find_in (self, directories->pdata[i], name, out_source, &package);
      if (kind == NAMESPACE)
        g_ptr_array_add (portions, package);
      if (kind != SOURCE && kind != OPAQUE)
        continue;
      g_ptr_array_set_size (directories, 0);
      if (package != NULL)
        g_ptr_array_add (directories, package);
      return kind;
    }
  *out_source = NULL;
  g_ptr_array_set_size (directories, 0);
  g_ptr_array_extend (directories, portions, NULL, NULL);
  return portions->len > 0 ? NAMESPACE : ABSENT;
}

static ModuleKind
find_module (const Check *self, TerraneNode **out_source)
{
  g_autoptr (GPtrArray) directories = g_ptr_array_new ();
  g_auto (GStrv) parts = g_strsplit (self->module, ".", -1);
  ModuleKind kind = ABSENT;
  *out_source = NULL;
  for (guint i = 0; i < self->python->places->len; i++)
    g_ptr_array_add (directories,
                     ((TerranePythonPlace *) self->python->places->pdata[i])->directory);
  for (char **part = parts; *part != NULL; part++)
    {
      kind = find_part (self, directories, *part, out_source);
      if (kind == ABSENT || (kind == OPAQUE && directories->len == 0))
        return kind;
    }
  return kind;
}

/* Whether modules may be somewhere that files do not tell: in archives, or in an editable
 * installation. */
static gboolean
has_other_places (const Check *self)
{
  g_autofree char *list = terrane_image_view_env (self->view, "PYTHONPATH");
  g_auto (GStrv) paths = g_strsplit (list != NULL ? list : "", ":", -1);
  for (char **path = paths; *path != NULL; path++)
    if (is_file (terrane_tree_follow (self->view->tree, *path)))
      return TRUE;
  for (guint i = 0; i < self->python->places->len; i++)
    {
      const TerranePythonPlace *place = self->python->places->pdata[i];
      for (guint k = 0; k < place->directory->children->len; k++)
        if (g_str_has_prefix (((TerraneNode *) place->directory->children->pdata[k])->name,
                              "__editable__"))
          return TRUE;
    }
  return FALSE;
}

/* *@out_names is NULL if the source is not read. */
static gboolean
read_names (const Check *self, const TerraneNode *source, TerranePythonNames **out_names,
            GError **error)
{
  g_autoptr (GBytes) bytes = NULL;
  *out_names = NULL;
  if (!terrane_image_view_read (self->view, source, MAX_SOURCE_BYTES, &bytes, error))
    return FALSE;
  if (bytes == NULL)
    return TRUE;
  gsize size = 0;
  const char *data = g_bytes_get_data (bytes, &size);
  g_autofree char *text = g_malloc (size + 1); /* NUL-terminated, which the content need not be */
  if (size > 0)
    memcpy (text, data, size);
  text[size] = '\0';
  *out_names = terrane_python_names_read (text, size);
  return TRUE;
}

static void
add_candidate (Search *self, const char *module, const char *function, int rank)
{
  Candidate *candidate = g_new0 (Candidate, 1);
  candidate->name = g_strconcat (module, ".", function, NULL);
  candidate->rank = rank;
  g_ptr_array_add (self->candidates, candidate);
}

static const char *
last_part (const char *dotted)
{
  const char *dot = strrchr (dotted, '.');
  return dot != NULL ? dot + 1 : dotted;
}

static int
compare_words (const void *a, const void *b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* Adds functions of @module that may be meant. */
static void
look_at_module (Search *self, const TerraneNode *source, const char *module)
{
  static const char *const usual[] = { "lambda_handler", "handler", "main", NULL };
  const Check *check = self->check;
  g_autoptr (TerranePythonNames) names = NULL;
  if (self->error != NULL || !read_names (check, source, &names, &self->error) || names == NULL)
    return;
  const char *wanted = check->module != NULL ? check->module : check->function;
  gboolean exact = strcmp (module, wanted) == 0;
  gboolean below = g_str_has_prefix (module, wanted) && module[strlen (wanted)] == '.';
  gboolean near = strcmp (last_part (module), last_part (wanted)) == 0;
  const char *const words[] = { last_part (module), NULL };
  gboolean alike = oci_nearest_word (last_part (wanted), words) != NULL;
  guint n = 0;
  g_autofree const char **all = (const char **) g_hash_table_get_keys_as_array (names->names, &n);
  if (n > 0) /* the first of several is the nearest */
    qsort ((gpointer) all, n, sizeof all[0], compare_words);
  const char *similar = oci_nearest_word (check->function, all);
  int rank = exact ? 4 : below ? 3 : near ? 2 : alike ? 1 : 0;
  if (g_hash_table_contains (names->names, check->function))
    add_candidate (self, module, check->function, rank + 4);
  else if (exact && similar != NULL)
    add_candidate (self, module, similar, rank + 1);
  for (const char *const *word = usual; *word != NULL; word++)
    if (g_hash_table_contains (names->names, *word))
      add_candidate (self, module, *word, rank);
}

/* @prefix: "package." or "" */
static void
look_below (Search *self, const TerraneNode *directory, const char *prefix, int depth)
{
  for (guint i = 0; i < directory->children->len && self->files < MAX_CANDIDATES; i++)
    {
      TerraneNode *node = resolve (self->check, directory->children->pdata[i]);
      const char *name = ((TerraneNode *) directory->children->pdata[i])->name;
      if (node == NULL)
        continue;
      if (is_file (node) && g_str_has_suffix (name, ".py"))
        {
          g_autofree char *stem = g_strndup (name, strlen (name) - strlen (".py"));
          gboolean init = strcmp (stem, "__init__") == 0 && prefix[0] != '\0';
          g_autofree char *module =
              init ? g_strndup (prefix, strlen (prefix) - 1) : g_strconcat (prefix, stem, NULL);
          self->files++;
          if (strchr (stem, '.') == NULL)
            look_at_module (self, node, module);
        }
      else if (node->type == OCI_ENTRY_DIRECTORY && depth < MAX_DEPTH && strchr (name, '.') == NULL
               && strcmp (name, "__pycache__") != 0)
        {
          g_autofree char *below = g_strconcat (prefix, name, ".", NULL);
          look_below (self, node, below, depth + 1);
        }
    }
}

static int
compare_candidates (const void *a, const void *b)
{
  const Candidate *one = *(const Candidate *const *) a, *other = *(const Candidate *const *) b;
  if (one->rank != other->rank)
    return one->rank > other->rank ? -1 : 1;
  size_t len = strlen (one->name), others = strlen (other->name);
  return len != others ? (len < others ? -1 : 1) : strcmp (one->name, other->name);
}

/* Finds the most likely handler: among the function's own files, not packages. @out_name: (out)
 * (transfer full) (nullable) */
static gboolean
find_nearest (const Check *self, char **out_name, GError **error)
{
  g_autoptr (GPtrArray) candidates = g_ptr_array_new_with_free_func (candidate_free);
  Search search = { .check = self, .candidates = candidates };
  *out_name = NULL;
  for (guint i = 0; i < self->python->places->len; i++)
    {
      const TerranePythonPlace *place = self->python->places->pdata[i];
      g_autofree char *path = terrane_node_path (place->directory);
      if (path[0] != '\0' && !place->library && strstr (path, "-packages") == NULL
          && strcmp (path, "var/runtime") != 0)
        look_below (&search, place->directory, "", 1);
    }
  if (search.error != NULL)
    {
      g_propagate_error (error, search.error);
      return FALSE;
    }
  if (candidates->len == 0)
    return TRUE;
  qsort (candidates->pdata, candidates->len, sizeof candidates->pdata[0], compare_candidates);
  *out_name = g_strdup (((Candidate *) candidates->pdata[0])->name);
  return TRUE;
}

/* @problem: (transfer full): the problem of the handler; @node: (nullable): of its module */
static gboolean
report (const Check *self, const TerraneNode *node, char *problem, GError **error)
{
  g_autofree char *text = problem, *nearest = NULL, *handler = oci_quote (self->handler);
  if (!find_nearest (self, &nearest, error))
    return FALSE;
  g_autofree char *quoted = nearest != NULL ? oci_quote (nearest) : NULL;
  g_autofree char *fix = quoted != NULL ? g_strdup_printf ("did you mean %s?", quoted) : NULL;
  terrane_report_finding (
      self->view, self->findings, "lambda.handler", TERRANE_SEVERITY_ERROR, node,
      fix != NULL ? fix : "name it as MODULE.FUNCTION, and add the tree that has the module",
      "config.%s: %s %s", self->key, handler, text);
  return TRUE;
}

/* Returns where the module would have to be, for messages. */
static char *
describe_places (const Check *self)
{
  GString *text = g_string_new (NULL);
  for (guint i = 0; i < self->python->places->len; i++)
    {
      const TerranePythonPlace *place = self->python->places->pdata[i];
      g_autofree char *path = terrane_node_path (place->directory);
      g_autofree char *absolute = g_strconcat ("/", path, NULL);
      g_autofree char *quoted = oci_quote (absolute);
      if (!place->library)
        g_string_append_printf (text, "%s%s", text->len > 0 ? ", " : "", quoted);
    }
  return g_string_free (text, FALSE);
}

static gboolean
check_function (const Check *self, const TerraneNode *source, GError **error)
{
  g_autoptr (TerranePythonNames) names = NULL;
  if (!read_names (self, source, &names, error))
    return FALSE;
  if (names == NULL || names->open || g_hash_table_contains (names->names, self->function))
    return TRUE;
  g_autofree char *function = oci_quote (self->function);
  g_autofree char *there = terrane_image_view_quote (self->view, source);
  return report (self, source,
                 g_strdup_printf ("cannot be found: %s defines no %s (Runtime.HandlerNotFound)",
                                  there, function),
                 error);
}

static gboolean
check_handler (const Check *self, GError **error)
{
  TerraneNode *source = NULL;
  if (self->module == NULL)
    return report (self, NULL,
                   g_strdup ("names no function: the runtime wants MODULE.FUNCTION "
                             "(Runtime.MalformedHandlerName)"),
                   error);
  ModuleKind kind = find_module (self, &source);
  g_autofree char *module = oci_quote (self->module);
  if (kind == SOURCE)
    return check_function (self, source, error);
  if (kind == OPAQUE || has_other_places (self))
    return TRUE;
  if (kind == NAMESPACE)
    return report (self, NULL,
                   g_strdup_printf ("cannot be found: %s is a directory without __init__.py "
                                    "(Runtime.HandlerNotFound)",
                                    module),
                   error);
  g_autofree char *places = describe_places (self);
  return report (self, NULL,
                 g_strdup_printf ("cannot be imported: the image has no module %s in %s "
                                  "(Runtime.ImportModuleError)",
                                  module, places),
                 error);
}

/* AWS's images for Python and others start with a script of the same name. */
static gboolean
is_aws_python (const Check *self, const char *program)
{
  static const char *const paths[] = { "var/runtime/bootstrap.py", "var/runtime/awslambdaric",
                                       NULL };
  const char *slash = strrchr (program, '/');
  if (strcmp (slash != NULL ? slash + 1 : program, "lambda-entrypoint.sh") != 0)
    return FALSE;
  for (const char *const *path = paths; *path != NULL; path++)
    if (terrane_tree_follow (self->view->tree, *path) != NULL)
      return TRUE;
  return g_str_has_prefix (self->python->base.interpreter, "/var/lang/");
}

/* Returns: (transfer full) (nullable): the first word that the runtime client gets */
static char *
find_handler (const Check *self, const char **out_key)
{
  g_auto (GStrv) entrypoint = oci_image_config_entrypoint (self->view->config);
  g_auto (GStrv) cmd = oci_image_config_cmd (self->view->config);
  gboolean client = FALSE;
  *out_key = "entrypoint";
  for (guint i = 0; entrypoint[i] != NULL; i++)
    {
      if (client && entrypoint[i][0] != '-')
        return g_strdup (entrypoint[i]);
      client = client || strcmp (entrypoint[i], "awslambdaric") == 0
               || g_str_has_suffix (entrypoint[i], "/awslambdaric")
               || (i == 0 && is_aws_python (self, entrypoint[i]));
    }
  *out_key = "cmd";
  return client ? g_strdup (cmd[0]) : NULL;
}

gboolean
terrane_check_lambda_handler (const TerraneImageView *view, const TerranePython *python,
                              TerraneFindings *findings, GError **error)
{
  Check self = { .view = view, .python = python, .findings = findings };
  if (python->base.interpreter == NULL || python->places == NULL)
    return TRUE;
  g_autofree char *handler = find_handler (&self, &self.key);
  if (handler == NULL)
    return TRUE;
  /* Like the client: the last dot separates, and slashes are dots. */
  const char *dot = strrchr (handler, '.');
  g_autofree char *module = dot != NULL ? g_strndup (handler, (gsize) (dot - handler)) : NULL;
  if (module != NULL)
    g_strdelimit (module, "/", '.');
  self.handler = handler;
  self.module = module;
  self.function = dot != NULL ? dot + 1 : handler;
  return check_handler (&self, error);
}
