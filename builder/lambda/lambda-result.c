#include "builder/lambda/lambda-result.h"

#include "builder/sandbox/root-path.h"

#include "oci/base/json.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

void
terrane_lambda_result_clear (TerraneLambdaResult *self)
{
  g_clear_pointer (&self->request_id, g_free);
  g_clear_pointer (&self->error_type, g_free);
  g_clear_pointer (&self->body, g_bytes_unref);
  g_clear_pointer (&self->log, g_bytes_unref);
}

static void fail (TerraneLambdaResult *result, const char *type, const char *format, ...)
    G_GNUC_PRINTF (3, 4);

/* {"errorType": …, "errorMessage": "RequestId: … Error: …"} */
static void
fail (TerraneLambdaResult *result, const char *type, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autofree char *reason = g_strdup_vprintf (format, args);
  va_end (args);
  g_autofree char *message =
      g_strdup_printf ("RequestId: %s Error: %s", result->request_id, reason);
  g_autoptr (OciJsonValue) object = json_object ();
  oci_json_set (object, "errorType", oci_json_text (type));
  oci_json_set (object, "errorMessage", oci_json_text (message));
  result->error_type = g_strdup (type);
  result->body = oci_json_dump (object);
}

void
terrane_lambda_fail_timeout (TerraneLambdaResult *result, unsigned timeout_ms)
{
  fail (result, "Sandbox.Timedout", "Task timed out after %.2f seconds", timeout_ms / 1000.0);
}

/* "killed": Go's names of signals, which Lambda uses. */
static char *
signal_text (int number)
{
  g_autofree char *name = g_ascii_strdown (strsignal (number), -1);
  return g_steal_pointer (&name);
}

void
terrane_lambda_fail_ended (TerraneLambdaResult *result, const TerraneSessionEnd *end)
{
  g_autofree char *name = end->signal != 0 ? signal_text (end->signal) : NULL;
  g_autofree char *reason = g_ascii_strdown (g_strerror (end->exec_errno), -1);
  if (!end->executed)
    fail (result, "Runtime.InvalidEntrypoint", "the entrypoint cannot be executed: %s", reason);
  else if (end->out_of_memory)
    fail (result, "Runtime.OutOfMemory", "Runtime exited with error: signal: killed");
  else if (end->too_many_processes)
    fail (result, "Runtime.ExitError",
          "Runtime exited with error: signal: killed (more than %d processes and threads)",
          TERRANE_SESSION_MAX_PROCESSES);
  else if (end->unwatched)
    fail (result, "Runtime.ExitError",
          "Runtime exited with error: signal: killed (" TERRANE_SESSION_UNWATCHED ")");
  else if (name != NULL)
    fail (result, "Runtime.ExitError", "Runtime exited with error: signal: %s", name);
  else if (end->exit_code != 0)
    fail (result, "Runtime.ExitError", "Runtime exited with error: exit status %d", end->exit_code);
  else
    fail (result, "Runtime.ExitError", "Runtime exited without providing a reason");
}

/* Go's texts, which Lambda uses: "no such file or directory". */
static char *
errno_text (int number)
{
  return g_ascii_strdown (g_strerror (number), -1);
}

gboolean
terrane_lambda_check_entrypoint (const char *root, const char *program, TerraneLambdaResult *result)
{
  struct stat info;
  g_autofree char *reason = NULL;
  g_auto (OciFd) fd = terrane_root_path_find (root, program, O_NOFOLLOW);
  if (program[0] != '/')
    reason = g_strdup ("not an absolute path");
  else if (fd < 0 || fstat (fd, &info) < 0)
    reason = errno_text (errno);
  else if (S_ISLNK (info.st_mode))
    reason = g_strdup ("a symbolic link");
  else if (!S_ISREG (info.st_mode) || (info.st_mode & 0111) == 0)
    reason = errno_text (EACCES);
  if (reason != NULL)
    fail (result, "Runtime.InvalidEntrypoint", "fork/exec %s: %s", program, reason);
  return reason == NULL;
}

gboolean
terrane_lambda_check_working_dir (const char *root, const char *path, TerraneLambdaResult *result)
{
  g_auto (OciFd) fd = -1;
  if (path == NULL || path[0] == '\0')
    return TRUE;
  fd = terrane_root_path_find (root, path, O_DIRECTORY);
  if (fd >= 0)
    return TRUE;
  g_autofree char *reason = errno_text (errno);
  fail (result, "Runtime.InvalidWorkingDir", "chdir %s: %s", path, reason);
  return FALSE;
}
