/* --sandbox, of every command that runs an image's programs. */
#pragma once

#include "builder/sandbox/sandbox.h"

G_BEGIN_DECLS

/* A row for a command's option table; @variable is a char *. */
#define TERRANE_SANDBOX_ENTRY(variable)                                                            \
  {                                                                                                \
    "sandbox", 0, 0, G_OPTION_ARG_STRING, &(variable), "bubblewrap (default), podman or none",     \
        "NAME"                                                                                     \
  }

/** Reads what was written, and warns of "none"; @command is for messages. */
gboolean terrane_sandbox_option (const char *text, const char *command,
                                 TerraneSandboxKind *out_kind, GError **error);

G_END_DECLS
