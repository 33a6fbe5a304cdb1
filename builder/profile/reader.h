/* What the parts of the profile parser share. A value's relative paths start at the file it stands
 * in, which with "extends" is not always the profile itself. */
#pragma once

#include "oci/base/json.h"

G_BEGIN_DECLS

enum
{
  TERRANE_PROFILE_MAX_STRINGS = 1500, /* what Lambda accepts as entrypoint and command */
};

typedef struct
{
  const char *path;      /* of the profile file, for messages */
  const char *directory; /* of the profile file */
} TerraneProfileReader;

/** A path of a profile as the process sees it. Returns: (transfer full) */
char *terrane_profile_resolve_path (const TerraneProfileReader *self, const OciJson *at,
                                    const char *path);

/** Reads a non-empty path and resolves it. @out_path: (out) (transfer full) */
void terrane_profile_read_path (const TerraneProfileReader *self, const OciJson *at,
                                char **out_path);

/** Reads the required member "name": of images, trees, histories; lower case as registries want
 * it. */
void terrane_profile_read_name (const OciJson *object, char **out_name);

/** Reads an object of strings. @out_map: (out) (transfer full) */
void terrane_profile_read_string_map (const OciJson *object, const char *key, json_t **out_map);

G_END_DECLS
