/* Requests to AWS's own services and to what hands out its credentials: endpoints, signing,
 * retries, and errors that name AWS's code. */
#pragma once

#include "oci/aws/aws-profile.h"
#include "oci/aws/aws-sigv4.h"
#include "oci/http/http.h"

#include <jansson.h>

G_BEGIN_DECLS

/**
 * oci_aws_dns_suffix:
 *
 * The domain of a region's partition, such as "amazonaws.com" or "amazonaws.com.cn".
 * Returns: (transfer none)
 */
const char *oci_aws_dns_suffix (const char *region);

/** The same for hosts that IPv6 reaches, too: "api.aws". Returns: (transfer none) */
const char *oci_aws_dual_stack_suffix (const char *region);

/** Whether @region can be in a host name: letters, digits and "-". */
gboolean oci_aws_is_region (const char *region);

/** $AWS_REGION, $AWS_DEFAULT_REGION, or the region of the profile in use: the first that may be
 * one. Returns: (transfer none) (nullable) */
const char *oci_aws_default_region (const OciAwsConfig *config);

/** Whether the variable, or else the key of the profile, says "true". */
gboolean oci_aws_config_flag (const OciAwsConfig *config, const char *variable, const char *key);

/**
 * oci_aws_endpoint:
 * @config: (nullable)
 * @service: "ECR", "STS", …: of $AWS_ENDPOINT_URL_SERVICE, which counts before $AWS_ENDPOINT_URL,
 *   the service's endpoint_url in the section that the profile's "services" names, and the
 *   profile's own endpoint_url
 * @host: of the service without any of them
 *
 * Returns: (transfer full) (nullable): "https://HOST", without a slash at the end; %NULL when the
 *   section is missing
 */
char *oci_aws_endpoint (const OciAwsConfig *config, const char *service, const char *host,
                        GError **error);

/** AWS's own code for what went wrong, without namespace: "ThrottlingException".
 * Returns: (transfer full) (nullable): %NULL when there is none */
char *oci_aws_error_code (const OciHttpResponse *response);

/**
 * oci_aws_is_busy:
 *
 * Whether the answer means "later", as the SDKs take it: AWS says so with HTTP 400, too.
 */
gboolean oci_aws_is_busy (const OciHttpResponse *response);

/* One request, a POST unless it says otherwise. */
typedef struct
{
  const char *endpoint;                 /* "https://HOST" */
  const char *method;                   /* (nullable) */
  const char *path;                     /* (nullable): as it is sent, from "/" on */
  const char *query;                    /* (nullable): as it is sent, without "?" */
  const char *content_type;             /* (nullable) */
  const char *target;                   /* (nullable): X-Amz-Target */
  const char *const *headers;           /* (nullable): more "Name: value", NULL-terminated */
  GBytes *body;                         /* (nullable) */
  const OciHttpReceiver *receiver;      /* (nullable): of the body of a 2xx answer */
  unsigned stall_seconds;               /* without a byte from AWS; 0: as usual */
  gboolean once;                        /* see OciRetry */
  const char *region;                   /* to sign for */
  const char *service;                  /* to sign for, "ecr" */
  const OciAwsCredentials *credentials; /* (nullable): %NULL sends it unsigned */
} OciAwsCall;

/**
 * oci_aws_call:
 *
 * Sends the request, again when that may help, each time with a new signature: one is good for few
 * minutes.
 *
 * Returns: (transfer full) (nullable): the answer with whatever status it has
 */
OciHttpResponse *oci_aws_call (OciHttpClient *client, const OciAwsCall *call,
                               GCancellable *cancellable, GError **error);

/** Sends @request as it is, again when that may help; @what names it in notices. */
OciHttpResponse *oci_aws_send (OciHttpClient *client, const OciHttpRequest *request,
                               const char *what, GCancellable *cancellable, GError **error);

/**
 * oci_aws_parse_time:
 * @text: ISO 8601 in its long and short forms, with " " for "T", fractions, an offset, "Z", "UTC"
 * or nothing, which means UTC; RFC 9110's dates; seconds since 1970
 *
 * Returns: seconds since 1970; -1 for anything else
 */
gint64 oci_aws_parse_time (const char *text);

/** The time of a JSON string or number: 0 when there is none, 1 when it makes no sense, so that it
 * has passed. */
gint64 oci_aws_read_expiry (const json_t *value);

G_END_DECLS
