/* Installed packages of Debian according to dpkg's status, with the source packages that they were
 * built from, which advisories refer to. */
#pragma once

#include "builder/facts/image-view.h"

G_BEGIN_DECLS

typedef struct
{
  char *name;
  char *version;
  char *source;            /* defaults to the package's own name */
  char *source_version;    /* likewise */
  const TerraneNode *node; /* the status file that contains it */
} TerraneDpkgPackage;

/**
 * terrane_dpkg_status_find:
 * @out_packages: (out) (transfer full): of TerraneDpkgPackage, sorted by name; including those of
 *   distroless images, which have a file for each in status.d
 *
 * Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_IO.
 */
gboolean terrane_dpkg_status_find (const TerraneImageView *view, GPtrArray **out_packages,
                                   GError **error);

G_END_DECLS
