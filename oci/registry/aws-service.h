/* Requests to AWS's own services and to what hands out its credentials: endpoints, signing,
 * retries, and errors that name AWS's code. */
#pragma once

#include "oci/registry/aws-profile.h"
#include "oci/registry/aws-sigv4.h"
#include "oci/registry/http.h"

G_BEGIN_DECLS

/**
 * oci_aws_dns_suffix:
 *
 * The domain of a region's partition, such as "amazonaws.com" or "amazonaws.com.cn".
 * Returns: (transfer none)
 */
const char *oci_aws_dns_suffix (const char *region);

/** Whether @region can stand in a host name: letters, digits and "-". */
gboolean oci_aws_is_region (const char *region);

/**
 * oci_aws_endpoint:
 * @config: (nullable)
 * @service: "ECR", "STS", …: of $AWS_ENDPOINT_URL_SERVICE, which counts before $AWS_ENDPOINT_URL
 *   and the profile's endpoint_url
 * @host: of the service without any of them
 *
 * Returns: (transfer full): "https://HOST", without a slash at the end
 */
char *oci_aws_endpoint (const OciAwsConfig *config, const char *service, const char *host);

/* A POST of one body. */
typedef struct
{
  const char *endpoint; /* "https://HOST" */
  const char *content_type;
  const char *target; /* (nullable): X-Amz-Target */
  GBytes *body;
  const char *region;                   /* to sign for */
  const char *service;                  /* to sign for, "ecr" */
  const OciAwsCredentials *credentials; /* (nullable): %NULL sends it unsigned */
} OciAwsCall;

/**
 * oci_aws_call:
 *
 * Sends the request, again when that may help.
 *
 * Returns: (transfer full) (nullable): the answer with whatever status it has
 */
OciHttpResponse *oci_aws_call (OciHttpClient *client, const OciAwsCall *call,
                               GCancellable *cancellable, GError **error);

/** Sends @request as it is, again when that may help; @what names it in notices. */
OciHttpResponse *oci_aws_send (OciHttpClient *client, const OciHttpRequest *request,
                               const char *what, GCancellable *cancellable, GError **error);

/** "2026-11-21T10:00:00Z" (RFC 3339) as seconds since 1970; -1 for anything else. */
gint64 oci_aws_parse_time (const char *text);

G_END_DECLS
