#include "builder/compile/run.h"

#include "builder/compile/failure.h"
#include "builder/compile/log.h"
#include "builder/compile/step.h"

#include <fcntl.h>
#include <string.h>

enum
{
  MAX_SHOWN = 60, /* bytes of a step in messages */
  USECS_PER_MS = 1000,
};

#define SOURCES TERRANE_COMPILE_WORK "/" TERRANE_COMPILE_SOURCES
#define OUTPUT TERRANE_COMPILE_WORK "/" TERRANE_COMPILE_OUTPUT

/* No file contains the directory where it was compiled. */
static const char flags[] = "-O2 -ffile-prefix-map=" SOURCES "=.";

/* The shell line that runs each program of a recipe. */
static const char shell_line[] = "umask 022; cd " SOURCES "; exec \"$@\"";

/* The state while steps run. */
typedef struct
{
  const TerraneCompileRun *run;
  TerraneCompileLast *last;
  GPtrArray *mounts; /* of TerraneHostMount */
  TerraneDiskWatch disk;
  TerraneCompileLog log;
  gint64 deadline;        /* monotonic */
  gboolean at_line_start; /* of the log */
} Session;

void
terrane_compile_last_clear (TerraneCompileLast *self)
{
  g_clear_pointer (&self->step, g_free);
  g_clear_pointer (&self->argv, g_strfreev);
  g_clear_pointer (&self->env, g_strfreev);
  g_clear_pointer (&self->file, g_free);
  g_clear_pointer (&self->content, g_bytes_unref);
}

const char *const *
terrane_compile_shell (void)
{
  static const char *const shell[] = { "/bin/sh", "-euc", shell_line, "sh", NULL };
  return shell;
}

static char **
make_env (const TerraneCompileRun *self, unsigned n_jobs)
{
  static const char *const fixed[] = {
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME=/tmp",
    "TMPDIR=/tmp",
    "LC_ALL=C",
    "TZ=UTC",
    "SOURCE_DATE_EPOCH=315532800", /* 1980-01-01, the first day of zip files */

    NULL,
  };
  const TerraneRecipe *recipe = self->recipe;
  const char *name;
  json_t *value;
  char **env = g_strdupv ((char **) fixed);
  g_autofree char *jobs = g_strdup_printf ("%u", n_jobs);
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

static gboolean
add_to_log (Session *self, const char *text, size_t len, GError **error)
{
  if (len > 0)
    self->at_line_start = text[len - 1] == '\n';
  return terrane_compile_log_add (&self->log, text, len, error);
}

static gboolean
on_output (const char *bytes, size_t len, gpointer data, GError **error)
{
  Session *self = data;
  self->run->output (bytes, len, self->run->data);
  return add_to_log (self, bytes, len, error);
}

static gboolean
start_in_log (Session *self, const char *step, GError **error)
{
  g_autofree char *line = g_strdup_printf ("%s+ %s\n", self->at_line_start ? "" : "\n", step);
  return add_to_log (self, line, strlen (line), error);
}

static void
note_step (Session *self, const char *step, const char *const *argv, const TerraneSandboxFile *file,
           char **env)
{
  terrane_compile_last_clear (self->last);
  *self->last = (TerraneCompileLast){ .step = g_strdup (step),
                                      .argv = g_strdupv ((char **) argv),
                                      .env = g_strdupv (env) };
  if (file == NULL)
    return;
  self->last->file = g_strdup (file->name);
  self->last->content = g_bytes_ref (file->content);
}

/* Runs @argv with the umask that the files of the result need. @out_output: (out) (nullable): the
 * end of its output, if it succeeded */
static gboolean
run (Session *self, const char *step, const char *const *argv, const TerraneSandboxFile *files,
     char **out_output, GError **error)
{
  const TerraneCompileRun *run = self->run;
  const TerraneRecipe *recipe = run->recipe;
  g_auto (TerraneStepEnd) end = { 0 };
  g_autoptr (GPtrArray) words = g_ptr_array_new ();
  for (const char *const *word = terrane_compile_shell (); *word != NULL; word++)
    g_ptr_array_add (words, (gpointer) *word);
  for (const char *const *word = argv; *word != NULL; word++)
    g_ptr_array_add (words, (gpointer) *word);
  g_ptr_array_add (words, NULL);
  g_auto (GStrv) env = make_env (run, run->begin (step, run->data));
  const TerraneSandbox sandbox = { .root = run->root,
                                   .env = (const char *const *) env,
                                   .tmp_bytes = recipe->tmp_bytes,
                                   .memory_bytes = recipe->memory_bytes,
                                   .emulator = run->emulator,
                                   .mounts = self->mounts,
                                   .neutral = TRUE };
  const TerraneStep of = { .sandbox = &sandbox,
                           .argv = (const char *const *) words->pdata,
                           .files = files,
                           .deadline = self->deadline,
                           .disk = &self->disk,
                           .output = on_output,
                           .data = self,
                           .cancellable = run->cancellable };
  note_step (self, step, argv, files, env);
  if (!start_in_log (self, step, error) || !terrane_step_run (&of, &end, error))
    return FALSE;
  if (!terrane_step_end_is_good (&end))
    return terrane_compile_explain (recipe, step, &end, run->log_path, error);
  if (out_output != NULL)
    *out_output = g_steal_pointer (&end.output);
  return TRUE;
}

/* GNU patch would leave a copy of a file (.orig) where it had to look for the place of a hunk; the
 * option against that is unknown to busybox. */
static const char patch_line[] =
    "case $(patch --version 2>/dev/null) in *GNU*) set -- --no-backup-if-mismatch;; esac; "
    "exec patch -p1 -N \"$@\" -i " TERRANE_SANDBOX_FILES "/patch";

/* Whether lines around a hunk were not those of the patch: it may have changed another place. */
static gboolean
has_fuzz (const char *output)
{
  return g_regex_match_simple ("^Hunk #[0-9]+ succeeded .*with fuzz", output, G_REGEX_MULTILINE, 0);
}

static gboolean
apply_patch (Session *self, const TerraneRecipeFile *patch, GError **error)
{
  static const char *const argv[] = { "/bin/sh", "-c", patch_line, "sh", NULL };
  const TerraneSandboxFile files[] = { { .name = "patch", .content = patch->content, .mode = 0444 },
                                       { .name = NULL } };
  g_autofree char *name = g_path_get_basename (patch->path);
  g_autofree char *quoted = oci_quote (name);
  g_autofree char *step = g_strconcat (TERRANE_COMPILE_PATCH, quoted, NULL);
  g_autofree char *output = NULL;
  if (!run (self, step, argv, files, &output, error))
    return FALSE;
  if (has_fuzz (output))
    g_ptr_array_add (
        self->run->warnings,
        g_strdup_printf ("%s: %s applies only with fuzz: lines around a change are not "
                         "those of the sources; make it again for this version",
                         self->run->recipe->path, step));
  return TRUE;
}

static gboolean
run_script (Session *self, const TerraneRecipeFile *script, GError **error)
{
  static const char *const argv[] = { "/bin/sh", "-eu", TERRANE_SANDBOX_FILES "/script", NULL };
  const TerraneSandboxFile files[] = {
    { .name = "script", .content = script->content, .mode = 0444 }, { .name = NULL }
  };
  return run (self, "the script", argv, files, NULL, error);
}

/* "step 2 of 3 (make -j2)" Returns: (transfer full) */
static char *
name_step (const GPtrArray *steps, guint i)
{
  char **argv = steps->pdata[i];
  gboolean is_line = g_str_equal (argv[0], "/bin/sh") && g_strcmp0 (argv[1], "-euc") == 0
                     && argv[2] != NULL && argv[3] == NULL;
  g_autofree char *words = g_strjoinv (" ", is_line ? argv + 2 : argv);
  if (g_utf8_strlen (words, -1) > MAX_SHOWN)
    {
      g_autofree char *start = g_utf8_substring (words, 0, MAX_SHOWN);
      g_free (words);
      words = g_strconcat (start, "…", NULL);
    }
  g_autofree char *quoted = oci_quote (words);
  return g_strdup_printf ("step %u of %u (%s)", i + 1, steps->len, quoted);
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
      if (!run (self, step, recipe->steps->pdata[i], NULL, NULL, error))
        return FALSE;
    }
  return recipe->script == NULL || run_script (self, recipe->script, error);
}

static gboolean
start (Session *self, int work, GError **error)
{
  const TerraneCompileRun *run = self->run;
  const TerraneRecipe *recipe = run->recipe;
  g_autofree char *title = g_strdup_printf ("%s %s\n", recipe->name, recipe->version);
  TerraneHostMount *mount = terrane_host_mount_new (run->work, TERRANE_COMPILE_WORK);
  mount->writable = TRUE;
  mount->directory = TRUE;
  g_ptr_array_add (self->mounts, mount);
  terrane_disk_watch_init (&self->disk, work, recipe->disk_bytes);
  unsigned slowdown = run->emulator != NULL ? terrane_emulator_slowdown (run->emulator) : 1;
  self->deadline =
      g_get_monotonic_time () + (gint64) (recipe->timeout_ms * slowdown) * USECS_PER_MS;
  return terrane_compile_log_open (&self->log, run->log_path, error)
         && add_to_log (self, title, strlen (title), error);
}

gboolean
terrane_compile_run (const TerraneCompileRun *self, TerraneCompileLast *out_last, GError **error)
{
  g_autoptr (GPtrArray) mounts = g_ptr_array_new_with_free_func (terrane_host_mount_free);
  g_auto (OciFd) work = -1;
  Session session = {
    .run = self, .last = out_last, .mounts = mounts, .log = TERRANE_COMPILE_LOG_INIT
  };
  *out_last = (TerraneCompileLast){ 0 };
  gboolean ok = oci_open_dir (AT_FDCWD, self->work, &work, error) && start (&session, work, error);
  gboolean ran = ok && run_all (&session, error);
  ok = ok && terrane_compile_log_finish (&session.log, ran ? error : NULL) && ran;
  terrane_compile_log_clear (&session.log);
  return ok;
}
