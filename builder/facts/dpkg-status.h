/* The packages of Debian that are installed, as dpkg's status says it, with the source packages
 * that they were built from: advisories are about these. */
#pragma once

#include "builder/facts/image-view.h"

G_BEGIN_DECLS

typedef struct
{
  char *name;
  char *version;
  char *source;            /* the package's own name when nothing else is said */
  char *source_version;    /* likewise */
  const TerraneNode *node; /* the file that says so */
} TerraneDpkgPackage;

/**
 * terrane_dpkg_status_find:
 * @out_packages: (out) (transfer full): of TerraneDpkgPackage, sorted by name; also those of
 *   distroless images, which have a file for each in status.d
 */
gboolean terrane_dpkg_status_find (const TerraneImageView *view, GPtrArray **out_packages,
                                   GError **error);

G_END_DECLS
