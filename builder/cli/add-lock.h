/* Locking requirements.in by a program of the host: 'uv pip compile' or pip-compile. */
#pragma once

#include "builder/profile/source-spec.h"
#include "builder/python/target.h"

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct
{
  const char *directory; /* that both files are in */
  const char *input;     /* name in it, such as "requirements.in" */
  const char *output;    /* name in it; need not exist */
  const TerraneWheelsSpec *wheels;
  TerranePythonTarget target; /* libc_major 0: not known */
  gboolean universal;         /* for several platforms */
  gboolean emit_indexes;      /* the output has to say the indexes that the input names */
  gboolean offline;
  GCancellable *cancellable; /* (nullable): ends the program */
} TerraneAddLock;

/** The program that there is: "uv", "pip-compile", or NULL. Returns: (transfer none) (nullable) */
const char *terrane_add_lock_program (void);

/**
 * terrane_add_lock_command:
 * @program: of terrane_add_lock_program(), or NULL for uv
 *
 * Returns: (transfer full): program and arguments, for @directory; no password is in it: indexes
 *   are in the environment
 */
char **terrane_add_lock_command (const TerraneAddLock *self, const char *program, const char *input,
                                 const char *output);

/**
 * terrane_add_lock_run:
 * @text: what the input is to have; it is given to the program under another name
 *
 * What the output has already stays as it is, as far as it can. Neither file is changed.
 *
 * Returns: (transfer full) (nullable): what the output is to have
 */
GBytes *terrane_add_lock_run (const TerraneAddLock *self, const char *program, const char *text,
                              GError **error);

G_END_DECLS
