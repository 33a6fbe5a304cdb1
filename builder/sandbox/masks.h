/* Selects the files of /proc to hide from a program: those about the machine and its kernel rather
 * than the sandbox, as container engines do, and for programs of root those that only root can
 * read. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * terrane_masks_find:
 * @proc: directory descriptor of /proc, or of a model of it in tests
 * @owner: the program has the kernel's uid of root, with or without capabilities
 * @neutral: also hide everything that differs between machines: neutral-proc.h
 *
 * Returns: (transfer full): names relative to @proc, those of directories with a slash at the end
 */
char **terrane_masks_find (int proc, gboolean owner, gboolean neutral);

G_END_DECLS
