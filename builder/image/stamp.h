/* Time and revision of an image, which are written to it in addition to its content. */
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

/** Uses SOURCE_DATE_EPOCH if set, else the time of the profile's git commit, else the base image's,
 * else the constant time of layer entries. %OCI_ERROR_USAGE if SOURCE_DATE_EPOCH is not a number.
 */
gboolean terrane_stamp_init (TerraneStamp *self, const TerraneProfile *profile,
                             const TerraneBase *base, const TerraneProgress *progress,
                             GError **error);
void terrane_stamp_clear (TerraneStamp *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerraneStamp, terrane_stamp_clear)

G_END_DECLS
