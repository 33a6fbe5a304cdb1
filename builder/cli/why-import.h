/* What an import costs: `terrane why IMAGE --import MODULE`. */
#pragma once

#include "builder/cli/function.h"

G_BEGIN_DECLS

/** Imports @module in @image as `terrane validate` does, and shows which modules took the time and
 * which files were read. */
gboolean terrane_why_import (const TerraneGlobal *global, const char *image, const char *module,
                             const TerraneFunctionArguments *arguments, GError **error);

G_END_DECLS
