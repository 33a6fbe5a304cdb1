/* What an image must not exceed: the "limits" of a profile. Who measures what: docs/profile.md. */
#pragma once

#include "builder/profile/reader.h"

#include "oci/unpack-limits.h"

G_BEGIN_DECLS

typedef struct
{
  char *name; /* of a tree, or of a Python distribution as the profile writes it */
  uint64_t bytes;
} TerraneSizeLimit;

/* 0 is no limit. */
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

/** Makes the empty lists. */
void terrane_limits_spec_init (TerraneLimitsSpec *self);

/** Reads the member "limits" of @root; what is wrong is noted. Whether the trees exist is looked at
 * by the profile. */
void terrane_limits_spec_read (const OciJson *root, TerraneLimitsSpec *self);

/** Reads a size such as "512MB". */
gboolean terrane_profile_read_size (const OciJson *at, uint64_t *out_bytes);

/** Reads a duration such as "3s", at most @max_ms. */
gboolean terrane_profile_read_duration (const OciJson *at, uint64_t max_ms, uint64_t *out_ms);

void terrane_limits_spec_clear (TerraneLimitsSpec *self);

G_END_DECLS
