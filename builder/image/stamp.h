/* When an image was made, and of which revision: what is written on it besides its content. */
#pragma once

#include "builder/image/base.h"
#include "builder/progress.h"

G_BEGIN_DECLS

/* The stamp of an image. */
typedef struct
{
  char *created;  /* RFC 3339, UTC */
  char *revision; /* (nullable) */
  char *source;   /* (nullable) */
} TerraneStamp;

/**
 * terrane_stamp_init:
 *
 * SOURCE_DATE_EPOCH if set, else the time of the profile's git commit, else the base image's, else
 * the constant time of layer entries. %OCI_ERROR_USAGE for a SOURCE_DATE_EPOCH that is not a
 * number.
 */
gboolean terrane_stamp_init (TerraneStamp *self, const TerraneProfile *profile,
                             const TerraneBase *base, const TerraneProgress *progress,
                             GError **error);
void terrane_stamp_clear (TerraneStamp *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerraneStamp, terrane_stamp_clear)

G_END_DECLS
