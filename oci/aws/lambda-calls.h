/* Calls of AWS Lambda's API as data, and what its answers say: what is sent can be shown without
 * being sent. Functions are named by their name or ARN; versions and aliases by a qualifier. */
#pragma once

#include "oci/base/json.h"

G_BEGIN_DECLS

enum
{
  OCI_LAMBDA_MAX_PAYLOAD = 6 * 1024 * 1024, /* of an event and of its answer, each */
};

/* One call. */
typedef struct
{
  const char *operation; /* "UpdateFunctionCode" */
  const char *method;
  char *path;      /* percent-encoded, from "/" on */
  char *query;     /* (nullable) */
  char **headers;  /* (nullable): "Name: value" */
  json_t *body;    /* (nullable): object */
  GBytes *payload; /* (nullable): instead of @body: an event */
  gboolean once;   /* what it does must not be done twice */
  char *subject;   /* what it is about, for messages: "the function ‘tiles’" */
} OciLambdaCall;

void oci_lambda_call_free (OciLambdaCall *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OciLambdaCall, oci_lambda_call_free)

/** What is sent as the body. Returns: (transfer full) (nullable) */
GBytes *oci_lambda_call_body (const OciLambdaCall *self);

/** GetFunction. @qualifier: (nullable) */
OciLambdaCall *oci_lambda_get_function (const char *function, const char *qualifier);

/** GetFunctionConfiguration: without the code, cheaper. @qualifier: (nullable) */
OciLambdaCall *oci_lambda_get_configuration (const char *function, const char *qualifier);

/**
 * oci_lambda_update_code:
 * @image: "HOST/REPOSITORY@sha256:…"
 * @architecture: "x86_64" or "arm64"
 * @revision: (nullable): fails with HTTP 412 when the function has another one
 * @dry_run: AWS looks whether the image and the permissions are right, and changes nothing
 */
OciLambdaCall *oci_lambda_update_code (const char *function, const char *image,
                                       const char *architecture, const char *revision,
                                       gboolean dry_run);

/**
 * oci_lambda_publish_version:
 * @code_sha256: (nullable): fails unless the function has this code
 * @revision: (nullable): as of update_code
 *
 * AWS answers with the version before when nothing has changed since.
 */
OciLambdaCall *oci_lambda_publish_version (const char *function, const char *code_sha256,
                                           const char *revision, const char *description);

OciLambdaCall *oci_lambda_get_alias (const char *function, const char *alias);

/**
 * oci_lambda_update_alias:
 * @version: that gets all events but those of @other
 * @other: (nullable): that gets @weight of them
 * @weight: in hundredths of a percent, from 1 to 9999
 */
OciLambdaCall *oci_lambda_update_alias (const char *function, const char *alias,
                                        const char *version, const char *other, unsigned weight,
                                        const char *revision);

/** Invoke, synchronously, with the end of the log in the answer. @event: one JSON value */
OciLambdaCall *oci_lambda_invoke (const char *function, const char *qualifier, GBytes *event);

/**
 * oci_lambda_publish_layer:
 * @zip: (nullable): of what fits into a request; else @bucket and @key
 * @runtimes, @architectures: (nullable): NULL-terminated
 * @license: (nullable)
 *
 * PublishLayerVersion: each call makes another version.
 */
typedef struct
{
  const char *name;
  GBytes *zip;
  const char *bucket, *key;
  const char *const *runtimes;
  const char *const *architectures;
  const char *description;
  const char *license;
} OciLambdaLayerArguments;
OciLambdaCall *oci_lambda_publish_layer (const OciLambdaLayerArguments *arguments);

/** ListLayerVersions, newest first: one page. */
OciLambdaCall *oci_lambda_list_layer_versions (const char *name);
OciLambdaCall *oci_lambda_get_layer_version (const char *name, json_int_t version);

/* A function, or one of its versions. What AWS does not say is NULL. */
typedef struct
{
  char *arn; /* with the version, if one was asked for */
  char *version;
  char *package_type; /* "Image", "Zip" */
  char *architecture;
  char *state; /* "Pending", "Active", "Inactive", "Failed" */
  char *state_reason;
  char *state_reason_code;
  char *update_status; /* "InProgress", "Successful", "Failed" */
  char *update_reason;
  char *update_reason_code;
  char *code_sha256;
  char *revision;
  char *image;          /* as it was named; GetFunction alone says it */
  char *resolved_image; /* by its digest; likewise */
} OciLambdaFunction;

/** @document: of GetFunction, GetFunctionConfiguration, UpdateFunctionCode or PublishVersion */
OciLambdaFunction *oci_lambda_function_read (const json_t *document);
void oci_lambda_function_free (OciLambdaFunction *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OciLambdaFunction, oci_lambda_function_free)

typedef struct
{
  char *arn;
  char *version;
  char *other;   /* (nullable): a second version that gets some of the events */
  double weight; /* of @other, from 0 to 1 */
  char *revision;
} OciLambdaAlias;

OciLambdaAlias *oci_lambda_alias_read (const json_t *document);
void oci_lambda_alias_free (OciLambdaAlias *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OciLambdaAlias, oci_lambda_alias_free)

G_END_DECLS
