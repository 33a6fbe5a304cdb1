/* The API of AWS Lambda in one region with one identity: signed calls, retries, and errors that say
 * what to do. The calls are in lambda-calls.h.
 *
 * Errors: those of aws-credentials.h and oci_http_client_send(): %OCI_ERROR_NOT_FOUND,
 *   %OCI_ERROR_DENIED, %OCI_ERROR_FORMAT, %OCI_ERROR_USAGE, %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_IO,
 *   %OCI_ERROR_UNREACHABLE, %OCI_ERROR_NETWORK, %OCI_ERROR_TIMEOUT, %OCI_ERROR_LIMIT,
 *   %OCI_ERROR_CANCELLED; also %OCI_ERROR_EXISTS of oci_lambda_api_check() where it is called. */
#pragma once

#include "oci/aws/aws-credentials.h"
#include "oci/aws/lambda-calls.h"

G_BEGIN_DECLS

/* For one thread at a time. */
typedef struct _OciLambdaApi OciLambdaApi;

typedef struct
{
  const char *region;
  const char *role_arn;    /* (nullable): to assume with the credentials that are found */
  const char *external_id; /* (nullable): for that */
} OciLambdaIdentity;

/**
 * oci_lambda_api_new:
 * @client: must outlive @self
 * @identity: copied
 *
 * Reads the configuration of AWS; makes no connection.
 *
 * Returns: (transfer full)
 * Errors: see the head.
 */
OciLambdaApi *oci_lambda_api_new (OciHttpClient *client, const OciLambdaIdentity *identity,
                                  GError **error);
void oci_lambda_api_free (OciLambdaApi *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OciLambdaApi, oci_lambda_api_free)

/** Returns: (transfer none): "https://lambda.eu-west-1.amazonaws.com" */
const char *oci_lambda_api_endpoint (const OciLambdaApi *self);

/** Returns: (transfer full): the host of Lambda's API in a region, by botocore's rules */
char *oci_lambda_api_host (const char *region, gboolean fips, gboolean dual_stack);

typedef struct
{
  unsigned status;
  char *code;       /* (nullable): AWS's code of an error, such as "ResourceConflictException" */
  json_t *document; /* (nullable): the body, if it is a JSON object */
  GBytes *payload;  /* the body unchanged */
  char *function_error;   /* (nullable): of Invoke: "Unhandled" */
  char *log_tail;         /* (nullable): of Invoke: the last 4 KiB of the log, any bytes */
  char *executed_version; /* (nullable): of Invoke */
} OciLambdaReply;

void oci_lambda_reply_free (OciLambdaReply *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OciLambdaReply, oci_lambda_reply_free)

/**
 * oci_lambda_api_send:
 * Makes a call. Credentials that are about to expire are replaced, also when AWS says that they
 * have expired.
 *
 * Returns: (transfer full): AWS's answer, with any status
 * Errors: see the head.
 */
OciLambdaReply *oci_lambda_api_send (OciLambdaApi *self, const OciLambdaCall *call,
                                     GCancellable *cancellable, GError **error);

/** Turns an error answer into an error: %OCI_ERROR_NOT_FOUND, %OCI_ERROR_DENIED, %OCI_ERROR_EXISTS
 * (a conflict: HTTP 409 or 412), %OCI_ERROR_NETWORK (HTTP 429 or 5xx), %OCI_ERROR_LIMIT,
 * %OCI_ERROR_USAGE, %OCI_ERROR_FORMAT. */
gboolean oci_lambda_api_check (const OciLambdaApi *self, const OciLambdaCall *call,
                               const OciLambdaReply *reply, GError **error);

/* A question to CloudWatch. */
typedef struct
{
  const char *function; /* name or ARN */
  const char *alias;    /* that routes a part of its events to @version */
  const char *version;
  gint64 since; /* seconds since 1970 */
} OciLambdaErrors;

/** Returns: (transfer full): the body of that question */
GBytes *oci_lambda_errors_form (const OciLambdaErrors *of);

/** Returns: (transfer none): the endpoint of CloudWatch */
const char *oci_lambda_api_metrics_endpoint (const OciLambdaApi *self);

/**
 * oci_lambda_api_count_errors:
 * @out_errors: (out): number of events that ended with an error, as far as CloudWatch knows: it may
 *   be minutes late
 *
 * GetMetricStatistics of CloudWatch. Errors: see the head.
 */
gboolean oci_lambda_api_count_errors (OciLambdaApi *self, const OciLambdaErrors *of,
                                      double *out_errors, GCancellable *cancellable,
                                      GError **error);

/** Makes a call and checks the answer. Returns: (transfer full): its document.
 * Errors: see the head. */
json_t *oci_lambda_api_ask (OciLambdaApi *self, const OciLambdaCall *call,
                            GCancellable *cancellable, GError **error);

G_END_DECLS
