/* Writes the extra files of a sandbox to the host. */
#pragma once

#include "builder/sandbox/spec.h"

#include <gio/gio.h>

G_BEGIN_DECLS

/** Writes each to its place below @directory. @files: (nullable): ended by one without a name.
 * Errors: %OCI_ERROR_IO, codes of %G_FILE_ERROR. */
gboolean terrane_extra_files_write (const char *directory, const TerraneSandboxFile *files,
                                    GError **error);

G_END_DECLS
