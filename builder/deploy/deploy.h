/* An image on its way to one or several functions: all of them are looked at before any is changed,
 * all get a version that works before any event moves, and when one fails all that moved goes back.
 */
#pragma once

#include "builder/profile/deploy-spec.h"
#include "builder/progress.h"

#include "oci/http/http.h"
#include "oci/reference.h"

G_BEGIN_DECLS

typedef struct _TerraneDeploy TerraneDeploy;

typedef struct
{
  const OciDigest *digest;       /* of the image's manifest */
  const char *architecture;      /* of the image: "amd64", "arm64" */
  const GPtrArray *targets;      /* of TerraneDeployTarget, from terrane_deploy_spec_resolve() */
  const OciReference *reference; /* (nullable): where the image is */
  const TerraneProgress *progress;
} TerraneDeployOptions;

/**
 * terrane_deploy_new:
 * @client, @options: what they point to must outlive the result
 *
 * Reads the events; asks nothing yet. Returns: (transfer full) (nullable)
 */
TerraneDeploy *terrane_deploy_new (OciHttpClient *client, const TerraneDeployOptions *options,
                                   GError **error);
void terrane_deploy_free (TerraneDeploy *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneDeploy, terrane_deploy_free)

/** Looks at all functions. Nothing is changed. */
gboolean terrane_deploy_inspect (TerraneDeploy *self, GCancellable *cancellable, GError **error);

/** The part of a push: "HOST/REPOSITORY:TAG", without "docker://". @out_report: (out) (transfer
 * full) */
typedef gboolean (*TerraneDeployPush) (const char *reference, gpointer data, json_t **out_report,
                                       GError **error);

/** Pushes the image to each repository that needs it, once. */
gboolean terrane_deploy_push (TerraneDeploy *self, TerraneDeployPush push, gpointer data,
                              GError **error);

/** Everything else. After a failure, or an interrupt, events go where they went before; @error says
 * for each function where. */
gboolean terrane_deploy_go (TerraneDeploy *self, GCancellable *cancellable, GError **error);

/** What was done, see docs/record.md. Returns: (transfer full) */
json_t *terrane_deploy_report (const TerraneDeploy *self);

/** Where AWS's own tools would work: of the environment, else of the AWS profile. *@out_region:
 * (out) (transfer full) (nullable) */
gboolean terrane_deploy_default_region (char **out_region, GError **error);

/** What would be done. Returns: (transfer full) */
json_t *terrane_deploy_plan (const TerraneDeploy *self);

G_END_DECLS
