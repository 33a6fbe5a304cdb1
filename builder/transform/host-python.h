/* A Python of this machine, for images whose own Python does not run here: the same minor version
 * makes the same bytecode for any processor. */
#pragma once

#include "builder/transform/transform.h"

G_BEGIN_DECLS

/**
 * terrane_host_python_find:
 * @minor: of the image's Python 3
 * @out: (out caller-allocates): its identity is a digest of everything that a compile may load: the
 *   program, its libraries, and the modules of the standard library with their bytecode
 *
 * Looks in $PATH for "python3.MINOR", and runs it.
 */
gboolean terrane_host_python_find (unsigned minor, TerraneInterpreter *out);

G_END_DECLS
