/* State of the deployment of an image to one function, shared by all its steps.
 *
 * Errors: %OCI_ERROR_USAGE, %OCI_ERROR_FORMAT, %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_LIMIT,
 * %OCI_ERROR_NOT_FOUND, %OCI_ERROR_EXISTS, %OCI_ERROR_UNREACHABLE, %OCI_ERROR_NETWORK,
 * %OCI_ERROR_TIMEOUT, %OCI_ERROR_DENIED, %OCI_ERROR_IO, %OCI_ERROR_CANCELLED. */
#pragma once

#include "builder/profile/deploy-spec.h"
#include "builder/progress.h"

#include "oci/aws/lambda-api.h"

#include <gio/gio.h>

G_BEGIN_DECLS

/* Properties of the image, the same for all functions. */
typedef struct
{
  char *digest;       /* "sha256:…" of the image's manifest */
  char *architecture; /* in Lambda's words: "x86_64", "arm64" */
  const TerraneProgress *progress;
} TerraneDeployImage;

typedef enum
{
  TERRANE_DEPLOY_PENDING,     /* not finished */
  TERRANE_DEPLOY_UNCHANGED,   /* the alias already had this image */
  TERRANE_DEPLOY_STAGED,      /* a working version exists; the alias is unchanged */
  TERRANE_DEPLOY_DONE,        /* all events are routed to the new version */
  TERRANE_DEPLOY_FAILED,      /* it failed before any event moved */
  TERRANE_DEPLOY_ROLLED_BACK, /* events had moved, and were moved back */
  TERRANE_DEPLOY_LEFT, /* events had moved, and could not be moved back, or another client changed
                          the alias */
} TerraneDeployResult;

typedef struct
{
  const TerraneDeployImage *image;
  const TerraneDeployTarget *spec;
  OciLambdaApi *api;
  GPtrArray *events; /* of GBytes: those of the specification's smoke */
  char *name;        /* "‘tiles’ in eu-west-1", for messages */
  char *image_uri;   /* "HOST/REPOSITORY@sha256:…" */

  /* Results: the state found, and the steps done. */
  char *function_arn;
  char *revision;       /* (nullable): of the function */
  char *code_sha256;    /* (nullable): of the function */
  gboolean has_code;    /* the function itself already has the image */
  char *before;         /* (nullable): the version that the alias referred to */
  char *version;        /* (nullable): the new one */
  char *version_arn;    /* (nullable) */
  char *alias_revision; /* (nullable) */
  unsigned weight;      /* share of the new version at the alias, in hundredths of a percent */
  gboolean touched;     /* the alias may have been changed */
  gboolean unsure;      /* AWS may still apply a change of the alias that it has not answered */
  gboolean foreign;     /* another client changed the alias */
  gboolean init_measured;
  TerraneDeployResult result;
  char *error;    /* (nullable) */
  json_t *pushed; /* (nullable): the report of the push */
  json_t *smoke;  /* array, docs/record.md */
  json_t *shifts; /* likewise */
} TerraneDeployment;

/**
 * terrane_deployment_new:
 * @spec, @image: must outlive the result. Returns: (transfer full)
 *
 * Errors: see the head.
 */
TerraneDeployment *terrane_deployment_new (const TerraneDeployImage *image,
                                           const TerraneDeployTarget *spec, OciHttpClient *client,
                                           GError **error);
void terrane_deployment_free (TerraneDeployment *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneDeployment, terrane_deployment_free)

/** Returns: (transfer full) (nullable): digest of the image of a function or version */
char *terrane_deployment_digest_of (const OciLambdaFunction *function);

/** Makes a call; an error answer is an error. Frees @call. Returns: (transfer full): the document
 * of the answer. Errors: see the head. */
json_t *terrane_deployment_ask (TerraneDeployment *self, OciLambdaCall *call,
                                GCancellable *cancellable, GError **error);

/** GetFunction. @qualifier: (nullable). Returns: (transfer full). Errors: see the head. */
OciLambdaFunction *terrane_deployment_get (TerraneDeployment *self, const char *qualifier,
                                           GCancellable *cancellable, GError **error);

/** Whether @text, from AWS, is a version number. */
gboolean terrane_deployment_is_version (const char *text);

/** Waits for @ms milliseconds. %OCI_ERROR_CANCELLED if interrupted. */
gboolean terrane_deployment_wait (uint64_t ms, GCancellable *cancellable, GError **error);

/** Whether AWS is not applying any change to the function or version. */
gboolean terrane_deployment_is_settled (const OciLambdaFunction *function);

/**
 * terrane_deployment_settle:
 * @qualifier: (nullable): a version
 * @out_function: (nullable) (out) (transfer full): its state afterwards, without the code
 *
 * Waits until AWS is not applying any change to the function or version, as long as the
 * specification allows, whether or not the change was successful.
 *
 * Errors: see the head.
 */
gboolean terrane_deployment_settle (TerraneDeployment *self, const char *qualifier,
                                    OciLambdaFunction **out_function, GCancellable *cancellable,
                                    GError **error);

/** Fails if the last change of the function or version failed. Errors: %OCI_ERROR_DENIED. */
gboolean terrane_deployment_check_state (const TerraneDeployment *self,
                                         const OciLambdaFunction *function, GError **error);

G_END_DECLS
