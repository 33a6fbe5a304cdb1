#include "builder/sandbox/lambda-failure.h"

#include "oci/base/json.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

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

/* "killed", as Go and so Lambda names signals. */
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
  if (!end->executed)
    fail (result, "Runtime.InvalidEntrypoint", "the entrypoint cannot be executed");
  else if (end->out_of_memory)
    fail (result, "Runtime.OutOfMemory", "Runtime exited with error: signal: killed");
  else if (name != NULL)
    fail (result, "Runtime.ExitError", "Runtime exited with error: signal: %s", name);
  else if (end->exit_code != 0)
    fail (result, "Runtime.ExitError", "Runtime exited with error: exit status %d", end->exit_code);
  else
    fail (result, "Runtime.ExitError", "Runtime exited without providing a reason");
}

gboolean
terrane_lambda_check_entrypoint (const char *root, const char *program, TerraneLambdaResult *result)
{
  const struct open_how how = { .flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
                                .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };
  struct stat info;
  g_auto (OciFd) dir = open (root, O_PATH | O_DIRECTORY | O_CLOEXEC);
  g_auto (OciFd) fd = (int) syscall (SYS_openat2, dir, program, &how, sizeof how);
  const char *reason = NULL;
  if (program[0] != '/')
    reason = "is not an absolute path";
  else if (fd < 0 || fstat (fd, &info) < 0)
    reason = g_strerror (errno);
  else if (S_ISLNK (info.st_mode))
    reason = "is a symbolic link";
  else if (!S_ISREG (info.st_mode) || (info.st_mode & 0111) == 0)
    reason = "is not executable";
  if (reason != NULL)
    fail (result, "Runtime.InvalidEntrypoint", "entrypoint %s: %s", program, reason);
  return reason == NULL;
}
