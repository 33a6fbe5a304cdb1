/* containers-registries.conf(5), which makes podman and skopeo use mirrors, and refuse registries.
 * terrane does not apply it: it uses the registry in the reference. The functions here find out
 * whether a user may expect otherwise. */
#pragma once

#include "builder/progress.h"

G_BEGIN_DECLS

/** Returns: (transfer full) (nullable): a file with rules for registries, among those that podman
 * would read for this user */
char *terrane_registries_conf_find (void);

/** Adds to the message of an existing @error, about a registry that could not be used, that such
 * rules exist. Sets no error; changes the message of %OCI_ERROR_UNREACHABLE, %OCI_ERROR_NETWORK,
 * %OCI_ERROR_DENIED and %OCI_ERROR_NOT_FOUND. */
void terrane_registries_conf_explain (GError **error);

G_END_DECLS
