/* "drift" of a profile: findings of drift to ignore. */
#pragma once

#include "builder/profile/field.h"

G_BEGIN_DECLS

/* A finding to ignore. */
typedef struct
{
  char *id; /* of a finding, one of the ids of an advisory, or a kind */
  char *reason;
  char *until; /* (nullable): "YYYY-MM-DD": the last day that it is ignored */
} TerraneDriftIgnore;

typedef struct
{
  GPtrArray *ignore; /* of TerraneDriftIgnore */
} TerraneDriftSpec;

extern const TerraneSection terrane_drift_section;
extern const TerraneSection terrane_drift_ignore_section;

G_END_DECLS
