#include "builder/compile/run.h"

#include "builder/compile/failure.h"

#include "oci/base/fd.h"
#include "oci/base/temp-file.h"

#include <fcntl.h>
#include <string.h>

enum
{
  MAX_SHOWN = 60, /* bytes of a step in messages */
  USECS_PER_MS = 1000,
};

#define SOURCES TERRANE_COMPILE_WORK "/" TERRANE_COMPILE_SOURCES
#define OUTPUT TERRANE_COMPILE_WORK "/" TERRANE_COMPILE_OUTPUT

/* Where it was compiled is in no file. */
static const char flags[] = "-O2 -ffile-prefix-map=" SOURCES "=.";

/* What runs each program of a recipe. */
static const char shell_line[] = "umask 022; cd " SOURCES "; exec \"$@\"";

/* While steps run. */
typedef struct
{
  const TerraneCompileRun *run;
  GPtrArray *mounts; /* of TerraneHostMount */
  char **env;
  GString *log;
  gint64 deadline; /* monotonic */
} Session;

static char **
make_env (const TerraneCompileRun *self)
{
  static const char *const fixed[] = {
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME=/tmp",
    "TMPDIR=/tmp",
    "LC_ALL=C",
    "TZ=UTC",
    "SOURCE_DATE_EPOCH=315532800", /* 1980-01-01, the first day that zip files can have */

    NULL,
  };
  const TerraneRecipe *recipe = self->recipe;
  const char *name;
  json_t *value;
  char **env = g_strdupv ((char **) fixed);
  g_autofree char *jobs = g_strdup_printf ("%u", self->jobs);
  g_autofree char *prefix = g_strconcat ("/", self->prefix, NULL);
  env = g_environ_setenv (env, "DESTDIR", OUTPUT, TRUE);
  env = g_environ_setenv (env, "CFLAGS", flags, TRUE);
  env = g_environ_setenv (env, "CXXFLAGS", flags, TRUE);
  env = g_environ_setenv (env, "JOBS", jobs, TRUE);
  env = g_environ_setenv (env, "PREFIX", prefix, TRUE);
  if (recipe->needs->len > 0)
    {
      g_autofree char *headers = g_strconcat ("-I", prefix, "/include", NULL);
      g_autofree char *libraries = g_strconcat ("-L", prefix, "/lib", NULL);
      g_autofree char *configs =
          g_strconcat (prefix, "/lib/pkgconfig:", prefix, "/share/pkgconfig", NULL);
      env = g_environ_setenv (env, "CPPFLAGS", headers, TRUE);
      env = g_environ_setenv (env, "LDFLAGS", libraries, TRUE);
      env = g_environ_setenv (env, "PKG_CONFIG_PATH", configs, TRUE);
    }
  json_object_foreach (recipe->environment, name, value) env =
      g_environ_setenv (env, name, json_string_value (value), TRUE);
  json_object_foreach (recipe->values, name, value) env =
      g_environ_setenv (env, name, json_string_value (value), TRUE);
  return env;
}

static void
append_log (Session *self, const char *step, const TerraneProcessResult *result)
{
  g_string_append_printf (self->log, "+ %s\n%s", step, result->output);
  if (self->log->str[self->log->len - 1] != '\n')
    g_string_append_c (self->log, '\n');
}

/* @argv runs with the umask that the files of the result are to have. */
static gboolean
run (Session *self, const char *step, const char *const *argv, const TerraneSandboxFile *files,
     GError **error)
{
  static const char *const shell[] = { "/bin/sh", "-euc", shell_line, "sh", NULL };
  const TerraneCompileRun *run = self->run;
  const TerraneRecipe *recipe = run->recipe;
  const TerraneSandbox sandbox = { .root = run->root,
                                   .env = (const char *const *) self->env,
                                   .tmp_bytes = recipe->tmp_bytes,
                                   .memory_bytes = recipe->memory_bytes,
                                   .mounts = self->mounts,
                                   .neutral = TRUE };
  g_auto (TerraneProcessResult) result = { 0 };
  g_autoptr (GPtrArray) words = g_ptr_array_new ();
  for (const char *const *word = shell; *word != NULL; word++)
    g_ptr_array_add (words, (gpointer) *word);
  for (; *argv != NULL; argv++)
    g_ptr_array_add (words, (gpointer) *argv);
  g_ptr_array_add (words, NULL);
  gint64 left = (self->deadline - g_get_monotonic_time ()) / USECS_PER_MS;
  terrane_progress_phase (run->progress, 0, "compiling %s: %s", recipe->name, step);
  if (!terrane_sandbox_run (&sandbox, (const char *const *) words->pdata, files,
                            (uint64_t) MAX (left, 1), NULL, &result, error))
    return FALSE;
  append_log (self, step, &result);
  return (!result.timed_out && !result.out_of_memory && result.exit_code == 0)
         || terrane_compile_explain (recipe, step, &result, run->log_path, error);
}

static const char patch_path[] = TERRANE_SANDBOX_FILES "/patch";

static gboolean
apply_patch (Session *self, const TerraneRecipeFile *patch, GError **error)
{
  static const char *const argv[] = { "patch", "-p1", "-N", "-i", patch_path, NULL };
  const TerraneSandboxFile files[] = { { .name = "patch", .content = patch->content, .mode = 0444 },
                                       { .name = NULL } };
  g_autofree char *name = g_path_get_basename (patch->path);
  g_autofree char *quoted = oci_quote (name);
  g_autofree char *step = g_strdup_printf ("the patch %s", quoted);
  return run (self, step, argv, files, error);
}

static gboolean
run_script (Session *self, const TerraneRecipeFile *script, GError **error)
{
  static const char *const argv[] = { "/bin/sh", "-eu", TERRANE_SANDBOX_FILES "/script", NULL };
  const TerraneSandboxFile files[] = {
    { .name = "script", .content = script->content, .mode = 0444 }, { .name = NULL }
  };
  return run (self, "the script", argv, files, error);
}

/* "step 2 of 3 (make -j2)" Returns: (transfer full) */
static char *
name_step (const GPtrArray *steps, guint i)
{
  char **argv = steps->pdata[i];
  gboolean is_line = g_str_equal (argv[0], "/bin/sh") && g_strcmp0 (argv[1], "-euc") == 0
                     && argv[2] != NULL && argv[3] == NULL;
  g_autofree char *words = g_strjoinv (" ", is_line ? argv + 2 : argv);
  g_autofree char *shown = g_utf8_strlen (words, -1) > MAX_SHOWN
                               ? g_utf8_substring (words, 0, MAX_SHOWN)
                               : g_strdup (words);
  g_autofree char *quoted = oci_quote (shown);
  return g_strdup_printf ("step %u of %u (%s%s)", i + 1, steps->len, quoted,
                          strlen (shown) < strlen (words) ? "…" : "");
}

static gboolean
run_all (Session *self, GError **error)
{
  const TerraneRecipe *recipe = self->run->recipe;
  for (guint i = 0; i < recipe->patches->len; i++)
    if (!apply_patch (self, recipe->patches->pdata[i], error))
      return FALSE;
  for (guint i = 0; i < recipe->steps->len; i++)
    {
      g_autofree char *step = name_step (recipe->steps, i);
      if (!run (self, step, recipe->steps->pdata[i], NULL, error))
        return FALSE;
    }
  return recipe->script == NULL || run_script (self, recipe->script, error);
}

static gboolean
write_log (const TerraneCompileRun *self, const GString *log, GError **error)
{
  g_auto (OciFd) fd = -1;
  g_autofree char *directory = g_path_get_dirname (self->log_path);
  g_autofree char *name = g_path_get_basename (self->log_path);
  return oci_make_dirs (AT_FDCWD, directory, 0700, error)
         && oci_open_dir (AT_FDCWD, directory, &fd, error)
         && oci_replace_file (fd, name, 0600, log->str, log->len, error);
}

gboolean
terrane_compile_run (const TerraneCompileRun *self, GError **error)
{
  const TerraneRecipe *recipe = self->recipe;
  g_autoptr (GString) log = g_string_new (NULL);
  g_autoptr (GPtrArray) mounts = g_ptr_array_new_with_free_func (terrane_host_mount_free);
  TerraneHostMount *mount = terrane_host_mount_new (self->work, TERRANE_COMPILE_WORK);
  mount->writable = TRUE;
  mount->directory = TRUE;
  g_ptr_array_add (mounts, mount);
  g_auto (GStrv) env = make_env (self);
  Session session = { .run = self,
                      .mounts = mounts,
                      .env = env,
                      .log = log,
                      .deadline =
                          g_get_monotonic_time () + (gint64) recipe->timeout_ms * USECS_PER_MS };
  g_string_append_printf (log, "%s %s\n", recipe->name, recipe->version);
  gboolean ok = run_all (&session, error);
  return write_log (self, log, ok ? error : NULL) && ok;
}
