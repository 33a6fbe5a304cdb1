/* The AWS credential chain, as the AWS SDKs have it (botocore's order): environment, roles to
 * assume, web identity, single sign-on, the shared files, a process, the container, the machine. */
#pragma once

#include "oci/aws/aws-profile.h"
#include "oci/aws/aws-sigv4.h"
#include "oci/http/http.h"

G_BEGIN_DECLS

/* What a search goes by. */
typedef struct
{
  OciHttpClient *client;
  OciAwsConfig *config;
  const char *region; /* to ask STS in when nothing else names one */
  GCancellable *cancellable;
} OciAwsSearch;

/**
 * oci_aws_credentials_find:
 * @region: where the credentials are going to be used
 *
 * Sources that are not configured are skipped; one that is configured and does not work is an
 * error, since the next one would be another identity. Reads the environment.
 *
 * Returns: (transfer full) (nullable): or %NULL with %OCI_ERROR_NOT_FOUND and what was looked at
 */
OciAwsCredentials *oci_aws_credentials_find (OciHttpClient *client, const char *region,
                                             GCancellable *cancellable, GError **error);

/**
 * oci_aws_credentials_read_json:
 * @what: for errors
 * @keys: names of access key, secret key, token and expiration, as the kind of document has them
 *
 * Credentials from a JSON document, whose errors show nothing of it but what AWS says in "Code" and
 * "Message" when it has no credentials.
 *
 * Returns: (transfer full) (nullable): without a source; they may have expired
 */
OciAwsCredentials *oci_aws_credentials_read_json (const char *what, GBytes *data,
                                                  const char *const keys[4], GError **error);

/** Whether the credentials are good now; those that have expired are worse than none. */
gboolean oci_aws_credentials_check (const char *what, const OciAwsCredentials *credentials,
                                    GError **error);

/* Each of these sources in its own file: *@out_credentials stays NULL when it is not configured. */

/** credential_process of a profile: a program that prints credentials as JSON. */
gboolean oci_aws_process_credentials (const OciAwsSearch *search, const char *profile,
                                      OciAwsCredentials **out_credentials, GError **error);

/** Single sign-on: the token that 'aws sso login' left, exchanged for credentials of a role. */
gboolean oci_aws_sso_credentials (const OciAwsSearch *search, const char *profile,
                                  OciAwsCredentials **out_credentials, GError **error);

/** $AWS_CONTAINER_CREDENTIALS_RELATIVE_URI and _FULL_URI: ECS, EKS Pod Identity, Greengrass. */
gboolean oci_aws_container_credentials (const OciAwsSearch *search,
                                        OciAwsCredentials **out_credentials, GError **error);

/** Whether plain HTTP may ask @host for container credentials: loopback and the clouds' own
 * link-local addresses. */
gboolean oci_aws_is_container_host (const char *host);

/**
 * oci_aws_machine_credentials:
 * @out_reason: (out) (transfer full): why there are none
 *
 * The instance metadata service, version 2. A machine that does not answer is none of AWS's.
 */
gboolean oci_aws_machine_credentials (const OciAwsSearch *search,
                                      OciAwsCredentials **out_credentials, char **out_reason,
                                      GError **error);

/* A role to take on. */
typedef struct
{
  const char *role_arn;
  const char *session_name;     /* (nullable) */
  const char *external_id;      /* (nullable) */
  const char *duration_seconds; /* (nullable) */
} OciAwsRole;

/** STS AssumeRole, signed with @from. Returns: (transfer full) (nullable): without a source */
OciAwsCredentials *oci_aws_assume_role (const OciAwsSearch *search, const OciAwsRole *role,
                                        const OciAwsCredentials *from, GError **error);

/** STS AssumeRoleWithWebIdentity. Returns: (transfer full) (nullable): without a source */
OciAwsCredentials *oci_aws_assume_role_with_web_identity (const OciAwsSearch *search,
                                                          const OciAwsRole *role, const char *token,
                                                          GError **error);

/**
 * oci_aws_credentials_find_as:
 * @role: (nullable): to take on with the credentials that are found; else those themselves
 *
 * Like oci_aws_credentials_find().
 */
OciAwsCredentials *oci_aws_credentials_find_as (OciHttpClient *client, const char *region,
                                                const OciAwsRole *role, GCancellable *cancellable,
                                                GError **error);

G_END_DECLS
