/* Measures the cost of an import: `terrane why IMAGE --import MODULE`. */
#pragma once

#include "builder/cli/function.h"

G_BEGIN_DECLS

/** Imports @module in @image like `terrane validate`, and shows which modules took the time and
 * which files were read. Errors: %TERRANE_ERROR_REFUSED, %OCI_ERROR_USAGE, %OCI_ERROR_FORMAT,
 * %OCI_ERROR_CORRUPT, %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_LIMIT, %OCI_ERROR_NOT_FOUND,
 * %OCI_ERROR_EXISTS, %OCI_ERROR_UNREACHABLE, %OCI_ERROR_NETWORK, %OCI_ERROR_TIMEOUT,
 * %OCI_ERROR_DENIED, %OCI_ERROR_IO, %OCI_ERROR_CANCELLED, codes of %G_FILE_ERROR, codes of
 * %G_IO_ERROR (from libostree). */
gboolean terrane_why_import (const TerraneGlobal *global, const char *image, const char *module,
                             const TerraneFunctionArguments *arguments, GError **error);

G_END_DECLS
