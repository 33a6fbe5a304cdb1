#include "oci/aws/s3.h"

#include "oci/aws/aws-credentials.h"
#include "oci/aws/aws-service.h"
#include "oci/digest.h"

#include <string.h>

gboolean
oci_s3_is_bucket (const char *name)
{
  size_t len = strlen (name);
  return len >= 3 && len <= 63 && strspn (name, "abcdefghijklmnopqrstuvwxyz0123456789-.") == len
         && name[0] != '-' && name[0] != '.' && strstr (name, "..") == NULL;
}

static char *
find_endpoint (const OciAwsConfig *config, const char *region, GError **error)
{
  g_autofree char *host = g_strdup_printf ("s3.%s.%s", region, oci_aws_dns_suffix (region));
  return oci_aws_endpoint (config, "S3", host, error);
}

static gboolean
check_answer (const OciS3Object *object, const OciHttpResponse *response,
              const OciAwsCredentials *credentials, GError **error)
{
  if (response->status / 100 == 2)
    return TRUE;
  g_autofree char *code = oci_aws_error_code (response);
  g_autofree char *quoted = oci_quote (code);
  const char *advice = response->status == 403   ? "; the identity needs s3:PutObject there"
                       : response->status == 404 ? "; create the bucket, in the layer's region"
                       : response->status / 100 == 3 || response->status == 400
                           ? "; the bucket must be in the layer's region"
                           : "";
  return oci_throw (
      error,
      response->status == 404   ? OCI_ERROR_NOT_FOUND
      : response->status >= 500 ? OCI_ERROR_NETWORK
                                : OCI_ERROR_DENIED,
      "PutObject into the bucket %s in %s: %s%s(HTTP %u), with AWS credentials from %s%s",
      object->bucket, object->region, code != NULL ? quoted : "", code != NULL ? " " : "",
      response->status, credentials->source, advice);
}

gboolean
oci_s3_put (OciHttpClient *client, const OciS3Object *object, GCancellable *cancellable,
            GError **error)
{
  OciDigestHex hex;
  g_autoptr (OciAwsConfig) config = oci_aws_config_load (error);
  g_autofree char *endpoint = config != NULL ? find_endpoint (config, object->region, error) : NULL;
  if (endpoint == NULL)
    return FALSE;
  g_autoptr (OciAwsCredentials) credentials =
      oci_aws_credentials_find (client, object->region, cancellable, error);
  if (credentials == NULL)
    return FALSE;
  OciDigest digest = oci_digest_of_bytes (object->content);
  /* Unlike other services, S3 also requires the digest as a header. */
  g_autofree char *content =
      g_strconcat ("X-Amz-Content-Sha256: ", oci_digest_hex (&digest, hex), NULL);
  const char *const headers[] = { content, NULL };
  g_autofree char *path = g_strconcat ("/", object->bucket, "/", object->key, NULL);
  const OciAwsCall call = { .endpoint = endpoint,
                            .method = "PUT",
                            .path = path,
                            .content_type = "application/zip",
                            .headers = headers,
                            .body = object->content,
                            .stall_seconds = OCI_HTTP_BULK_STALL_SECONDS,
                            .region = object->region,
                            .service = "s3",
                            .credentials = credentials };
  g_autoptr (OciHttpResponse) response = oci_aws_call (client, &call, cancellable, error);
  return response != NULL && check_answer (object, response, credentials, error);
}
