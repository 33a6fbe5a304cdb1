/* Files into Amazon S3: what other services of AWS take from there. */
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

/** Whether @name can be a bucket: 3 to 63 of lower-case letters, digits, "-" and ".". */
gboolean oci_s3_is_bucket (const char *name);

/** PutObject, with the credentials of the environment; an object of that key is replaced. */
gboolean oci_s3_put (OciHttpClient *client, const OciS3Object *object, GCancellable *cancellable,
                     GError **error);

G_END_DECLS
