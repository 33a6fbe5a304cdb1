/* The profile: the user's description of an image. docs/profile.md explains it to users,
 * profiles/profile.schema.json to editors; a test compares all three. */
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

/** Returns: (transfer none): the targets as spelt in profiles, by the enumeration; NULL-terminated
 */
const char *const *terrane_target_words (void);
/** Whether @text is a target. @out_target: (out) */
gboolean terrane_target_parse (const char *text, TerraneTarget *out_target);

typedef struct
{
  char **entrypoint; /* (nullable): inherited from the base if NULL; so are the others */
  char **cmd;
  json_t *env;    /* (nullable) object of strings, added to the base's */
  json_t *labels; /* (nullable) object of strings, added to the base's */
  char *working_dir;
  char *user;
} TerraneConfigSpec;

/* Where to push the image with "push". */
typedef struct
{
  char *repository; /* (nullable): "HOST/REPOSITORY", without "docker://"; NULL: not given */
  char **tags;      /* (nullable): at least one if there is a repository */
} TerranePushSpec;

/* The profile as written. The texts of config.env, config.labels, annotations and push may contain
 * ${lock.short}, see TerraneProfileTexts. */
typedef struct
{
  char *path;                       /* of the profile file */
  char *directory;                  /* of the profile file */
  GHashTable *absolute;             /* of char *: absolute paths in it; a set */
  TerraneProfileDocument *document; /* the merged profile with its variables expanded */
  char *name;
  char **platforms;        /* listed in the profile, such as "linux/amd64" */
  gboolean only_platforms; /* no other can be requested */
  OciPlatform platform;    /* the first of these, or the requested one */
  TerraneTarget target;
  TerraneSourceSpec *base;
  TerraneSourceSpec *compile_in;    /* (nullable): default for trees of recipes */
  GPtrArray *trees;                 /* of TerraneSourceSpec, bottom first */
  TerraneTransformSpec *transforms; /* default for the trees; each has its own copy */
  TerraneConfigSpec config;
  json_t *annotations; /* (nullable) object of strings, for the manifest */
  TerraneValidateSpec validate;
  GPtrArray *checks; /* of TerraneCheckSpec; later ones take precedence */
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
  const char *platform; /* (nullable): replaces the profile's first, such as "linux/arm64" */
  TerraneProfileVariables variables;
} TerraneProfileOptions;

/**
 * terrane_profile_load:
 * @path: the JSON file
 * @options: (nullable): %NULL for the profile's first platform, without git
 *
 * Reads and checks a profile and what it extends. Reports all problems in one error
 * (%OCI_ERROR_USAGE), a line each with file and JSON path. Does not check whether the sources
 * exist.
 *
 * Returns: (transfer full): the profile
 * Errors: %OCI_ERROR_USAGE, %OCI_ERROR_FORMAT, %OCI_ERROR_LIMIT, %OCI_ERROR_IO.
 */
TerraneProfile *terrane_profile_load (const char *path, const TerraneProfileOptions *options,
                                      GError **error);

/** Like terrane_profile_load(), from memory if @data is not NULL. @path: start of relative paths.
 * Returns: (transfer full). Errors: %OCI_ERROR_USAGE, %OCI_ERROR_FORMAT, %OCI_ERROR_LIMIT,
 * %OCI_ERROR_IO. */
TerraneProfile *terrane_profile_parse (const char *path, GBytes *data,
                                       const TerraneProfileOptions *options, GError **error);

/* Parts of a profile that may contain ${lock.short}, with it replaced. */
typedef struct
{
  TerraneConfigSpec config;
  json_t *annotations; /* (nullable) */
  TerranePushSpec push;
} TerraneProfileTexts;

/** Replaces ${lock.short}. @lock_digest: in hexadecimal digits */
void terrane_profile_texts_init (TerraneProfileTexts *self, const TerraneProfile *profile,
                                 const char *lock_digest);
void terrane_profile_texts_clear (TerraneProfileTexts *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerraneProfileTexts, terrane_profile_texts_clear)

void terrane_profile_free (TerraneProfile *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneProfile, terrane_profile_free)

G_END_DECLS
