/* Runs a program that reads a text and answers with one, such as a credential helper. Both may be
 * secret: they pass through pipes, never through arguments, and are overwritten afterwards. */
#pragma once

#include "oci/base/error.h"
#include "oci/base/process.h"

G_BEGIN_DECLS

typedef struct
{
  const char *const *argv; /* the program is searched for in $PATH */
  const char *input;
  gsize max_output; /* bytes of stdout */
  unsigned timeout_ms;
} OciHelperProcess;

/**
 * oci_helper_process_run:
 * @out_result: (out caller-allocates): to be cleared by the caller, set on success only
 *
 * Runs the program and waits for its end, but not for descendants that hold its output. It has the
 * environment of this process, and its terminal, on which it may ask for a passphrase.
 *
 * Errors: %OCI_ERROR_NOT_FOUND if the program does not exist, %OCI_ERROR_LIMIT for its time or
 *   output, %OCI_ERROR_CANCELLED, %OCI_ERROR_IO if it could not be started.
 */
gboolean oci_helper_process_run (const OciHelperProcess *self, GCancellable *cancellable,
                                 OciProcessResult *out_result, GError **error);

/**
 * oci_helper_process_find:
 * @name: a program; with a "/" in it, it is not searched for
 *
 * Searches the absolute directories of $PATH. Empty and relative elements, which mean the working
 * directory, could run an attacker's program there.
 *
 * Returns: (transfer full) (nullable): its path
 */
char *oci_helper_process_find (const char *name);

G_END_DECLS
