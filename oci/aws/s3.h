/* Uploads files to Amazon S3, from where other services of AWS read them. */
#pragma once

#include "oci/http/http.h"

G_BEGIN_DECLS

typedef struct
{
  const char *region;
  const char *bucket;
  const char *key; /* letters, digits and "-_./" only */
  GBytes *content; /* at most 5 GiB */
} OciS3Object;

/** Whether @name can be a bucket: 3 to 63 lower-case letters, digits, "-" and ".". */
gboolean oci_s3_is_bucket (const char *name);

/** PutObject, with the credentials of the environment; an object of that key is replaced. Errors:
 * those of aws-credentials.h and oci_http_client_send(): %OCI_ERROR_NOT_FOUND, %OCI_ERROR_DENIED,
 * %OCI_ERROR_FORMAT, %OCI_ERROR_USAGE, %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_IO,
 * %OCI_ERROR_UNREACHABLE, %OCI_ERROR_NETWORK, %OCI_ERROR_TIMEOUT, %OCI_ERROR_LIMIT,
 * %OCI_ERROR_CANCELLED. */
gboolean oci_s3_put (OciHttpClient *client, const OciS3Object *object, GCancellable *cancellable,
                     GError **error);

G_END_DECLS
