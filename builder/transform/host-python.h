/* Finds a Python of this machine, for images whose own Python does not run here: the same minor
 * version makes the same bytecode for any processor. */
#pragma once

#include "builder/transform/transform.h"

G_BEGIN_DECLS

/**
 * terrane_host_python_find:
 * @minor: of the image's Python 3
 * @out: (out caller-allocates): its identity is a digest of everything that compiling may load: the
 *   program, its libraries, and the modules of the standard library with their bytecode
 *
 * Searches $PATH for "python3.MINOR", and runs it. Returns: whether it exists and works
 */
gboolean terrane_host_python_find (unsigned minor, TerraneInterpreter *out);

G_END_DECLS
