/* Functions shared by the parts of the profile parser. Relative paths start at the file that
 * contains them, which with "extends" is not always the profile itself. */
#pragma once

#include "builder/profile/provenance.h"

G_BEGIN_DECLS

enum
{
  TERRANE_PROFILE_MAX_STRINGS = 1500, /* the limit of Lambda for entrypoint and command */
};

typedef struct
{
  const TerraneProvenance *provenance;
  GHashTable *absolute; /* of char *: paths that were written as absolute; a set */
  const struct _TerraneSourceSpec *compile_in; /* (nullable): default for trees */
  gboolean has_compile_in;                     /* the profile has this member, valid or not */
} TerraneProfileReader;

/** Returns: (transfer full): the path at @at relative to the working directory */
char *terrane_profile_resolve_path (const TerraneProfileReader *self, const OciJson *at,
                                    const char *path);

/** Reads a non-empty path and resolves it. @out_path: (out) (transfer full) */
void terrane_profile_read_path (const TerraneProfileReader *self, const OciJson *at,
                                char **out_path);

/** Whether @text can be the name of an image or a tree. */
gboolean terrane_profile_is_name (const char *text);

/** Reads the name of an image, tree or history; in lower case, as registries require. @out_name:
 * (out) (transfer full) */
void terrane_profile_read_name (const OciJson *at, char **out_name);

/** Whether @at is an object; notes values that are not strings. */
gboolean terrane_profile_check_string_map (const OciJson *at);

G_END_DECLS
