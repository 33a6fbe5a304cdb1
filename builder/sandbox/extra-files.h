/* The extra files of a sandbox as files of the host. */
#pragma once

#include "builder/sandbox/spec.h"

#include <gio/gio.h>

G_BEGIN_DECLS

/** Each in its place below @directory. @files: (nullable): ended by one without a name */
gboolean terrane_extra_files_write (const char *directory, const TerraneSandboxFile *files,
                                    GError **error);

G_END_DECLS
