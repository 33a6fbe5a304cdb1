/* The profile: what a user writes to say what an image is made of. docs/profile.md describes it;
 * profiles/profile.schema.json describes it to editors; a test holds all three together. */
#pragma once

#include "oci/digest.h"

#include <jansson.h>

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

typedef enum
{
  TERRANE_SOURCE_ARCHIVE,
  TERRANE_SOURCE_DIRECTORY,
  TERRANE_SOURCE_IMAGE, /* of a base only */
} TerraneSourceKind;

/* One archive file of a source. */
typedef struct
{
  char *path; /* relative to the working directory of the process */
  gboolean has_sha256;
  OciDigest sha256; /* what the file must digest to */
} TerraneArchiveFile;

typedef struct
{
  char *where; /* "PROFILE: trees[1]", for messages */
  char *name;  /* of the tree; "base" for the base */
  TerraneSourceKind kind;
  GPtrArray *archives; /* of TerraneArchiveFile; unpacked in order */
  char *directory;     /* path */
  char *image;         /* TRANSPORT:… with a path relative to the process */
  char *prefix;        /* normalised, "" for the root */
  unsigned strip_components;
  char **exclude;        /* (nullable) globs against the path below the prefix */
  gboolean skip_special; /* leave out devices, fifos and sockets instead of failing */
  gboolean allow_outside_links;
  gboolean overwrite; /* may replace files of trees below it */
} TerraneSourceSpec;

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
