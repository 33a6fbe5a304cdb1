/* What programs read in /proc where results must not depend on the machine: one processor, as much
 * memory as they may use, and no load. */
#pragma once

#include "builder/sandbox/spec.h"

G_BEGIN_DECLS

/** Whether @name, directly in /proc, says the same everywhere or is of the sandbox alone; all else
 * is masked. */
gboolean terrane_neutral_proc_keeps (const char *name);

/** @memory_bytes: 0 for no limit. Returns: (transfer full): ended by one without a name; free with
 * terrane_neutral_proc_free() */
TerraneSandboxFile *terrane_neutral_proc_files (uint64_t memory_bytes);
void terrane_neutral_proc_free (TerraneSandboxFile *files);

G_END_DECLS
