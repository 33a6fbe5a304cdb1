/* The store belongs to one user: who can write it decides what comes out of builds, and who can
 * read it reads files that only their owner could read where they came from. */
#pragma once

#include "oci/base/fd.h"

G_BEGIN_DECLS

/** Whether the directory is the user's own, or that of the user whom $TERRANE_STORE_OWNER names. */
gboolean terrane_ownership_check (int dfd, GError **error);

/** Makes the parts of the store that others must not read, and takes their permissions from those
 * that an older version has made. */
gboolean terrane_ownership_close (int dfd, GError **error);

G_END_DECLS
