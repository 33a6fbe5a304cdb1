/* Requests to AWS's own services and to the issuers of its credentials: endpoints, signing,
 * retries, and errors that name AWS's code. */
#pragma once

#include "oci/aws/aws-profile.h"
#include "oci/aws/aws-sigv4.h"
#include "oci/http/http.h"

#include <jansson.h>

G_BEGIN_DECLS

/** Returns: (transfer none): the domain of a region's partition, such as "amazonaws.com" or
 * "amazonaws.com.cn" */
const char *oci_aws_dns_suffix (const char *region);

/** Returns: (transfer none): likewise, for hosts that are reachable over IPv6, too: "api.aws" */
const char *oci_aws_dual_stack_suffix (const char *region);

/** Whether @region can be part of a host name: letters, digits and "-". */
gboolean oci_aws_is_region (const char *region);

/** Returns: (transfer none) (nullable): $AWS_REGION, $AWS_DEFAULT_REGION, or the region of the
 * profile in use: the first that is valid */
const char *oci_aws_default_region (const OciAwsConfig *config);

/** Whether the variable, or else the key of the profile, is "true". */
gboolean oci_aws_config_flag (const OciAwsConfig *config, const char *variable, const char *key);

/**
 * oci_aws_endpoint:
 * @config: (nullable)
 * @service: "ECR", "STS", …: for $AWS_ENDPOINT_URL_SERVICE, which has precedence over
 *   $AWS_ENDPOINT_URL, the service's endpoint_url in the section that the profile's "services"
 *   names, and the profile's own endpoint_url
 * @host: of the service without any of these
 *
 * Returns: (transfer full): "https://HOST", without a slash at the end
 * Errors: %OCI_ERROR_NOT_FOUND if the section is missing.
 */
char *oci_aws_endpoint (const OciAwsConfig *config, const char *service, const char *host,
                        GError **error);

/** Returns: (transfer full) (nullable): AWS's own code of an error, without namespace:
 * "ThrottlingException" */
char *oci_aws_error_code (const OciHttpResponse *response);

/** Whether the answer means "later", by the rules of the SDKs: AWS also says so with HTTP 400. */
gboolean oci_aws_is_busy (const OciHttpResponse *response);

/* One request, by default a POST. */
typedef struct
{
  const char *endpoint;                 /* "https://HOST" */
  const char *method;                   /* (nullable) */
  const char *path;                     /* (nullable): as sent, from "/" on */
  const char *query;                    /* (nullable): as sent, without "?" */
  const char *content_type;             /* (nullable) */
  const char *target;                   /* (nullable): X-Amz-Target */
  const char *const *headers;           /* (nullable): further "Name: value", NULL-terminated */
  GBytes *body;                         /* (nullable) */
  const OciHttpReceiver *receiver;      /* (nullable): for the body of a 2xx answer */
  unsigned stall_seconds;               /* without a byte from AWS; 0: default */
  gboolean once;                        /* see OciRetry */
  const char *region;                   /* to sign for */
  const char *service;                  /* to sign for, "ecr" */
  const OciAwsCredentials *credentials; /* (nullable): %NULL to send it unsigned */
} OciAwsCall;

/**
 * oci_aws_call:
 * Sends the request, and retries it if that may help, each time with a new signature, since one is
 * valid for a few minutes only.
 *
 * Returns: (transfer full): the answer with any status
 * Errors: those of oci_http_client_send(): %OCI_ERROR_UNREACHABLE, %OCI_ERROR_NETWORK,
 *   %OCI_ERROR_TIMEOUT, %OCI_ERROR_DENIED, %OCI_ERROR_LIMIT, %OCI_ERROR_FORMAT, %OCI_ERROR_IO,
 *   %OCI_ERROR_CANCELLED.
 */
OciHttpResponse *oci_aws_call (OciHttpClient *client, const OciAwsCall *call,
                               GCancellable *cancellable, GError **error);

/** Sends @request unchanged, and retries it if that may help; @what names it in notices.
 * Returns: (transfer full). Errors: as for oci_aws_call(): %OCI_ERROR_UNREACHABLE,
 * %OCI_ERROR_NETWORK, %OCI_ERROR_TIMEOUT, %OCI_ERROR_DENIED, %OCI_ERROR_LIMIT, %OCI_ERROR_FORMAT,
 * %OCI_ERROR_IO, %OCI_ERROR_CANCELLED. */
OciHttpResponse *oci_aws_send (OciHttpClient *client, const OciHttpRequest *request,
                               const char *what, GCancellable *cancellable, GError **error);

/**
 * oci_aws_parse_time:
 * @text: ISO 8601 in its long and short forms, with " " for "T", fractions, an offset, "Z", "UTC"
 *   or nothing, which means UTC; RFC 9110's dates; seconds since 1970
 *
 * Returns: seconds since 1970; -1 for anything else
 */
gint64 oci_aws_parse_time (const char *text);

/** Reads the time in a JSON string or number. Returns: 0 if there is none; 1 if it is invalid, so
 * that it has passed */
gint64 oci_aws_read_expiry (const json_t *value);

G_END_DECLS
