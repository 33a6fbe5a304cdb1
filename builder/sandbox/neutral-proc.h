/* Content of /proc for programs whose results must not depend on the machine: one processor, as
 * much memory as they may use, and no load. */
#pragma once

#include "builder/sandbox/spec.h"

G_BEGIN_DECLS

/** Whether @name, directly in /proc, has the same content everywhere or only concerns the sandbox;
 * all others are hidden. */
gboolean terrane_neutral_proc_keeps (const char *name);

/**
 * terrane_neutral_proc_files:
 * @memory_bytes: 0 for no limit. Returns: (transfer full): files, ended by one without a name; to
 *   be freed with terrane_neutral_proc_free()
 */
TerraneSandboxFile *terrane_neutral_proc_files (uint64_t memory_bytes);
void terrane_neutral_proc_free (TerraneSandboxFile *files);

G_END_DECLS
