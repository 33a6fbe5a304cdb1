/* Transform "bytecode": each *.py file gets its *.pyc beside it, in the mode "unchecked-hash",
 * which times of files in an image cannot make stale. */
#include "builder/store/object.h"
#include "builder/transform/compiler.h"
#include "builder/transform/script.h"

#include "oci/base/parallel.h"

#include <string.h>

enum
{
  FORMAT = 3, /* raised if the same source would give other bytes */
  MAX_RESTARTS = 40,
  TRIES = 2, /* if an interpreter ended twice, the file was the reason; once, it may have been the
                machine */
  SECONDS_PER_MINUTE = 60,
};

#define MAX_SOURCE_BYTES (UINT64_C (16) * 1024 * 1024)
#define CACHE "__pycache__"

/* The state that all threads share. */
typedef struct
{
  TerraneTransformJob *job;
  char *root; /* directory of the interpreter */
  GPtrArray *paths;
  GMutex mutex;       /* guards the job and the members below */
  GPtrArray *waiting; /* of TerraneCompiler: started, and not in use by a thread */
  guint restarts;
  gint64 deadline; /* monotonic, for all files */
} Work;

static gboolean
is_wanted (const TerraneTransformContext *context)
{
  return context->spec->transforms->bytecode;
}

/* Everything that the interpreter can read is part of the key: its whole file system, of which it
 * may load anything, its environment and the program that it runs. */
static json_t *
make_key (const TerraneTransformContext *context, G_GNUC_UNUSED GError **error)
{
  const TerraneInterpreter *interpreter = context->interpreter;
  json_t *key = json_object ();
  oci_json_set (key, "format", json_integer (FORMAT));
  if (interpreter == NULL)
    {
      oci_json_set (key, "note", oci_json_text (context->no_interpreter));
      return key;
    }
  OciDigestHex hex;
  g_autofree char *script = terrane_transform_script ("compile.py");
  OciDigest digest = oci_digest_of (script, strlen (script));
  json_t *env = json_array ();
  for (char **variable = interpreter->env; variable != NULL && *variable != NULL; variable++)
    oci_json_append (env, oci_json_text (*variable));
  oci_json_set (key, "script", oci_json_text (oci_digest_hex (&digest, hex)));
  oci_json_set (key, "host", json_boolean (interpreter->is_host));
  oci_json_set (key, "files", oci_json_text (interpreter->identity));
  oci_json_set (key, "python", oci_json_text (interpreter->path));
  oci_json_set (key, "env", env);
  return key;
}

/* "a/b.py" -> "a/__pycache__/b.TAG.pyc" */
static char *
code_path (const char *path, const char *tag)
{
  const char *slash = strrchr (path, '/');
  int directory = slash != NULL ? (int) (slash + 1 - path) : 0;
  const char *name = path + directory;
  return g_strdup_printf ("%.*s" CACHE "/%.*s.%s.pyc", directory, path,
                          (int) (strlen (name) - strlen (".py")), name, tag);
}

static gboolean
read_source (Work *self, const TerraneNode *node, GBytes **out_source, GError **error)
{
  g_auto (OciFd) fd = -1;
  g_autofree char *data = g_malloc (node->size + 1);
  size_t got = 0;
  if (!terrane_object_open_verified (self->job->context->store, node, &fd, error)
      || !oci_read_full (fd, data, node->size, &got, error))
    return FALSE;
  *out_source = g_bytes_new_take (g_steal_pointer (&data), got);
  return TRUE;
}

typedef struct
{
  const char *data;
  size_t left;
} Reader;

static gboolean
read_bytes (gpointer data, void *buffer, size_t len, size_t *out_read, G_GNUC_UNUSED GError **error)
{
  Reader *self = data;
  size_t n = MIN (len, self->left);
  memcpy (buffer, self->data, n);
  self->data += n;
  self->left -= n;
  *out_read = n;
  return TRUE;
}

/* The bytecode has the attributes of its source, but is not executable. */
static gboolean
add_code (Work *self, const char *path, const TerraneNode *source, const char *tag, GBytes *code,
          GError **error)
{
  g_autofree char *placed = code_path (path, tag);
  OciEntry entry = terrane_node_entry (source, placed);
  Reader reader = { .data = g_bytes_get_data (code, NULL), .left = g_bytes_get_size (code) };
  entry.size = reader.left;
  entry.mode &= 0666;
  entry.xattrs = NULL;
  g_mutex_lock (&self->mutex);
  gboolean ok = terrane_ingest_add (self->job->ingest, &entry, read_bytes, &reader, error);
  terrane_transform_report_count (self->job->report, "compiled", 1,
                                  -(int64_t) g_bytes_get_size (code));
  g_mutex_unlock (&self->mutex);
  return ok;
}

static void
note (Work *self, const char *path, const char *problem)
{
  g_mutex_lock (&self->mutex);
  terrane_transform_report_keep (self->job->report, "not compiled");
  terrane_transform_report_note (self->job->report, "/%s: %s", path, problem);
  g_mutex_unlock (&self->mutex);
}

static TerraneCompiler *
new_compiler (const Work *self, GError **error)
{
  const TerraneTransformContext *context = self->job->context;
  return terrane_compiler_new (context->interpreter, self->root, context->sandbox, self->deadline,
                               error);
}

/* An interpreter that a file killed is replaced: the other files can still be compiled. A slow one
 * may be faster the next time, and equal inputs must not give other images. */
static gboolean
restart (Work *self, TerraneCompiler **compiler, const char *path, GError *problem, GError **error)
{
  g_mutex_lock (&self->mutex);
  gboolean may =
      self->restarts++ < MAX_RESTARTS && !g_error_matches (problem, OCI_ERROR, OCI_ERROR_TIMEOUT);
  g_mutex_unlock (&self->mutex);
  if (!may)
    {
      g_propagate_prefixed_error (error, g_error_copy (problem), "/%s: ", path);
      return FALSE;
    }
  terrane_compiler_free (*compiler);
  *compiler = new_compiler (self, error);
  return *compiler != NULL;
}

/* A link instead of the directory may lead anywhere, and a file has no room.
 *
 * Returns: FALSE if the bytecode of @path has no place */
static gboolean
has_room (Work *self, const char *path)
{
  const char *slash = strrchr (path, '/');
  g_autofree char *cache =
      g_strdup_printf ("%.*s" CACHE, slash != NULL ? (int) (slash + 1 - path) : 0, path);
  const TerraneNode *node = terrane_tree_lookup (self->job->source, cache);
  return node == NULL || node->type == OCI_ENTRY_DIRECTORY;
}

static gboolean
compile_file (Work *self, TerraneCompiler **compiler, const char *path, GError **error)
{
  const TerraneNode *node = terrane_tree_lookup (self->job->source, path);
  g_autoptr (GBytes) source = NULL, code = NULL;
  g_autofree char *problem = NULL;
  g_autoptr (GError) local = NULL;
  const char *reason = NULL;
  if (node->size > MAX_SOURCE_BYTES)
    reason = "is too large";
  else if (!has_room (self, path))
    reason = CACHE " beside it is not a directory";
  if (reason != NULL)
    {
      note (self, path, reason);
      return TRUE;
    }
  if (!read_source (self, node, &source, error))
    return FALSE;
  gboolean answered = FALSE;
  for (unsigned i = 0; i < TRIES && !answered; i++)
    {
      g_clear_error (&local);
      answered = terrane_compiler_compile (*compiler, path, source, &code, &problem, &local);
      if (!answered && !restart (self, compiler, path, local, error))
        return FALSE;
    }
  if (!answered)
    {
      note (self, path, local->message);
      return TRUE;
    }
  if (code != NULL)
    return add_code (self, path, node, terrane_compiler_tag (*compiler), code, error);
  note (self, path, problem);
  return TRUE;
}

/* Returns: (transfer full) (nullable): a waiting one, else a new one */
static TerraneCompiler *
take_compiler (Work *self, GError **error)
{
  g_mutex_lock (&self->mutex);
  TerraneCompiler *compiler =
      self->waiting->len > 0 ? g_ptr_array_steal_index_fast (self->waiting, 0) : NULL;
  g_mutex_unlock (&self->mutex);
  return compiler != NULL ? compiler : new_compiler (self, error);
}

static gboolean
compile_item (gpointer data, gpointer path, G_GNUC_UNUSED GCancellable *stop, GError **error)
{
  Work *self = data;
  TerraneCompiler *compiler = take_compiler (self, error);
  gboolean ok = compiler != NULL && compile_file (self, &compiler, path, error);
  if (compiler == NULL)
    return FALSE;
  g_mutex_lock (&self->mutex);
  g_ptr_array_add (self->waiting, compiler);
  g_mutex_unlock (&self->mutex);
  return ok;
}

typedef struct
{
  GPtrArray *sources;
  GPtrArray *stale;
} Collection;

static gboolean
is_cached (const char *path)
{
  const char *slash = strrchr (path, '/');
  size_t len = slash != NULL ? (size_t) (slash - path) : 0;
  return len >= strlen (CACHE) && strncmp (slash - strlen (CACHE), CACHE, strlen (CACHE)) == 0
         && (len == strlen (CACHE) || path[len - strlen (CACHE) - 1] == '/');
}

static gboolean
collect (TerraneNode *node, const char *path, gpointer data, G_GNUC_UNUSED GError **error)
{
  Collection *self = data;
  if (node->type == OCI_ENTRY_FILE && g_str_has_suffix (path, ".py")
      && !g_str_has_suffix (path, "/.py"))
    g_ptr_array_add (self->sources, g_strdup (path));
  else if (node->type != OCI_ENTRY_DIRECTORY && g_str_has_suffix (path, ".pyc") && is_cached (path))
    g_ptr_array_add (self->stale, g_strdup (path));
  return TRUE;
}

/* Existing bytecode, whatever compiled it, is stale in an image, whose files all have one time. */
static void
remove_stale (TerraneTransformJob *job, const GPtrArray *stale)
{
  for (guint i = 0; i < stale->len; i++)
    {
      const TerraneNode *node = terrane_tree_lookup (job->source, stale->pdata[i]);
      terrane_transform_report_count (job->report, "stale", 1, (int64_t) node->size);
      terrane_tree_remove (terrane_ingest_tree (job->ingest), stale->pdata[i]);
    }
}

static gboolean
compile_all (Work *self, GError **error)
{
  const TerraneTransformContext *context = self->job->context;
  g_autoptr (GPtrArray) compilers =
      g_ptr_array_new_with_free_func ((GDestroyNotify) terrane_compiler_free);
  terrane_progress_phase (context->progress, 0, "compiling %s", context->spec->name);
  self->waiting = compilers;
  g_mutex_init (&self->mutex);
  gboolean ok = oci_parallel_each (self->paths, context->jobs, compile_item, self, NULL, error);
  g_mutex_clear (&self->mutex);
  return ok;
}

static gboolean
verify_file (TerraneNode *node, G_GNUC_UNUSED const char *path, gpointer data, GError **error)
{
  g_auto (OciFd) fd = -1;
  return node->type != OCI_ENTRY_FILE || terrane_object_open_verified (data, node, &fd, error);
}

/* The checkout has links to unverified objects: a damaged module would make other bytecode, or
 * none, which would be remembered under the key of the undamaged file system. */
static gboolean
verify_root (const TerraneTransformContext *context, GError **error)
{
  g_autoptr (TerraneTree) tree =
      terrane_commit_load (context->store, &context->interpreter->root, error);
  return tree != NULL && terrane_tree_foreach (tree, verify_file, context->store, error);
}

/* Returns: (transfer full) (nullable) */
static char *
find_root (const TerraneTransformContext *context, GError **error)
{
  const TerraneInterpreter *interpreter = context->interpreter;
  OciDigestHex hex;
  if (interpreter->is_host)
    return g_strdup ("/");
  if (!verify_root (context, error)
      || !terrane_commit_checkout (context->store, &interpreter->root,
                                   oci_digest_hex (&interpreter->root, hex), error))
    return NULL;
  return terrane_store_root_path (context->store, hex);
}

static gboolean
apply (TerraneTransformJob *job, GError **error)
{
  const TerraneTransformContext *context = job->context;
  g_autoptr (GPtrArray) sources = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) stale = g_ptr_array_new_with_free_func (g_free);
  Collection collection = { .sources = sources, .stale = stale };
  if (!terrane_tree_foreach (job->source, collect, &collection, error))
    return FALSE;
  if (sources->len > 0 && context->interpreter == NULL)
    {
      terrane_transform_report_note (job->report, "%s; nothing was compiled",
                                     context->no_interpreter);
      return TRUE;
    }
  remove_stale (job, stale);
  if (sources->len == 0)
    return TRUE;
  g_autofree char *root = find_root (context, error);
  Work work = { .job = job,
                .root = root,
                .paths = sources,
                .deadline = g_get_monotonic_time ()
                            + (gint64) TERRANE_COMPILER_TOTAL_MINUTES * SECONDS_PER_MINUTE
                                  * G_USEC_PER_SEC };
  return root != NULL && compile_all (&work, error);
}

const TerraneTransform terrane_transform_bytecode = {
  .name = "bytecode",
  .wanted = is_wanted,
  .key = make_key,
  .apply = apply,
};
