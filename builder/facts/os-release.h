/* Finds the distribution of an image from os-release(5). */
#pragma once

#include "builder/facts/image-view.h"

G_BEGIN_DECLS

typedef struct
{
  char *id;      /* (nullable): "debian" */
  char *version; /* (nullable): VERSION_ID, "12" */
} TerraneOsRelease;

void terrane_os_release_clear (TerraneOsRelease *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerraneOsRelease, terrane_os_release_clear)

/** Reads etc/os-release, else usr/lib/os-release. A missing file is not an error. Errors:
 * %OCI_ERROR_FORMAT, %OCI_ERROR_IO. */
gboolean terrane_os_release_find (const TerraneImageView *view, TerraneOsRelease *out_release,
                                  GError **error);

G_END_DECLS
