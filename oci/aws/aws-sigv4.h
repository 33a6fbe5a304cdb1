/* Signs requests to AWS: Signature Version 4 in a header, for services other than S3
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html). Our own, because libcurl
 * of Debian 12 (7.88) signs several kinds of requests wrongly. */
#pragma once

#include "oci/base/error.h"

G_BEGIN_DECLS

/* Credentials of AWS. They are secrets, which must not get into messages. */
typedef struct
{
  char *access_key;
  char *secret_key;
  char *session_token; /* (nullable) */
  gint64 expires;      /* seconds since 1970; 0 if they do not expire */
  char *source;        /* "environment variables", for messages */
} OciAwsCredentials;

/** Empty texts, which occur in environments and documents, become %NULL. Returns: (transfer full)
 */
OciAwsCredentials *oci_aws_credentials_new (const char *access_key, const char *secret_key,
                                            const char *session_token);

/** Overwrites the secrets before freeing them. */
void oci_aws_credentials_free (OciAwsCredentials *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OciAwsCredentials, oci_aws_credentials_free)

/* The request to sign. */
typedef struct
{
  const char *method;
  const char *path;           /* as sent, from "/" on */
  const char *query;          /* (nullable): as sent, without "?" */
  const char *const *headers; /* "Name: value", NULL-terminated: all that are signed, including
                                 Host, excluding X-Amz-Date and X-Amz-Security-Token */
  GBytes *body;               /* (nullable) */
} OciAwsRequest;

/* Region, service and time of a signature. */
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
 * Makes the text that both sides digest: path normalised (RFC 3986 section 5.2.4) and escaped once
 * more, query and headers sorted, the body by its digest.
 *
 * Returns: (transfer full)
 */
char *oci_aws_canonical_request (const OciAwsRequest *request, const OciAwsCredentials *credentials,
                                 const char *time, char **out_signed_headers);

/** Returns: (transfer full): the value of the Authorization header */
char *oci_aws_sign (const OciAwsRequest *request, const OciAwsCredentials *credentials,
                    const OciAwsScope *scope);

/** Returns: (transfer full): the current time, in the form of OciAwsScope */
char *oci_aws_time_now (void);

G_END_DECLS
