/* Whether the kernel can execute a file: a program, or a script whose interpreter is there. */
#pragma once

#include "builder/facts/image-view.h"

G_BEGIN_DECLS

/**
 * terrane_program_file_problem:
 * @node: a file that is to be executed
 * @directory: where it is started, for interpreters with relative paths
 * @out_problem: (out) (transfer full) (nullable): a sentence's end, "is a script without …"
 * @out_fix: (out) (transfer full) (nullable)
 *
 * A view without a store has nothing to read, and no problem. Fails only when files cannot be read.
 */
gboolean terrane_program_file_problem (const TerraneImageView *view, const TerraneNode *node,
                                       const char *directory, char **out_problem, char **out_fix,
                                       GError **error);

G_END_DECLS
