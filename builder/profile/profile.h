/* The profile: what a user writes to say what an image is made of. docs/profile.md describes it;
 * profiles/profile.schema.json describes it to editors; a test holds all three together. */
#pragma once

#include "builder/profile/check-spec.h"
#include "builder/profile/deploy-spec.h"
#include "builder/profile/drift-spec.h"
#include "builder/profile/extends.h"
#include "builder/profile/geo-spec.h"
#include "builder/profile/layers-spec.h"
#include "builder/profile/limits-spec.h"
#include "builder/profile/source-spec.h"
#include "builder/profile/validate-spec.h"

#include "oci/platform.h"

G_BEGIN_DECLS

typedef enum
{
  TERRANE_TARGET_AWS_LAMBDA,
  TERRANE_TARGET_OCI, /* no platform rules */
  TERRANE_TARGET_CLOUD_RUN,
  TERRANE_TARGET_AZURE_FUNCTIONS,
} TerraneTarget;

/** The targets as profiles spell them, by the enumeration; NULL-terminated. */
const char *const *terrane_target_words (void);
/** Whether @text is one of them. */
gboolean terrane_target_parse (const char *text, TerraneTarget *out_target);

typedef struct
{
  char **entrypoint; /* (nullable): inherited from the base when NULL; so are the others */
  char **cmd;
  json_t *env;    /* (nullable) object of strings, on top of the base's */
  json_t *labels; /* (nullable) object of strings, on top of the base's */
  char *working_dir;
  char *user;
} TerraneConfigSpec;

/* Where the image goes with "push". */
typedef struct
{
  char *repository; /* (nullable): "HOST/REPOSITORY", without "docker://"; NULL: not given */
  char **tags;      /* (nullable): with a repository at least one */
} TerranePushSpec;

/* What was written. The texts of config.env, config.labels, annotations and push may have
 * ${lock.short} in them, see TerraneProfileTexts. */
typedef struct
{
  char *path;                       /* of the profile file */
  char *directory;                  /* of the profile file */
  GHashTable *absolute;             /* of char *: paths that are absolute in it; a set */
  TerraneProfileDocument *document; /* the profile as merged, its variables expanded */
  char *name;
  char **platforms;        /* those that the profile lists, such as "linux/amd64" */
  gboolean only_platforms; /* no other can be asked for */
  OciPlatform platform;    /* the first of these, or what was asked for */
  TerraneTarget target;
  TerraneSourceSpec *base;
  TerraneSourceSpec *compile_in;    /* (nullable): of trees of recipes that say none themselves */
  GPtrArray *trees;                 /* of TerraneSourceSpec, bottom first */
  TerraneTransformSpec *transforms; /* of the trees that say nothing else; each has its own copy */
  TerraneConfigSpec config;
  json_t *annotations; /* (nullable) object of strings, for the manifest */
  TerraneValidateSpec validate;
  GPtrArray *checks; /* of TerraneCheckSpec; later ones win */
  TerraneLimitsSpec limits;
  TerraneGeoSpec geo;
  TerraneLayersSpec layers;
  TerraneDriftSpec drift;
  TerranePushSpec push;
  TerraneDeploySpec deploy;
} TerraneProfile;

extern const TerraneSection terrane_profile_section;
extern const TerraneSection terrane_profile_compile_section;
extern const TerraneSection terrane_config_section;
extern const TerraneSection terrane_push_section;

typedef struct
{
  const char *platform; /* (nullable): instead of the profile's first, such as "linux/arm64" */
  TerraneProfileVariables variables;
} TerraneProfileOptions;

/**
 * terrane_profile_load:
 * @path: the JSON file
 * @options: (nullable): the profile's first platform, and no git
 *
 * Reads and checks a profile and what it extends. All problems are in one error (%OCI_ERROR_USAGE),
 * a line each with file and JSON path. Whether the sources exist is not looked at here.
 *
 * Returns: (transfer full) (nullable)
 */
TerraneProfile *terrane_profile_load (const char *path, const TerraneProfileOptions *options,
                                      GError **error);

/** Like load, from memory when @data is not NULL. @path says where relative paths start. */
TerraneProfile *terrane_profile_parse (const char *path, GBytes *data,
                                       const TerraneProfileOptions *options, GError **error);

/* What of a profile may have ${lock.short} in it, with that replaced. */
typedef struct
{
  TerraneConfigSpec config;
  json_t *annotations; /* (nullable) */
  TerranePushSpec push;
} TerraneProfileTexts;

/** @lock_digest: in hexadecimal digits */
void terrane_profile_texts_init (TerraneProfileTexts *self, const TerraneProfile *profile,
                                 const char *lock_digest);
void terrane_profile_texts_clear (TerraneProfileTexts *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerraneProfileTexts, terrane_profile_texts_clear)

void terrane_profile_free (TerraneProfile *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneProfile, terrane_profile_free)

G_END_DECLS
