/* Fetches what the sources of a profile need from the network, before they are read. Afterwards the
 * rest of a build at most uses registries.
 *
 * Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, %OCI_ERROR_LIMIT, %OCI_ERROR_NOT_FOUND,
 * %OCI_ERROR_UNREACHABLE, %OCI_ERROR_NETWORK, %OCI_ERROR_TIMEOUT, %OCI_ERROR_DENIED, %OCI_ERROR_IO,
 * %OCI_ERROR_CANCELLED, codes of %G_IO_ERROR (from libostree). */
#pragma once

#include "builder/remote/remote.h"
#include "builder/resolve/plan.h"

G_BEGIN_DECLS

/** Downloads what the base needs, unless it, or the tree made from it, is in the store.
 * Errors: see the head. */
gboolean terrane_fetch_base (TerraneRemote *remote, TerranePlan *plan, GError **error);

/** Downloads archives and wheels and pulls ostree commits, unless they, or the trees made from
 * them, are in the store. Errors: see the head. */
gboolean terrane_fetch_trees (TerraneRemote *remote, TerranePlan *plan, GError **error);

G_END_DECLS
