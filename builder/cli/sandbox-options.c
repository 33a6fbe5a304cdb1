#include "builder/cli/sandbox-options.h"

#include <stdio.h>

gboolean
terrane_sandbox_option (const char *text, const char *command, TerraneSandboxKind *out_kind,
                        GError **error)
{
  if (!terrane_sandbox_kind_parse (text, command, out_kind, error))
    return FALSE;
  if (*out_kind == TERRANE_SANDBOX_NONE)
    fprintf (stderr, "terrane: warning: --sandbox none: the image's programs share this machine's "
                     "network and processes, and may leave some of their own behind\n");
  return TRUE;
}
