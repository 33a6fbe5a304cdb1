/* The store belongs to one user: write access determines the output of builds, and read access
 * gives files that may have been readable only by their owner. */
#pragma once

#include "oci/base/fd.h"

G_BEGIN_DECLS

/** Whether the directory belongs to the user, or to the user named by $TERRANE_STORE_OWNER;
 * %OCI_ERROR_DENIED otherwise. Errors: %OCI_ERROR_DENIED, %OCI_ERROR_IO. */
gboolean terrane_ownership_check (int dfd, GError **error);

/** Makes the parts of the store that others must not read, and restricts the permissions of those
 * made by older versions. Errors: %OCI_ERROR_IO. */
gboolean terrane_ownership_close (int dfd, GError **error);

G_END_DECLS
