/* What of /proc a program does not get to see: what is about the machine and its kernel instead of
 * the sandbox, as container engines mask it, and for root's programs what only root could read. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * terrane_masks_find:
 * @proc: directory descriptor of /proc, or of something like it in tests
 * @owner: the program has the kernel's number of root, capabilities or not
 * @neutral: everything that differs from machine to machine: neutral-proc.h
 *
 * Returns: (transfer full): names relative to @proc, those of directories with a slash at the end
 */
char **terrane_masks_find (int proc, gboolean owner, gboolean neutral);

G_END_DECLS
