#include "builder/lambda/lambda.h"

#include "builder/lambda/runtime-api.h"

#include <string.h>

#define REGION "us-east-1" /* that of the RIE, also in its function's ARN */

/* Named like those of CloudWatch: 2026/11/21/[$LATEST]0123456789abcdef0123456789abcdef */
static char *
log_stream (void)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree char *day = g_date_time_format (now, "%Y/%m/%d");
  g_autofree char *uuid = g_uuid_string_random ();
  g_auto (GStrv) parts = g_strsplit (uuid, "-", -1);
  g_autofree char *hex = g_strjoinv ("", parts);
  return g_strdup_printf ("%s/[$LATEST]%s", day, hex);
}

static char **
set_all (char **env, const char *const *variables)
{
  for (; variables != NULL && *variables != NULL; variables++)
    {
      const char *equals = strchr (*variables, '=');
      if (equals == NULL)
        continue;
      g_autofree char *name = g_strndup (*variables, (gsize) (equals - *variables));
      env = g_environ_setenv (env, name, equals + 1, TRUE);
    }
  return env;
}

char **
terrane_lambda_env (const char *name, const char *const *image_env, const char *handler,
                    unsigned memory_mib, const char *const *extra)
{
  char **env = set_all (NULL, image_env);
  g_autofree char *stream = log_stream ();
  g_autofree char *group = g_strconcat ("/aws/lambda/", name, NULL);
  g_autofree char *memory = g_strdup_printf ("%u", memory_mib);
  g_autofree char *api = g_strdup_printf ("127.0.0.1:%d", TERRANE_RUNTIME_API_PORT);
  const char *const pairs[][2] = {
    { "AWS_LAMBDA_FUNCTION_NAME", name },
    { "AWS_LAMBDA_FUNCTION_VERSION", "$LATEST" },
    { "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", memory },
    { "AWS_LAMBDA_LOG_GROUP_NAME", group },
    { "AWS_LAMBDA_LOG_STREAM_NAME", stream },
    { "AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand" },
    { "AWS_LAMBDA_RUNTIME_API", api },
    { "AWS_REGION", REGION },
    { "AWS_DEFAULT_REGION", REGION },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (pairs); i++)
    env = g_environ_setenv (env, pairs[i][0], pairs[i][1], TRUE);
  env = g_environ_setenv (env, "TZ", ":UTC", FALSE);
  if (handler != NULL)
    env = g_environ_setenv (env, "_HANDLER", handler, TRUE);
  return set_all (env, extra);
}
