#include "builder/cli/add-lock.h"

#include "builder/cli/path-from.h"
#include "builder/python/tags.h"

#include "oci/base/fd.h"
#include "oci/base/process.h"
#include "oci/base/temp-file.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define UV "uv"
#define PIP_COMPILE "pip-compile"

enum
{
  MAX_OUTPUT = 8 * 1024 * 1024,
  MAX_LINES = 12, /* of a program's output when it fails */
};

const char *
terrane_add_lock_program (void)
{
  static const char *const programs[] = { UV, PIP_COMPILE };
  for (size_t i = 0; i < G_N_ELEMENTS (programs); i++)
    {
      g_autofree char *path = g_find_program_in_path (programs[i]);
      if (path != NULL)
        return programs[i];
    }
  return NULL;
}

static void
add (GPtrArray *argv, const char *word)
{
  g_ptr_array_add (argv, g_strdup (word));
}

/* Returns uv's name for the platform: uv knows these versions of glibc, and the newest that the
 * image has is used. */
static char *
uv_platform (const TerranePythonTarget *target)
{
  static const unsigned known[] = { 40, 39, 38, 37, 36, 35, 34, 33, 32, 31, 28, 17 };
  const char *machine = terrane_tags_machine (target);
  if (target->libc_major > 0 && target->libc == TERRANE_LIBC_MUSL)
    return g_strdup_printf ("%s-unknown-linux-musl", machine);
  for (size_t i = 0; target->libc_major == 2 && i < G_N_ELEMENTS (known); i++)
    if (target->libc_minor >= known[i])
      return g_strdup_printf ("%s-manylinux_2_%u", machine, known[i]);
  return g_strdup_printf ("%s-unknown-linux-gnu", machine);
}

/* Returns the profile's directory of wheels, relative to the working directory of the program. */
static char *
find_wheelhouse (const TerraneAddLock *self)
{
  return self->wheels->wheelhouse != NULL
             ? terrane_path_from (self->directory, self->wheels->wheelhouse)
             : NULL;
}

static void
add_uv (const TerraneAddLock *self, GPtrArray *argv)
{
  g_autofree char *python =
      g_strdup_printf ("%u.%u", self->target.python_major, self->target.python_minor);
  g_autofree char *platform = uv_platform (&self->target);
  add (argv, UV);
  add (argv, "pip");
  add (argv, "compile");
  add (argv, "--generate-hashes");
  add (argv, "--python-version");
  add (argv, python);
  if (self->universal)
    add (argv, "--universal");
  else
    {
      add (argv, "--python-platform");
      add (argv, platform);
    }
  add (argv, "--only-binary");
  add (argv, ":all:");
  if (self->offline)
    add (argv, "--offline");
}

static void
add_pip_compile (GPtrArray *argv, gboolean emit_indexes)
{
  add (argv, PIP_COMPILE);
  add (argv, "--generate-hashes");
  add (argv, "--allow-unsafe");
  add (argv, "--strip-extras");
  add (argv, "--pip-args=--only-binary=:all:");
  if (emit_indexes)
    return;
  add (argv, "--no-emit-index-url");
  add (argv, "--no-emit-find-links");
}

char **
terrane_add_lock_command (const TerraneAddLock *self, const char *program, const char *input,
                          const char *output)
{
  GPtrArray *argv = g_ptr_array_new ();
  g_autofree char *wheelhouse = find_wheelhouse (self);
  gboolean uv = g_strcmp0 (program, PIP_COMPILE) != 0;
  if (uv)
    add_uv (self, argv);
  else
    add_pip_compile (argv, self->emit_indexes);
  if (uv && self->emit_indexes)
    {
      add (argv, "--emit-index-url");
      add (argv, "--emit-find-links");
    }
  if (wheelhouse != NULL)
    {
      add (argv, "--find-links");
      add (argv, wheelhouse);
    }
  if (self->wheels->indexes != NULL && self->wheels->indexes[0] == NULL)
    add (argv, "--no-index");
  add (argv, input);
  add (argv, uv ? "-o" : "--output-file");
  add (argv, output);
  g_ptr_array_add (argv, NULL);
  return (char **) g_ptr_array_free (argv, FALSE);
}

static char **
set_or_unset (char **env, const char *name, const char *value)
{
  return value[0] != '\0' ? g_environ_setenv (env, name, value, TRUE)
                          : g_environ_unsetenv (env, name);
}

/* Sets the indexes of the profile in their order: uv asks the default one last. */
static char **
set_indexes (char **env, char *const *indexes)
{
  guint n = g_strv_length ((char **) indexes);
  g_autoptr (GString) first = g_string_new (NULL), others = g_string_new (NULL);
  if (n == 0)
    return env;
  for (guint i = 0; i < n; i++)
    {
      if (i + 1 < n)
        g_string_append_printf (first, "%s%s", i > 0 ? " " : "", indexes[i]);
      if (i > 0)
        g_string_append_printf (others, "%s%s", i > 1 ? " " : "", indexes[i]);
    }
  env = g_environ_unsetenv (env, "UV_INDEX_URL");
  env = g_environ_unsetenv (env, "UV_EXTRA_INDEX_URL");
  env = g_environ_setenv (env, "UV_DEFAULT_INDEX", indexes[n - 1], TRUE);
  env = set_or_unset (env, "UV_INDEX", first->str);
  env = g_environ_setenv (env, "PIP_INDEX_URL", indexes[0], TRUE);
  return set_or_unset (env, "PIP_EXTRA_INDEX_URL", others->str);
}

/* Builds use pip's variables, which uv does not read. */
static char **
copy_variable (char **env, const char *from, const char *to, const char *older)
{
  const char *value = g_environ_getenv (env, from);
  if (value == NULL || value[0] == '\0' || g_environ_getenv (env, to) != NULL
      || g_environ_getenv (env, older) != NULL)
    return env;
  g_autofree char *copy = g_strdup (value);
  return g_environ_setenv (env, to, copy, TRUE);
}

static char **
make_environment (const TerraneAddLock *self)
{
  char **env = g_get_environ ();
  g_autofree char *python = g_find_program_in_path ("python3");
  if (python != NULL) /* any will do: nothing is built */
    env = g_environ_setenv (env, "UV_PYTHON_DOWNLOADS", "never", FALSE);
  if (self->offline)
    env = g_environ_setenv (env, "PIP_NO_INDEX", "1", TRUE);
  if (self->wheels->indexes != NULL)
    return set_indexes (env, self->wheels->indexes);
  env = copy_variable (env, "PIP_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX_URL");
  return copy_variable (env, "PIP_EXTRA_INDEX_URL", "UV_INDEX", "UV_EXTRA_INDEX_URL");
}

/* Runs in the child: only async-signal-safe functions are allowed. */
static const char *
enter_directory (gpointer directory)
{
  return chdir (directory) == 0 ? NULL : "chdir";
}

/* Whether it is a line of a Python traceback, but not the last one, which has the error. */
static gboolean
is_traceback (const char *line)
{
  return g_str_has_prefix (line, "    ") || g_str_has_prefix (line, "  File \"")
         || g_str_has_prefix (line, "Traceback ");
}

/* Returns the last lines of a program's output. */
static char *
last_lines (const char *output)
{
  g_autofree char *text = g_strchomp (g_strdup (output));
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  guint n = 0;
  for (char **line = lines; *line != NULL; line++)
    {
      char *kept = *line;
      *line = NULL;
      if (is_traceback (kept))
        g_free (kept);
      else
        lines[n++] = kept;
    }
  GString *shown = g_string_new (NULL);
  for (guint i = n > MAX_LINES ? n - MAX_LINES : 0; i < n; i++)
    {
      g_autofree char *quoted = oci_quote (g_strchomp (lines[i]));
      if (lines[i][0] != '\0')
        g_string_append_printf (shown, "\n  %s", quoted);
    }
  return g_string_free (shown, FALSE);
}

/* Replaces in comments and messages the names that the program was given by those of the files. */
static char *
rename_files (const TerraneAddLock *self, const char *input, const char *output, const char *text)
{
  g_auto (GStrv) at_input = g_strsplit (text, input, -1);
  g_autofree char *half = g_strjoinv (self->input, at_input);
  g_auto (GStrv) at_output = g_strsplit (half, output, -1);
  return g_strjoinv (self->output, at_output);
}

static gboolean
run (const TerraneAddLock *self, const char *program, const char *input, const char *output,
     GError **error)
{
  g_auto (OciProcessResult) result = { 0 };
  g_auto (GStrv) argv = terrane_add_lock_command (self, program, input, output);
  g_auto (GStrv) env = make_environment (self);
  const OciProcess process = { .argv = (const char *const *) argv,
                               .env = (const char *const *) env,
                               .prepare = enter_directory,
                               .prepare_data = (gpointer) self->directory };
  if (!oci_process_run_full (&process, self->cancellable, &result, error))
    return FALSE;
  if (result.exit_code == 0)
    return TRUE;
  g_autofree char *said = rename_files (self, input, output, result.output);
  g_autofree char *shown = last_lines (said);
  return oci_throw (error, OCI_ERROR_USAGE, "%s could not lock %s; both files are as they were:%s",
                    program, self->input, shown);
}

/* pip-compile locks for the Python that runs it, and prints its version. */
static gboolean
check_python (const TerraneAddLock *self, const char *text, GError **error)
{
  static const char mark[] = "autogenerated by pip-compile with Python ";
  const char *found = strstr (text, mark);
  g_autofree char *wanted =
      g_strdup_printf ("%u.%u", self->target.python_major, self->target.python_minor);
  if (found == NULL)
    return TRUE;
  const char *version = found + strlen (mark);
  size_t len = strspn (version, "0123456789.");
  if (strlen (wanted) == len && strncmp (version, wanted, len) == 0)
    return TRUE;
  return oci_throw (error, OCI_ERROR_UNSUPPORTED,
                    "pip-compile runs with Python %.*s, and locks for that; the image has %s: "
                    "install uv, which locks for any, or pip-tools for that Python. Both files are "
                    "as they were",
                    (int) MIN (len, 16), version, wanted);
}

/* Asks before the program resolves anything: its message about wheels for another Python would
 * mislead. */
static gboolean
ask_python (const TerraneAddLock *self, const char *program, int dfd, const char *input,
            const char *output, GError **error)
{
  g_autoptr (GBytes) data = NULL;
  gsize size = 0;
  if (!g_str_equal (program, PIP_COMPILE))
    return TRUE;
  if (!oci_replace_file (dfd, input, 0600, "", 0, error)
      || !run (self, program, input, output, error)
      || !oci_read_file (dfd, output, MAX_OUTPUT, &data, error))
    return FALSE;
  const char *bytes = g_bytes_get_data (data, &size);
  g_autofree char *text = g_strndup (size > 0 ? bytes : "", size);
  return check_python (self, text, error);
}

/* Copies the output, so that the program keeps its pins. */
static gboolean
copy_output (int dfd, const char *from, const char *to, GError **error)
{
  g_autoptr (GBytes) data = NULL;
  g_autoptr (GError) local = NULL;
  gsize size = 0;
  if (!oci_read_file (dfd, from, MAX_OUTPUT, &data, &local))
    {
      if (g_error_matches (local, OCI_ERROR, OCI_ERROR_NOT_FOUND))
        return TRUE;
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  const void *bytes = g_bytes_get_data (data, &size);
  return oci_replace_file (dfd, to, 0600, bytes, size, error);
}

GBytes *
terrane_add_lock_run (const TerraneAddLock *self, const char *program, const char *text,
                      GError **error)
{
  g_auto (OciFd) dfd = -1;
  g_autoptr (GBytes) data = NULL;
  g_autofree char *unique = g_uuid_string_random ();
  g_autofree char *input = g_strdup_printf (".terrane-add-%s.in", unique);
  g_autofree char *output = g_strdup_printf (".terrane-add-%s.txt", unique);
  if (!oci_open_dir (AT_FDCWD, self->directory, &dfd, error))
    return NULL;
  gboolean ok = ask_python (self, program, dfd, input, output, error)
                && oci_replace_file (dfd, input, 0600, text, strlen (text), error)
                && copy_output (dfd, self->output, output, error)
                && run (self, program, input, output, error)
                && oci_read_file (dfd, output, MAX_OUTPUT, &data, error);
  (void) unlinkat (dfd, input, 0); /* they may not exist; the first error is reported */
  (void) unlinkat (dfd, output, 0);
  if (!ok)
    return NULL;
  gsize size = 0;
  const char *bytes = g_bytes_get_data (data, &size);
  g_autofree char *locked = g_strndup (size > 0 ? bytes : "", size);
  char *renamed = rename_files (self, input, output, locked);
  return g_bytes_new_take (renamed, strlen (renamed));
}
