/* A Python in a sandbox that compiles one file after the other. What comes from it is bytes of a
 * stranger, within limits. */
#pragma once

#include "builder/transform/transform.h"

G_BEGIN_DECLS

enum
{
  TERRANE_COMPILER_TOTAL_MINUTES = 30, /* for all files of a tree */
};

typedef struct _TerraneCompiler TerraneCompiler;

/** @image: (nullable): the image's environment. Returns: (transfer full): of that what a program
 * needs to start, and what makes its bytecode the same in each run */
char **terrane_compiler_env (const char *const *image);

/**
 * terrane_compiler_new:
 * @root: directory with the file system that the interpreter is in
 * @kind: what it runs in
 * @deadline: monotonic, for everything that it will be asked
 *
 * Starts the interpreter and waits until it answers.
 *
 * Returns: (transfer full) (nullable)
 */
TerraneCompiler *terrane_compiler_new (const TerraneInterpreter *interpreter, const char *root,
                                       TerraneSandboxKind kind, gint64 deadline, GError **error);
void terrane_compiler_free (TerraneCompiler *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneCompiler, terrane_compiler_free)

/** What it puts between name and suffix of bytecode files, such as "cpython-311". */
const char *terrane_compiler_tag (const TerraneCompiler *self);

/**
 * terrane_compiler_compile:
 * @path: of the file in the image, without the slash in front: tracebacks show it with one
 * @out_code: (out) (transfer full) (nullable): the bytecode file; %NULL when Python refused it
 * @out_problem: (out) (transfer full) (nullable): why it did
 *
 * Fails when the interpreter ended or took too long (%OCI_ERROR_TIMEOUT): it is of no use then.
 */
gboolean terrane_compiler_compile (TerraneCompiler *self, const char *path, GBytes *source,
                                   GBytes **out_code, char **out_problem, GError **error);

G_END_DECLS
