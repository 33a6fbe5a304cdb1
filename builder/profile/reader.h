/* What the parts of the profile parser share. A value's relative paths start at the file it stands
 * in, which with "extends" is not always the profile itself. */
#pragma once

#include "builder/profile/provenance.h"

G_BEGIN_DECLS

enum
{
  TERRANE_PROFILE_MAX_STRINGS = 1500, /* what Lambda accepts as entrypoint and command */
};

typedef struct
{
  const TerraneProvenance *provenance;
  GHashTable *absolute; /* of char *: paths that were written as absolute ones; a set */
  const struct _TerraneSourceSpec *compile_in; /* (nullable): of trees that say none themselves */
  gboolean has_compile_in;                     /* the profile says it, rightly or not */
} TerraneProfileReader;

/** A path that stands at @at as the process sees it. Returns: (transfer full) */
char *terrane_profile_resolve_path (const TerraneProfileReader *self, const OciJson *at,
                                    const char *path);

/** Reads a non-empty path and resolves it. @out_path: (out) (transfer full) */
void terrane_profile_read_path (const TerraneProfileReader *self, const OciJson *at,
                                char **out_path);

/** Whether @text may be a name of images and trees. */
gboolean terrane_profile_is_name (const char *text);

/** Reads a name of images, trees, histories; lower case as registries want it. */
void terrane_profile_read_name (const OciJson *at, char **out_name);

/** Whether @at is an object; that its values are strings is noted otherwise. */
gboolean terrane_profile_check_string_map (const OciJson *at);

G_END_DECLS
