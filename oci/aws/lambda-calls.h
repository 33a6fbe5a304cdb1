/* Calls of AWS Lambda's API as data, and the content of its answers, so that a call can be shown
 * without being sent. Functions are identified by name or ARN; versions and aliases by a
 * qualifier. */
#pragma once

#include "oci/base/json.h"

G_BEGIN_DECLS

enum
{
  OCI_LAMBDA_MAX_PAYLOAD = 6 * 1024 * 1024, /* for an event and for its answer */
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
  GBytes *payload; /* (nullable): an event, instead of @body */
  gboolean once;   /* must not be done twice */
  char *subject;   /* its object in messages: "the function ‘tiles’" */
} OciLambdaCall;

void oci_lambda_call_free (OciLambdaCall *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OciLambdaCall, oci_lambda_call_free)

/** Returns: (transfer full) (nullable): the body as sent */
GBytes *oci_lambda_call_body (const OciLambdaCall *self);

/** GetFunction. @qualifier: (nullable). Returns: (transfer full) */
OciLambdaCall *oci_lambda_get_function (const char *function, const char *qualifier);

/** GetFunctionConfiguration: without the code, cheaper. @qualifier: (nullable).
 * Returns: (transfer full) */
OciLambdaCall *oci_lambda_get_configuration (const char *function, const char *qualifier);

/**
 * oci_lambda_update_code:
 * @image: "HOST/REPOSITORY@sha256:…"
 * @architecture: "x86_64" or "arm64"
 * @revision: (nullable): fails with HTTP 412 if the function has another one
 * @dry_run: AWS checks the image and the permissions, and changes nothing
 *
 * UpdateFunctionCode.
 *
 * Returns: (transfer full)
 */
OciLambdaCall *oci_lambda_update_code (const char *function, const char *image,
                                       const char *architecture, const char *revision,
                                       gboolean dry_run);

/**
 * oci_lambda_publish_version:
 * @code_sha256: (nullable): fails unless the function has this code
 * @revision: (nullable): as for oci_lambda_update_code()
 *
 * PublishVersion. AWS answers with the previous version if nothing has changed since.
 *
 * Returns: (transfer full)
 */
OciLambdaCall *oci_lambda_publish_version (const char *function, const char *code_sha256,
                                           const char *revision, const char *description);

/** GetAlias. Returns: (transfer full) */
OciLambdaCall *oci_lambda_get_alias (const char *function, const char *alias);

/**
 * oci_lambda_update_alias:
 * @version: receives all events but those of @other
 * @other: (nullable): receives the share @weight
 * @weight: in hundredths of a percent, from 1 to 9999
 *
 * UpdateAlias.
 *
 * Returns: (transfer full)
 */
OciLambdaCall *oci_lambda_update_alias (const char *function, const char *alias,
                                        const char *version, const char *other, unsigned weight,
                                        const char *revision);

/** Invoke, synchronously, with the end of the log in the answer. @event: one JSON value.
 * Returns: (transfer full) */
OciLambdaCall *oci_lambda_invoke (const char *function, const char *qualifier, GBytes *event);

/**
 * OciLambdaLayerArguments:
 * @zip: (nullable): if it fits into a request; else @bucket and @key
 * @runtimes, @architectures: (nullable): NULL-terminated
 * @license: (nullable)
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
/** PublishLayerVersion: each call makes another version. Returns: (transfer full) */
OciLambdaCall *oci_lambda_publish_layer (const OciLambdaLayerArguments *arguments);

/** ListLayerVersions, newest first: one page. Returns: (transfer full) */
OciLambdaCall *oci_lambda_list_layer_versions (const char *name);
/** GetLayerVersion. Returns: (transfer full) */
OciLambdaCall *oci_lambda_get_layer_version (const char *name, json_int_t version);

/* A function, or one of its versions. What AWS does not say is NULL. */
typedef struct
{
  char *arn; /* with the version, if a version was requested */
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
  char *image;          /* as it was named; only in GetFunction */
  char *resolved_image; /* with its digest; likewise */
} OciLambdaFunction;

/**
 * oci_lambda_function_read:
 * @document: of GetFunction, GetFunctionConfiguration, UpdateFunctionCode or PublishVersion.
 *   Returns: (transfer full)
 */
OciLambdaFunction *oci_lambda_function_read (const json_t *document);
void oci_lambda_function_free (OciLambdaFunction *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OciLambdaFunction, oci_lambda_function_free)

typedef struct
{
  char *arn;
  char *version;
  char *other;   /* (nullable): a second version that receives some of the events */
  double weight; /* of @other, from 0 to 1 */
  char *revision;
} OciLambdaAlias;

/**
 * oci_lambda_alias_read:
 * @document: of GetAlias or UpdateAlias. Returns: (transfer full)
 */
OciLambdaAlias *oci_lambda_alias_read (const json_t *document);
void oci_lambda_alias_free (OciLambdaAlias *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OciLambdaAlias, oci_lambda_alias_free)

G_END_DECLS
