#include "oci/http/helper-process.h"

#include <string.h>

/* For a process without PATH; never includes the working directory, unlike the default of C
 * libraries. */
#define DEFAULT_PATH "/usr/local/bin:/usr/bin:/bin"

char *
oci_helper_process_find (const char *name)
{
  const char *path = g_getenv ("PATH");
  if (strchr (name, '/') != NULL)
    return g_strdup (name);
  g_auto (GStrv) directories = g_strsplit (path != NULL ? path : DEFAULT_PATH, ":", -1);
  for (char **directory = directories; *directory != NULL; directory++)
    {
      g_autofree char *program = g_build_filename (*directory, name, NULL);
      if (**directory == '/' && g_file_test (program, G_FILE_TEST_IS_EXECUTABLE)
          && !g_file_test (program, G_FILE_TEST_IS_DIR))
        return g_steal_pointer (&program);
    }
  return NULL;
}

static gboolean
run (const OciHelperProcess *self, const char *program, GCancellable *cancellable,
     OciProcessResult *out_result, GError **error)
{
  g_autoptr (GPtrArray) argv = g_ptr_array_new (); /* borrowed */
  g_autoptr (GError) local = NULL;
  g_ptr_array_add (argv, (gpointer) program);
  for (const char *const *word = self->argv + 1; *word != NULL; word++)
    g_ptr_array_add (argv, (gpointer) *word);
  g_ptr_array_add (argv, NULL);
  const OciProcess process = { .argv = (const char *const *) argv->pdata,
                               .program = program,
                               .input = self->input,
                               .max_output = self->max_output,
                               .deadline_ms = self->timeout_ms,
                               .foreground = TRUE };
  if (oci_process_run_full (&process, cancellable, out_result, &local))
    return TRUE;
  if (g_error_matches (local, OCI_ERROR, OCI_ERROR_CANCELLED))
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  if (g_error_matches (local, OCI_ERROR, OCI_ERROR_LIMIT))
    return oci_throw (error, OCI_ERROR_LIMIT, "%s printed more than %zu bytes", self->argv[0],
                      self->max_output);
  return oci_throw (error, OCI_ERROR_IO, "%s cannot be started: %s", self->argv[0], local->message);
}

gboolean
oci_helper_process_run (const OciHelperProcess *self, GCancellable *cancellable,
                        OciProcessResult *out_result, GError **error)
{
  g_auto (OciProcessResult) result = { 0 };
  if (g_cancellable_is_cancelled (cancellable))
    return oci_throw (error, OCI_ERROR_CANCELLED, "interrupted");
  g_autofree char *program = oci_helper_process_find (self->argv[0]);
  if (program == NULL)
    return oci_throw (error, OCI_ERROR_NOT_FOUND, "there is no %s in $PATH", self->argv[0]);
  if (!run (self, program, cancellable, &result, error))
    return FALSE;
  if (result.timed_out)
    return oci_throw (error, OCI_ERROR_LIMIT, "%s did not answer within %g s", self->argv[0],
                      self->timeout_ms / 1000.0);
  *out_result = result;
  result = (OciProcessResult){ 0 };
  return TRUE;
}
