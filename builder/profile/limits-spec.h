/* "limits" of a profile: what an image must not exceed. docs/profile.md says where each is
 * measured. */
#pragma once

#include "builder/profile/field.h"

#include "oci/unpack-limits.h"

G_BEGIN_DECLS

typedef struct
{
  char *name; /* of a tree, or of a Python distribution, as the profile spells it */
  uint64_t bytes;
} TerraneSizeLimit;

/* 0 means no limit. */
typedef struct
{
  uint64_t uncompressed_size; /* of all files of the image, in bytes */
  GPtrArray *trees;           /* of TerraneSizeLimit: files that each tree adds; also for "base" */
  GPtrArray *packages;        /* of TerraneSizeLimit: of installed Python distributions */
  uint64_t import_time_ms;    /* of each import: the median of the warm runs */
  uint64_t memory;            /* in bytes, of the function: peak RSS of everything validated */
  uint64_t tmp;               /* in bytes: the size of /tmp while validating */
  OciUnpackLimits unpacked;   /* for the base, and for each tree's archives: never unlimited */
} TerraneLimitsSpec;

/* The profile checks whether the trees exist. */
extern const TerraneSection terrane_limits_section;

/** Sets only the limits of unpacking. */
void terrane_limits_spec_init (TerraneLimitsSpec *self);
void terrane_limits_spec_clear (TerraneLimitsSpec *self);

G_END_DECLS
