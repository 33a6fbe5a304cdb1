/* Where the image goes on AWS Lambda, and how: the "deploy" of a profile. */
#pragma once

#include "builder/profile/validate-spec.h"

G_BEGIN_DECLS

enum
{
  TERRANE_DEPLOY_WHOLE = 10000, /* all events, in hundredths of a percent */
};

/* An event that the deployed function must answer. */
typedef struct
{
  TerraneInvokeSpec invoke; /* of it @where, @event_path, @event and @expect */
} TerraneSmokeSpec;

/* One function in one region. What is not said is NULL or 0. */
typedef struct
{
  char *function;    /* name or ARN */
  char *alias;       /* that events come through */
  char *region;      /* else that of the ARN, or of the environment */
  char *role;        /* ARN of a role to take on */
  char *external_id; /* for that */
  char *repository;  /* "HOST/REPOSITORY"; may have ${region} in it until it is resolved */
  char *tag;
  char **steps;       /* "10%", …, "100%" */
  uint64_t wait_ms;   /* after each step but the last one */
  GPtrArray *smoke;   /* of TerraneSmokeSpec */
  uint64_t init_ms;   /* limit of an Init Duration */
  uint64_t update_ms; /* limit of an update */
  gboolean change_architecture;
} TerraneDeployTarget;

typedef struct
{
  TerraneDeployTarget common; /* what the targets do not say themselves; or the only one */
  GPtrArray *targets;         /* of TerraneDeployTarget */
} TerraneDeploySpec;

extern const TerraneSection terrane_deploy_section;
extern const TerraneSection terrane_deploy_target_section;
extern const TerraneSection terrane_smoke_section;

/** Whether it says anything about functions. */
gboolean terrane_deploy_spec_is_given (const TerraneDeploySpec *self);

/**
 * terrane_deploy_spec_resolve:
 * @region: (nullable): for targets that name none
 * @repository: (nullable): likewise
 *
 * The targets with everything that they say, or have in common, or have by default.
 *
 * Returns: (transfer full) (nullable): of TerraneDeployTarget; %OCI_ERROR_USAGE when one lacks its
 *   region or repository
 */
GPtrArray *terrane_deploy_spec_resolve (const TerraneDeploySpec *self, const char *region,
                                        const char *repository, GError **error);

/** "10%", "2.5%", "100%" in hundredths of a percent, or 0 for anything else. */
unsigned terrane_deploy_parse_step (const char *text);

/** Whether each step is more than the one before it, and the last is everything. */
gboolean terrane_deploy_check_steps (char **steps, GError **error);

/** Whether @text is the name or the unqualified ARN of a function. */
gboolean terrane_deploy_is_function (const char *text);

G_END_DECLS
