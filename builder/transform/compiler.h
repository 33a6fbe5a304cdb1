/* A Python in a sandbox that compiles one file after another. Its output is untrusted and
 * limited. */
#pragma once

#include "builder/transform/transform.h"

G_BEGIN_DECLS

enum
{
  TERRANE_COMPILER_TOTAL_MINUTES = 30, /* for all files of a tree */
};

typedef struct _TerraneCompiler TerraneCompiler;

/**
 * terrane_compiler_env:
 * @image: (nullable): the image's environment. Returns: (transfer full): the part that a program
 *   needs to start, with the settings that make its bytecode reproducible
 */
char **terrane_compiler_env (const char *const *image);

/**
 * terrane_compiler_new:
 * @root: directory with the file system that contains the interpreter
 * @kind: sandbox to run in
 * @deadline: monotonic, for all requests together
 *
 * Starts the interpreter and waits until it answers.
 *
 * Returns: (transfer full)
 * Errors: %OCI_ERROR_USAGE, %OCI_ERROR_FORMAT, %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_LIMIT,
 *   %OCI_ERROR_NOT_FOUND, %OCI_ERROR_TIMEOUT, %OCI_ERROR_IO, %OCI_ERROR_CANCELLED, codes of
 *   %G_FILE_ERROR.
 */
TerraneCompiler *terrane_compiler_new (const TerraneInterpreter *interpreter, const char *root,
                                       TerraneSandboxKind kind, gint64 deadline, GError **error);
void terrane_compiler_free (TerraneCompiler *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneCompiler, terrane_compiler_free)

/** Returns: (transfer none): what it puts between name and suffix of bytecode files, such as
 * "cpython-311" */
const char *terrane_compiler_tag (const TerraneCompiler *self);

/**
 * terrane_compiler_compile:
 * @path: of the file in the image, without the leading slash, which tracebacks show
 * @out_code: (out) (transfer full) (nullable): the bytecode file; %NULL if Python refused the
 *   source
 * @out_problem: (out) (transfer full) (nullable): why it did
 *
 * Compiles one file. After an error the interpreter cannot be used any more: it ended, or took too
 * long (%OCI_ERROR_TIMEOUT).
 *
 * Errors: %OCI_ERROR_LIMIT, %OCI_ERROR_TIMEOUT, %OCI_ERROR_IO.
 */
gboolean terrane_compiler_compile (TerraneCompiler *self, const char *path, GBytes *source,
                                   GBytes **out_code, char **out_problem, GError **error);

G_END_DECLS
