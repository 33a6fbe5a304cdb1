/* Names and link targets that are not UTF-8, in a checkout of a commit that has them encoded. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/** Gives everything in the directory @name its real name; see oci/base/raw-name.h. */
gboolean terrane_raw_checkout_restore (int dfd, const char *name, GError **error);

G_END_DECLS
