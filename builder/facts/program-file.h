/* Decides whether the kernel can execute a file: a program, or a script whose interpreter
 * exists. */
#pragma once

#include "builder/facts/image-view.h"

G_BEGIN_DECLS

/**
 * terrane_program_file_problem:
 * @node: a file to be executed
 * @directory: working directory, for interpreters with relative paths
 * @out_problem: (out) (transfer full) (nullable): end of a sentence, "is a script without …"
 * @out_fix: (out) (transfer full) (nullable)
 *
 * A view without a store has no content to read, and gives no problem. Fails only if files cannot
 * be read.
 *
 * Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_IO.
 */
gboolean terrane_program_file_problem (const TerraneImageView *view, const TerraneNode *node,
                                       const char *directory, char **out_problem, char **out_fix,
                                       GError **error);

G_END_DECLS
