/* Deploys an image to one or several functions: all are inspected before any is changed, all get a
 * working version before any event is routed to it, and if one fails, all that moved is rolled
 * back.
 *
 * Errors: %TERRANE_ERROR_REFUSED, %OCI_ERROR_USAGE, %OCI_ERROR_FORMAT, %OCI_ERROR_UNSUPPORTED,
 * %OCI_ERROR_LIMIT, %OCI_ERROR_NOT_FOUND, %OCI_ERROR_EXISTS, %OCI_ERROR_UNREACHABLE,
 * %OCI_ERROR_NETWORK, %OCI_ERROR_TIMEOUT, %OCI_ERROR_DENIED, %OCI_ERROR_IO,
 * %OCI_ERROR_CANCELLED. */
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
  const OciReference *reference; /* (nullable): location of the image */
  const TerraneProgress *progress;
} TerraneDeployOptions;

/**
 * terrane_deploy_new:
 * @client, @options: what they point to must outlive the result
 *
 * Reads the events; makes no request. Returns: (transfer full)
 *
 * Errors: see the head.
 */
TerraneDeploy *terrane_deploy_new (OciHttpClient *client, const TerraneDeployOptions *options,
                                   GError **error);
void terrane_deploy_free (TerraneDeploy *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneDeploy, terrane_deploy_free)

/** Inspects all functions. Nothing is changed. Errors: see the head. */
gboolean terrane_deploy_inspect (TerraneDeploy *self, GCancellable *cancellable, GError **error);

/** Pushes the image. @reference: "HOST/REPOSITORY:TAG", without "docker://". @out_report: (out)
 * (transfer full) */
typedef gboolean (*TerraneDeployPush) (const char *reference, gpointer data, json_t **out_report,
                                       GError **error);

/** Pushes the image to each repository that needs it, once. Errors: those of @push. */
gboolean terrane_deploy_push (TerraneDeploy *self, TerraneDeployPush push, gpointer data,
                              GError **error);

/** Makes and tests the versions, and moves the events. After a failure or an interrupt, events are
 * routed as before; @error says for each function where they go. Errors: see the head. */
gboolean terrane_deploy_go (TerraneDeploy *self, GCancellable *cancellable, GError **error);

/** Returns: (transfer full): what was done, see docs/record.md */
json_t *terrane_deploy_report (const TerraneDeploy *self);

/** Finds the region that AWS's own tools would use: from the environment, else from the AWS
 * profile. @out_region: (out) (transfer full) (nullable). Errors: %OCI_ERROR_FORMAT,
 * %OCI_ERROR_LIMIT, %OCI_ERROR_IO. */
gboolean terrane_deploy_default_region (char **out_region, GError **error);

/** Returns: (transfer full): what would be done */
json_t *terrane_deploy_plan (const TerraneDeploy *self);

G_END_DECLS
