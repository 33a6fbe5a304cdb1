/* One function on its way to an image: what is known of it, and what all steps of that way need. */
#pragma once

#include "builder/profile/deploy-spec.h"
#include "builder/progress.h"

#include "oci/aws/lambda-api.h"

#include <gio/gio.h>

G_BEGIN_DECLS

/* What all functions get. */
typedef struct
{
  char *digest;       /* "sha256:…" of the image's manifest */
  char *architecture; /* in Lambda's words: "x86_64", "arm64" */
  const TerraneProgress *progress;
} TerraneDeployImage;

typedef enum
{
  TERRANE_DEPLOY_PENDING,     /* not everything is done */
  TERRANE_DEPLOY_UNCHANGED,   /* the alias had this image already */
  TERRANE_DEPLOY_STAGED,      /* there is a version that works; the alias is as it was */
  TERRANE_DEPLOY_DONE,        /* all events go to the new version */
  TERRANE_DEPLOY_FAILED,      /* traffic never moved */
  TERRANE_DEPLOY_ROLLED_BACK, /* it moved, and is as it was */
  TERRANE_DEPLOY_LEFT,        /* it moved, and could not be moved back, or another hand did */
} TerraneDeployResult;

typedef struct
{
  const TerraneDeployImage *image;
  const TerraneDeployTarget *spec;
  OciLambdaApi *api;
  GPtrArray *events; /* of GBytes: those of the specification's smoke */
  char *name;        /* "‘tiles’ in eu-west-1", for messages */
  char *image_uri;   /* "HOST/REPOSITORY@sha256:…" */

  /* What was found, and what came of it. */
  char *function_arn;
  char *revision;       /* (nullable): of the function */
  char *code_sha256;    /* (nullable): of the function */
  gboolean has_code;    /* the function itself has the image already */
  char *before;         /* (nullable): the version that the alias had */
  char *version;        /* (nullable): the new one */
  char *version_arn;    /* (nullable) */
  char *alias_revision; /* (nullable) */
  unsigned weight;      /* of the new version at the alias, in hundredths of a percent */
  gboolean touched;     /* the alias may not be as it was */
  gboolean unsure;      /* AWS may still do a change of the alias that it has not answered */
  gboolean foreign;     /* the alias was changed by another hand */
  gboolean init_measured;
  TerraneDeployResult result;
  char *error;    /* (nullable) */
  json_t *pushed; /* (nullable): the report of the push */
  json_t *smoke;  /* array, docs/record.md */
  json_t *shifts; /* likewise */
} TerraneDeployment;

/** @spec, @image: must outlive the result. Returns: (transfer full) (nullable) */
TerraneDeployment *terrane_deployment_new (const TerraneDeployImage *image,
                                           const TerraneDeployTarget *spec, OciHttpClient *client,
                                           GError **error);
void terrane_deployment_free (TerraneDeployment *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneDeployment, terrane_deployment_free)

/** The digest of the image that a function or version has. Returns: (transfer full) (nullable) */
char *terrane_deployment_digest_of (const OciLambdaFunction *function);

/** The document of an answer that must not be an error. Frees @call. Returns: (transfer full)
 * (nullable) */
json_t *terrane_deployment_ask (TerraneDeployment *self, OciLambdaCall *call,
                                GCancellable *cancellable, GError **error);

/** GetFunction. @qualifier: (nullable). Returns: (transfer full) (nullable) */
OciLambdaFunction *terrane_deployment_get (TerraneDeployment *self, const char *qualifier,
                                           GCancellable *cancellable, GError **error);

/** Whether @text, from AWS, is the number of a version. */
gboolean terrane_deployment_is_version (const char *text);

/** Waits. Returns: %FALSE with %OCI_ERROR_CANCELLED when it was interrupted */
gboolean terrane_deployment_wait (uint64_t ms, GCancellable *cancellable, GError **error);

/** Whether AWS has no change of the function or version under way. */
gboolean terrane_deployment_is_settled (const OciLambdaFunction *function);

/**
 * terrane_deployment_settle:
 * @qualifier: (nullable): a version
 * @out_function: (nullable) (out) (transfer full): what it is then, without the code
 *
 * Waits until AWS has no change of the function or version under way, for as long as the
 * specification allows; whether the change was successful is not looked at.
 */
gboolean terrane_deployment_settle (TerraneDeployment *self, const char *qualifier,
                                    OciLambdaFunction **out_function, GCancellable *cancellable,
                                    GError **error);

/** Fails when the last change of the function or version did. */
gboolean terrane_deployment_check_state (const TerraneDeployment *self,
                                         const OciLambdaFunction *function, GError **error);

G_END_DECLS
