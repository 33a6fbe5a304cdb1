/* AWS Lambda's API in one region as one identity: signed calls, repeated when that may help, and
 * errors that say what to do. What is called is in lambda-calls.h. */
#pragma once

#include "oci/aws/aws-credentials.h"
#include "oci/aws/lambda-calls.h"

G_BEGIN_DECLS

/* For one thread at a time. */
typedef struct _OciLambdaApi OciLambdaApi;

typedef struct
{
  const char *region;
  const char *role_arn;    /* (nullable): to take on, with the credentials that are found */
  const char *external_id; /* (nullable): for that */
} OciLambdaIdentity;

/**
 * oci_lambda_api_new:
 * @client: must outlive @self
 * @identity: copied
 *
 * Asks nothing yet.
 *
 * Returns: (transfer full) (nullable): %NULL when the configuration cannot be read
 */
OciLambdaApi *oci_lambda_api_new (OciHttpClient *client, const OciLambdaIdentity *identity,
                                  GError **error);
void oci_lambda_api_free (OciLambdaApi *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OciLambdaApi, oci_lambda_api_free)

/** "https://lambda.eu-west-1.amazonaws.com". Returns: (transfer none) */
const char *oci_lambda_api_endpoint (const OciLambdaApi *self);

/** The host of Lambda's API in a region, by botocore's rules. Returns: (transfer full) */
char *oci_lambda_api_host (const char *region, gboolean fips, gboolean dual_stack);

typedef struct
{
  unsigned status;
  char *code;             /* (nullable): AWS's for an error, such as "ResourceConflictException" */
  json_t *document;       /* (nullable): the body, when it is a JSON object */
  GBytes *payload;        /* the body as it came */
  char *function_error;   /* (nullable): of Invoke: "Unhandled" */
  char *log_tail;         /* (nullable): of Invoke: the last 4 KiB of the log, any bytes */
  char *executed_version; /* (nullable): of Invoke */
} OciLambdaReply;

void oci_lambda_reply_free (OciLambdaReply *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OciLambdaReply, oci_lambda_reply_free)

/**
 * oci_lambda_api_send:
 *
 * Makes a call. Credentials that are about to expire are looked for again, and once more when AWS
 * says that they have.
 *
 * Returns: (transfer full) (nullable): whatever AWS answered; %NULL when it did not
 */
OciLambdaReply *oci_lambda_api_send (OciLambdaApi *self, const OciLambdaCall *call,
                                     GCancellable *cancellable, GError **error);

/**
 * oci_lambda_api_check:
 *
 * Makes an error of an answer that is one: %OCI_ERROR_NOT_FOUND, %OCI_ERROR_DENIED,
 * %OCI_ERROR_EXISTS (a conflict: HTTP 409 or 412), %OCI_ERROR_NETWORK (HTTP 429 or 5xx),
 * %OCI_ERROR_FORMAT.
 */
gboolean oci_lambda_api_check (const OciLambdaApi *self, const OciLambdaCall *call,
                               const OciLambdaReply *reply, GError **error);

/** Both. Returns: (transfer full) (nullable): the answer's document */
json_t *oci_lambda_api_ask (OciLambdaApi *self, const OciLambdaCall *call,
                            GCancellable *cancellable, GError **error);

G_END_DECLS
