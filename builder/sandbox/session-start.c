#include "builder/sandbox/session-start.h"

#include "builder/sandbox/mounts.h"
#include "builder/sandbox/stdio.h"

TerraneSession *
terrane_session_start (const TerraneSandbox *sandbox, const char *const *argv,
                       const TerraneSessionOptions *options, OciFd *out_listener, GError **error)
{
  gboolean assumed = FALSE;
  g_autoptr (GError) local = NULL;
  if (!terrane_stdio_check (options->stdio, error))
    return NULL;
  TerraneSession *session =
      terrane_session_start_once (sandbox, argv, options, &assumed, out_listener, &local);
  if (assumed)
    terrane_mounts_learn (session != NULL);
  if (session == NULL && assumed)
    return terrane_session_start_once (sandbox, argv, options, NULL, out_listener, error);
  if (session == NULL)
    g_propagate_error (error, g_steal_pointer (&local));
  return session;
}
