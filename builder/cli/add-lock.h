/* Locks requirements.in with a program of the host: 'uv pip compile' or pip-compile. */
#pragma once

#include "builder/profile/source-spec.h"
#include "builder/python/target.h"

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct
{
  const char *directory; /* that contains both files */
  const char *input;     /* name in it, such as "requirements.in" */
  const char *output;    /* name in it; need not exist */
  const TerraneWheelsSpec *wheels;
  TerranePythonTarget target; /* libc_major 0 if it is unknown */
  gboolean universal;         /* for several platforms */
  gboolean emit_indexes;      /* the output must contain the indexes that the input names */
  gboolean offline;
  GCancellable *cancellable; /* (nullable): ends the program */
} TerraneAddLock;

/** Returns: (transfer none) (nullable): the available program: "uv", "pip-compile" */
const char *terrane_add_lock_program (void);

/**
 * terrane_add_lock_command:
 * @program: from terrane_add_lock_program(), or NULL for uv
 *
 * Returns: (transfer full): program and arguments, to be run in @directory; they contain no
 *   password: indexes are in the environment
 */
char **terrane_add_lock_command (const TerraneAddLock *self, const char *program, const char *input,
                                 const char *output);

/**
 * terrane_add_lock_run:
 * @text: new content of the input; passed to the program under another name
 *
 * Existing content of the output is kept as far as possible. Neither file is changed.
 *
 * Returns: (transfer full): new content of the output
 * Errors: %OCI_ERROR_USAGE, %OCI_ERROR_FORMAT, %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_LIMIT,
 *   %OCI_ERROR_NOT_FOUND, %OCI_ERROR_IO, %OCI_ERROR_CANCELLED.
 */
GBytes *terrane_add_lock_run (const TerraneAddLock *self, const char *program, const char *text,
                              GError **error);

G_END_DECLS
