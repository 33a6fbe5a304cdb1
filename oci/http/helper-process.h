/* A program that gets a text and answers with one, such as a credential helper. Both may be secret:
 * they pass through pipes, never through arguments, and are overwritten afterwards. */
#pragma once

#include "oci/base/error.h"
#include "oci/base/process.h"

G_BEGIN_DECLS

typedef struct
{
  const char *const *argv; /* the program is looked for in $PATH */
  const char *input;
  gsize max_output; /* bytes on stdout */
  unsigned timeout_ms;
} OciHelperProcess;

/**
 * oci_helper_process_run:
 * @out_result: (out caller-allocates): cleared by the caller, set on success only
 *
 * Runs the program and waits for its end, not for that of descendants that hold its output. It has
 * the environment of this process, and its terminal, which passphrases may be asked on.
 *
 * Returns: %FALSE only when it could not be started (%OCI_ERROR_NOT_FOUND: no such program) or was
 *   killed: %OCI_ERROR_LIMIT (time, output), %OCI_ERROR_CANCELLED
 */
gboolean oci_helper_process_run (const OciHelperProcess *self, GCancellable *cancellable,
                                 OciProcessResult *out_result, GError **error);

/**
 * oci_helper_process_find:
 * @name: a program; with a "/" in it, it is taken as it is
 *
 * Looks in the absolute directories of $PATH: empty and relative elements, which mean the working
 * directory, would run what somebody left there.
 *
 * Returns: (transfer full) (nullable): its path
 */
char *oci_helper_process_find (const char *name);

G_END_DECLS
