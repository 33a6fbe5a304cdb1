#include "builder/zip/runtime.h"

#include "builder/check/check.h"
#include "builder/error.h"
#include "builder/zip/layout.h"

#include "oci/base/number.h"
#include "oci/base/path.h"
#include "oci/base/text-hash.h"

#include <string.h>

enum
{
  MAX_SHOWN = 8,
  AMAZON_LINUX_2_GLIBC = 26, /* 2.26: for runtimes up to python3.11 */
  AMAZON_LINUX_2023_GLIBC = 34,
  LAST_PYTHON_ON_2 = 11,
};

char *
terrane_zip_runtime_name (const TerranePythonBase *python)
{
  if (python->interpreter == NULL)
    return NULL;
  return g_strdup_printf ("python%u.%u", python->python_major, python->python_minor);
}

static gboolean
zips_have (const TerraneZipRuntime *self, TerraneZipKind kind, const char *path)
{
  for (guint i = 0; i < self->zips->len; i++)
    {
      const TerraneZipTree *zip = &g_array_index (self->zips, TerraneZipTree, i);
      if (zip->request->kind == kind && terrane_tree_lookup (zip->tree, path) != NULL)
        return TRUE;
    }
  return FALSE;
}

/* Returns where an absolute path of the image is on Lambda: it may be in a layer. */
static char *
place_path (const TerraneZipRuntime *self, const char *path)
{
  const char *relative = path + strspn (path, "/");
  g_autofree char *in_layer = terrane_zip_place (TERRANE_ZIP_LAYER, relative);
  g_autofree char *in_function = terrane_zip_place (TERRANE_ZIP_FUNCTION, relative);
  if (path[0] != '/' || in_layer == NULL || strcmp (relative, "var/task") == 0
      || oci_path_is_below (relative, "opt") || terrane_tree_lookup (self->rest, relative) != NULL
      || (in_function != NULL && zips_have (self, TERRANE_ZIP_FUNCTION, in_function))
      || !zips_have (self, TERRANE_ZIP_LAYER, in_layer))
    return g_strdup (path);
  return g_strconcat ("/opt/", in_layer, NULL);
}

/* Whether a function's configuration may not set the variable ("Using Lambda environment
 * variables"), or it says where the image's own base has its programs. */
static gboolean
is_set_by_lambda (const TerraneZipRuntime *self, const char *name)
{
  static const char *const reserved[] = {
    "_HANDLER",          "_X_AMZN_TRACE_ID", "AWS_DEFAULT_REGION", "AWS_REGION",
    "AWS_EXECUTION_ENV", "AWS_ACCESS_KEY",   "AWS_ACCESS_KEY_ID",  "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR", NULL
  };
  static const char *const of_base[] = { "PATH", "LD_LIBRARY_PATH", NULL };
  return g_strv_contains (reserved, name) || g_str_has_prefix (name, "AWS_LAMBDA_FUNCTION_")
         || g_str_has_prefix (name, "AWS_LAMBDA_LOG_")
         || strcmp (name, "AWS_LAMBDA_RUNTIME_API") == 0
         || strcmp (name, "AWS_LAMBDA_INITIALIZATION_TYPE") == 0
         || (!self->aws && g_strv_contains (of_base, name));
}

json_t *
terrane_zip_runtime_environment (const TerraneZipRuntime *self)
{
  json_t *environment = json_object (), *value;
  const char *name;
  json_object_foreach (self->texts->config.env, name, value)
  {
    if (is_set_by_lambda (self, name))
      continue;
    g_auto (GStrv) parts = g_strsplit (json_string_value (value), ":", -1);
    for (char **part = parts; *part != NULL; part++)
      {
        char *placed = place_path (self, *part);
        g_free (*part);
        *part = placed;
      }
    g_autofree char *text = g_strjoinv (":", parts);
    oci_json_set (environment, name, oci_json_text (text));
  }
  return environment;
}

typedef struct
{
  TerraneTree *view;
  const char *prefix;
} Graft;

static gboolean
graft_node (TerraneNode *node, const char *path, gpointer data, GError **error)
{
  const Graft *self = data;
  g_autofree char *placed = oci_path_join (self->prefix, path);
  TerraneNode *existing = terrane_tree_lookup (self->view, placed), *added = NULL;
  if (existing != NULL && existing->type == OCI_ENTRY_DIRECTORY
      && node->type == OCI_ENTRY_DIRECTORY)
    return TRUE;
  OciEntry entry = terrane_node_entry (node, placed);
  if (!terrane_tree_add (self->view, &entry, &added, error))
    return FALSE;
  added->object = node->object;
  added->fresh = node->fresh;
  added->tree_number = node->tree_number;
  return TRUE;
}

static gboolean
graft (TerraneTree *view, TerraneTree *tree, const char *prefix, GError **error)
{
  Graft self = { .view = view, .prefix = prefix };
  return terrane_tree_foreach (tree, graft_node, &self, error);
}

/* Adds to the base everything as on Lambda: layers, then the files of no zip, then functions. */
static gboolean
complete_view (const TerraneZipRuntime *self, GError **error)
{
  TerraneTree *view = self->base;
  for (int function = 0; function <= 1; function++)
    {
      for (guint i = 0; i < self->zips->len; i++)
        {
          const TerraneZipTree *zip = &g_array_index (self->zips, TerraneZipTree, i);
          if ((zip->request->kind == TERRANE_ZIP_FUNCTION) == (function == 1)
              && !graft (view, zip->tree, terrane_zip_root (zip->request->kind), error))
            return FALSE;
        }
      if (function == 0 && !graft (view, self->rest, "", error))
        return FALSE;
    }
  return TRUE;
}

gboolean
terrane_zip_runtime_is_aws (TerraneTree *base)
{
  return terrane_tree_follow (base, "var/runtime/bootstrap") != NULL;
}

static OciImageConfig *
make_config (const TerraneZipRuntime *self, GError **error)
{
  static const char *const defaults[][2] = {
    { "PATH", "/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin" },
    { "LD_LIBRARY_PATH", "/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:"
                         "/var/task/lib:/opt/lib" },
    { "LAMBDA_TASK_ROOT", "/var/task" },
    { "LAMBDA_RUNTIME_DIR", "/var/runtime" },
  };
  g_autoptr (GBytes) copy = oci_image_config_dump (self->config);
  g_autoptr (OciImageConfig) config =
      oci_image_config_parse ("the image's configuration", copy, error);
  if (config == NULL)
    return NULL;
  for (guint i = 0; !self->aws && i < G_N_ELEMENTS (defaults); i++)
    oci_image_config_set_env (config, defaults[i][0], defaults[i][1]);
  g_autoptr (OciJsonValue) environment = terrane_zip_runtime_environment (self);
  const char *name;
  json_t *value;
  json_object_foreach (environment, name, value)
      oci_image_config_set_env (config, name, json_string_value (value));
  oci_image_config_set_working_dir (config, "/var/task");
  return g_steal_pointer (&config);
}

/* Whether the C library always has it. */
static gboolean
is_libc (const char *name)
{
  static const char *const names[] = { "ld-linux",  "libc.so",       "libm.so",      "libdl.so",
                                       "librt.so",  "libpthread.so", "libutil.so",   "libresolv.so",
                                       "libnsl.so", "libgcc_s.so",   "libstdc++.so", "libanl.so" };
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (g_str_has_prefix (name, names[i]))
      return TRUE;
  return FALSE;
}

typedef struct
{
  const TerraneImageView *view;
  TerraneFindings *findings;
  GHashTable *of_base; /* name of a library -> file that needs it */
  unsigned glibc;      /* minor version of the runtime's C library */
} Foreign;

static void
note_need (G_GNUC_UNUSED const TerraneRoot *root, G_GNUC_UNUSED const TerraneClosure *closure,
           const TerraneLoaded *loader, const char *name, const TerraneLoaded *found,
           G_GNUC_UNUSED TerraneSearchStep step, gpointer data)
{
  const Foreign *self = data;
  if (loader->entry->node->tree_number > 0 && found != NULL && found->entry->node->tree_number == 0
      && !is_libc (name) && !g_hash_table_contains (self->of_base, name))
    g_hash_table_insert (self->of_base, g_strdup (name), g_strdup (loader->entry->path));
}

static void
check_glibc (const Foreign *self, const TerraneElfEntry *entry)
{
  unsigned newest = 0;
  for (guint i = 0; i < entry->elf->wants->len; i++)
    {
      const TerraneElfWant *want = entry->elf->wants->pdata[i];
      for (char **version = want->versions; *version != NULL; version++)
        {
          uint64_t minor = 0;
          if (g_str_has_prefix (*version, "GLIBC_2.")
              && oci_parse_u64 (*version + strlen ("GLIBC_2."), 999, &minor, NULL))
            newest = MAX (newest, (unsigned) minor);
        }
    }
  if (newest <= self->glibc)
    return;
  g_autofree char *cause = g_strdup_printf ("glibc 2.%u", self->glibc);
  g_autofree char *message =
      g_strdup_printf ("it needs glibc 2.%u, and Lambda's runtime has 2.%u", newest, self->glibc);
  const TerraneFinding finding = {
    .id = "elf.missing-version",
    .severity = TERRANE_SEVERITY_ERROR,
    .path = entry->path,
    .tree = terrane_image_view_tree (self->view, entry->node),
    .message = message,
    .fix =
        "take a newer runtime (python3.12 and later have glibc 2.34), wheels for an older glibc, "
        "or build it on Amazon Linux",
    .cause = cause,
  };
  terrane_findings_add (self->findings, &finding);
}

static int
compare_names (const void *a, const void *b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* Describes what the base has and the runtime may lack.
 *
 * Returns: (transfer full) (nullable) */
static char *
describe_of_base (const Foreign *self, json_t *list)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  g_autoptr (GString) text = g_string_new (NULL);
  GHashTableIter iter;
  gpointer name;
  g_hash_table_iter_init (&iter, self->of_base);
  while (g_hash_table_iter_next (&iter, &name, NULL))
    g_ptr_array_add (names, name);
  if (names->len == 0)
    return NULL;
  g_ptr_array_sort (names, compare_names);
  for (guint i = 0; i < names->len; i++)
    oci_json_append (list, oci_json_text (names->pdata[i]));
  for (guint i = 0; i < MIN (names->len, (guint) MAX_SHOWN); i++)
    g_string_append_printf (text, "%s%s (for /%s)", i > 0 ? ", " : "",
                            (const char *) names->pdata[i],
                            (const char *) g_hash_table_lookup (self->of_base, names->pdata[i]));
  if (names->len > MAX_SHOWN)
    g_string_append_printf (text, " and %u more", names->len - MAX_SHOWN);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

/* Checks a base that is not from AWS: the C library by number, libraries by name. */
static gboolean
check_foreign (const TerraneZipRuntime *self, const TerraneImageView *view,
               const TerranePythonBase *python, TerraneFindings *findings, GError **error)
{
  static const TerraneProgramsVisitor visitor = { .need = note_need };
  g_autoptr (GHashTable) of_base =
      g_hash_table_new_full (oci_text_hash, g_str_equal, g_free, g_free);
  g_autoptr (TerranePrograms) programs = terrane_programs_new (view, error);
  if (programs == NULL)
    return FALSE;
  gboolean old = python->interpreter != NULL && python->python_minor <= LAST_PYTHON_ON_2;
  Foreign foreign = { .view = view,
                      .findings = findings,
                      .of_base = of_base,
                      .glibc = old ? AMAZON_LINUX_2_GLIBC : AMAZON_LINUX_2023_GLIBC };
  terrane_programs_visit (programs, &visitor, &foreign);
  const GPtrArray *entries = terrane_elf_index_entries (terrane_programs_index (programs));
  for (guint i = 0; i < entries->len; i++)
    {
      const TerraneElfEntry *entry = entries->pdata[i];
      if (entry->node->tree_number > 0 && terrane_programs_fits (programs, entry))
        check_glibc (&foreign, entry);
    }
  g_autofree char *list = describe_of_base (&foreign, self->of_base);
  if (list != NULL)
    terrane_progress_warn (self->progress,
                           "the base is not AWS's image of the runtime, and these libraries are "
                           "taken from it: %s; Lambda may lack them: add them to a tree at "
                           "/opt/lib, or take AWS's image as base, so that checks can tell",
                           list);
  return TRUE;
}

static gboolean
run_checks (const TerraneZipRuntime *self, const TerraneImageView *view,
            const TerranePythonBase *python, TerraneFindings *findings, GError **error)
{
  const TerraneCheck check = { .view = view,
                               .target = self->profile->target,
                               .grids = (const char *const *) self->profile->geo.grids };
  if (!terrane_check_run (&check, findings, error)
      || (!self->aws && !check_foreign (self, view, python, findings, error)))
    return FALSE;
  /* Checks that apply to the whole image, which has passed them: what is started, and the total
   * size. */
  static const char *const others[] = { "lambda.*", "layers.*", "size.*" };
  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    terrane_findings_override (findings, others[i], NULL, TERRANE_SEVERITY_OFF, NULL);
  terrane_check_override (findings, self->profile->checks);
  return TRUE;
}

gboolean
terrane_zip_runtime_check (const TerraneZipRuntime *self, const TerranePythonBase *python,
                           GError **error)
{
  g_autoptr (OciImageConfig) config =
      complete_view (self, error) ? make_config (self, error) : NULL;
  if (config == NULL)
    return FALSE;
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  g_ptr_array_add (names, (gpointer) "base");
  for (guint i = 0; i < self->profile->trees->len; i++)
    g_ptr_array_add (names, ((TerraneSourceSpec *) self->profile->trees->pdata[i])->name);
  g_ptr_array_add (names, NULL);
  const TerraneImageView view = { .store = self->store,
                                  .tree = self->base,
                                  .config = config,
                                  .names = (const char *const *) names->pdata,
                                  .trust_base = TRUE };
  g_autoptr (TerraneFindings) findings = terrane_findings_new ();
  return run_checks (self, &view, python, findings, error)
         && terrane_findings_refuse (findings, error,
                                     "unpacked on Lambda's runtime, the zips would not work:");
}
