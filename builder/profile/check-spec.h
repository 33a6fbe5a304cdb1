/* "checks" of a profile: how findings of static checks count. */
#pragma once

#include "builder/profile/field.h"

G_BEGIN_DECLS

typedef enum
{
  TERRANE_CHECK_OFF,
  TERRANE_CHECK_WARN,
  TERRANE_CHECK_ERROR,
} TerraneCheckLevel;

typedef struct
{
  char *id; /* of a finding, or "FAMILY.*" */
  TerraneCheckLevel level;
  char *reason; /* (nullable): never NULL with %TERRANE_CHECK_OFF */
  char **paths; /* (nullable): globs; only findings about such a path */
} TerraneCheckSpec;

/* For an entry that is an object. */
extern const TerraneSection terrane_check_section;

void terrane_check_spec_free (TerraneCheckSpec *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneCheckSpec, terrane_check_spec_free)

/** Reads "checks", the object at @checks. @specs: (element-type TerraneCheckSpec): receives
 * families first, since later entries take precedence; entries of one key in the order of its
 * array */
void terrane_check_specs_read (const OciJson *checks, GPtrArray *specs);

G_END_DECLS
