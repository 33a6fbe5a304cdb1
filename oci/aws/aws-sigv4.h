/* Signatures of requests to AWS: Signature Version 4 in a header, for services other than S3. Our
 * own, because libcurl's of Debian 12 (7.88) signs several kinds of requests wrongly. */
#pragma once

#include "oci/base/error.h"

G_BEGIN_DECLS

/* Credentials of AWS's own kind. The secrets: keep them out of messages. */
typedef struct
{
  char *access_key;
  char *secret_key;
  char *session_token; /* (nullable) */
  gint64 expires;      /* seconds since 1970; 0 when they do not */
  char *source;        /* "environment variables", for messages */
} OciAwsCredentials;

/** Takes empty texts for none, as they come in environments and documents. */
OciAwsCredentials *oci_aws_credentials_new (const char *access_key, const char *secret_key,
                                            const char *session_token);

/** Overwrites the secrets before the memory is released. */
void oci_aws_credentials_free (OciAwsCredentials *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OciAwsCredentials, oci_aws_credentials_free)

/* What is signed. */
typedef struct
{
  const char *method;
  const char *path;           /* as it is sent, from "/" on */
  const char *query;          /* (nullable): as it is sent, without "?" */
  const char *const *headers; /* "Name: value", NULL-terminated: all that are signed, Host with
                               * them, without X-Amz-Date and X-Amz-Security-Token */
  GBytes *body;               /* (nullable) */
} OciAwsRequest;

/* Where and when. */
typedef struct
{
  const char *region;
  const char *service;
  const char *time; /* "20150830T123600Z" */
} OciAwsScope;

/**
 * oci_aws_canonical_request:
 * @out_signed_headers: (out) (transfer full): "host;x-amz-date"
 *
 * The text that both sides digest: path normalised (RFC 3986 section 5.2.4) and escaped once more,
 * query and headers sorted, the body by its digest.
 *
 * Returns: (transfer full)
 */
char *oci_aws_canonical_request (const OciAwsRequest *request, const OciAwsCredentials *credentials,
                                 const char *time, char **out_signed_headers);

/** The value of the Authorization header. Returns: (transfer full) */
char *oci_aws_sign (const OciAwsRequest *request, const OciAwsCredentials *credentials,
                    const OciAwsScope *scope);

/** The time now, as OciAwsScope has it. Returns: (transfer full) */
char *oci_aws_time_now (void);

G_END_DECLS
