/* What an image must not exceed: the "limits" of a profile. Who measures what: docs/profile.md. */
#pragma once

#include "builder/profile/field.h"

#include "oci/unpack-limits.h"

G_BEGIN_DECLS

typedef struct
{
  char *name; /* of a tree, or of a Python distribution as the profile writes it */
  uint64_t bytes;
} TerraneSizeLimit;

/* 0 means no limit. */
typedef struct
{
  uint64_t uncompressed_size; /* of all files of the image, in bytes */
  GPtrArray *trees;           /* of TerraneSizeLimit: of what each tree brings; "base" is one */
  GPtrArray *packages;        /* of TerraneSizeLimit: of installed Python distributions */
  uint64_t import_time_ms;    /* of each import: the median of the warm runs */
  uint64_t memory;            /* in bytes, of the function: peak RSS of everything validated */
  uint64_t tmp;               /* in bytes: the size of /tmp while validating */
  OciUnpackLimits unpacked;   /* of the base, of each tree's archives: never without a limit */
} TerraneLimitsSpec;

/* Whether the trees exist is looked at by the profile. */
extern const TerraneSection terrane_limits_section;

/** Without limits but those of unpacking. */
void terrane_limits_spec_init (TerraneLimitsSpec *self);
void terrane_limits_spec_clear (TerraneLimitsSpec *self);

G_END_DECLS
