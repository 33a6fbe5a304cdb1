/* "deploy" of a profile: where and how to deploy the image on AWS Lambda. */
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
  TerraneInvokeSpec invoke; /* only its @where, @event_path, @event and @expect are used */
} TerraneSmokeSpec;

/* One function in one region. Members that are not given are NULL or 0. */
typedef struct
{
  char *function;    /* name or ARN */
  char *alias;       /* that routes the events */
  char *region;      /* NULL for that of the ARN, or of the environment */
  char *role;        /* ARN of a role to assume */
  char *external_id; /* for that */
  char *repository;  /* "HOST/REPOSITORY"; may contain ${region} until it is resolved */
  char *tag;
  char **steps;       /* "10%", …, "100%" */
  uint64_t wait_ms;   /* after each step but the last */
  GPtrArray *smoke;   /* of TerraneSmokeSpec */
  uint64_t init_ms;   /* limit of an Init Duration */
  uint64_t errors;    /* maximum that CloudWatch may count, plus 1 */
  uint64_t update_ms; /* limit of an update */
  gboolean change_architecture;
} TerraneDeployTarget;

typedef struct
{
  TerraneDeployTarget common; /* defaults for the targets, or the only target */
  GPtrArray *targets;         /* of TerraneDeployTarget */
} TerraneDeploySpec;

extern const TerraneSection terrane_deploy_section;
extern const TerraneSection terrane_deploy_target_section;
extern const TerraneSection terrane_smoke_section;

/** Whether it specifies any function. */
gboolean terrane_deploy_spec_is_given (const TerraneDeploySpec *self);

/**
 * terrane_deploy_spec_resolve:
 * @region: (nullable): for targets without a region
 * @repository: (nullable): likewise
 *
 * Completes the targets with their common values and the defaults.
 *
 * Returns: (transfer full): of TerraneDeployTarget
 * Errors: %OCI_ERROR_USAGE if one lacks its region or repository.
 */
GPtrArray *terrane_deploy_spec_resolve (const TerraneDeploySpec *self, const char *region,
                                        const char *repository, GError **error);

/** Parses "10%", "2.5%", "100%". Returns: hundredths of a percent, or 0 if @text is invalid */
unsigned terrane_deploy_parse_step (const char *text);

/** Whether each step is larger than the one before it, and the last is 100%. Errors:
 * %OCI_ERROR_USAGE. */
gboolean terrane_deploy_check_steps (char **steps, GError **error);

/** Whether @text is the name or the unqualified ARN of a function. */
gboolean terrane_deploy_is_function (const char *text);

G_END_DECLS
