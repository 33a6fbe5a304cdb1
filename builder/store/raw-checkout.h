/* Restores names and link targets that are not UTF-8 in a checkout of a commit in which they are
 * encoded. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/** Renames everything in the directory @name to its real name; see oci/base/raw-name.h. Errors:
 * %OCI_ERROR_IO. */
gboolean terrane_raw_checkout_restore (int dfd, const char *name, GError **error);

G_END_DECLS
