/* containers-registries.conf(5), by which podman and skopeo go to mirrors, and refuse registries.
 * terrane does not: it goes where a reference says. What is here finds out whether somebody may
 * have expected otherwise. */
#pragma once

#include "builder/progress.h"

G_BEGIN_DECLS

/** Returns: (transfer full) (nullable): a file that has rules for registries, of those that podman
 *   would read for this user */
char *terrane_registries_conf_find (void);

/** Adds to @error, of a registry that could not be used, that there are such rules. */
void terrane_registries_conf_explain (GError **error);

G_END_DECLS
