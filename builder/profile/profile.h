/* The profile: what a user writes to say what an image is made of. docs/profile.md describes it;
 * profiles/profile.schema.json describes it to editors; a test holds all three together. */
#pragma once

#include "builder/profile/source-spec.h"

G_BEGIN_DECLS

typedef enum
{
  TERRANE_TARGET_AWS_LAMBDA,
  TERRANE_TARGET_OCI, /* no platform rules */
} TerraneTarget;

typedef enum
{
  TERRANE_MODES_NORMALISE,
  TERRANE_MODES_KEEP,
} TerraneModes;

typedef struct
{
  char **entrypoint; /* (nullable): inherited from the base when NULL; so are the others */
  char **cmd;
  json_t *env;    /* (nullable) object of strings, on top of the base's */
  json_t *labels; /* (nullable) object of strings, on top of the base's */
  char *working_dir;
  char *user;
} TerraneConfigSpec;

typedef struct
{
  char **imports;        /* (nullable) */
  GPtrArray *scripts;    /* of char *: paths */
  unsigned timeout_secs; /* of each */
} TerraneValidateSpec;

typedef struct
{
  char *path;      /* of the profile file */
  char *directory; /* of the profile file */
  char *name;
  char *os;
  char *architecture;
  TerraneTarget target;
  TerraneSourceSpec *base;
  GPtrArray *trees; /* of TerraneSourceSpec, bottom first */
  TerraneModes modes;
  TerraneConfigSpec config;
  json_t *annotations; /* (nullable) object of strings, for the manifest */
  TerraneValidateSpec validate;
} TerraneProfile;

/**
 * terrane_profile_load:
 * @path: the JSON file
 *
 * Reads and checks a profile. All problems of the file are in one error (%OCI_ERROR_USAGE), a line
 * each with its JSON path. Whether the sources exist is not looked at here.
 *
 * Returns: (transfer full) (nullable)
 */
TerraneProfile *terrane_profile_load (const char *path, GError **error);

/** Like load, from memory. @path says where relative paths start. */
TerraneProfile *terrane_profile_parse (const char *path, GBytes *data, GError **error);

void terrane_profile_free (TerraneProfile *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneProfile, terrane_profile_free)

G_END_DECLS
