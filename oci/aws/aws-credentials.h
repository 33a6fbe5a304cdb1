/* The AWS credential chain in the order of the AWS SDKs (botocore): environment, roles to assume,
 * web identity, single sign-on, the shared files, a process, the container, the machine.
 *
 * Errors: %OCI_ERROR_NOT_FOUND if no source is configured, or something that one names does not
 *   exist; %OCI_ERROR_DENIED if a source refuses, or its credentials have expired;
 *   %OCI_ERROR_FORMAT, %OCI_ERROR_USAGE, %OCI_ERROR_UNSUPPORTED for its configuration or answer;
 *   %OCI_ERROR_IO; %OCI_ERROR_UNREACHABLE, %OCI_ERROR_NETWORK, %OCI_ERROR_TIMEOUT, %OCI_ERROR_LIMIT
 *   and %OCI_ERROR_CANCELLED of oci_http_client_send() and of processes. */
#pragma once

#include "oci/aws/aws-profile.h"
#include "oci/aws/aws-sigv4.h"
#include "oci/http/http.h"

G_BEGIN_DECLS

/* Parameters of a search. */
typedef struct
{
  OciHttpClient *client;
  OciAwsConfig *config;
  const char *region; /* where to ask STS if nothing else names a region */
  GCancellable *cancellable;
} OciAwsSearch;

/**
 * oci_aws_credentials_find:
 * @region: where the credentials will be used
 *
 * Sources that are not configured are skipped; a configured one that fails is an error, since the
 * next one would be another identity. Reads the environment.
 *
 * Returns: (transfer full): the credentials
 * Errors: see the head. %OCI_ERROR_NOT_FOUND lists where it looked.
 */
OciAwsCredentials *oci_aws_credentials_find (OciHttpClient *client, const char *region,
                                             GCancellable *cancellable, GError **error);

/**
 * oci_aws_credentials_read_json:
 * @what: for errors
 * @keys: names of access key, secret key, token and expiration in this kind of document
 *
 * Reads credentials from a JSON document. Errors show nothing of it except AWS's "Code" and
 * "Message" when it has no credentials.
 *
 * Returns: (transfer full): without a source; they may have expired
 * Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_DENIED.
 */
OciAwsCredentials *oci_aws_credentials_read_json (const char *what, GBytes *data,
                                                  const char *const keys[4], GError **error);

/** Whether the credentials are valid now: an error if they have expired. Errors: %OCI_ERROR_DENIED.
 */
gboolean oci_aws_credentials_check (const char *what, const OciAwsCredentials *credentials,
                                    GError **error);

/* The sources, each in its own file: *@out_credentials stays NULL if it is not configured. */

/** credential_process of a profile: a program that prints credentials as JSON.
 * Errors: see the head. */
gboolean oci_aws_process_credentials (const OciAwsSearch *search, const char *profile,
                                      OciAwsCredentials **out_credentials, GError **error);

/** Single sign-on: exchanges the token that 'aws sso login' stored for credentials of a role.
 * Errors: see the head. */
gboolean oci_aws_sso_credentials (const OciAwsSearch *search, const char *profile,
                                  OciAwsCredentials **out_credentials, GError **error);

/** $AWS_CONTAINER_CREDENTIALS_RELATIVE_URI and _FULL_URI: ECS, EKS Pod Identity, Greengrass.
 * Errors: see the head. */
gboolean oci_aws_container_credentials (const OciAwsSearch *search,
                                        OciAwsCredentials **out_credentials, GError **error);

/** Whether @host may be asked for container credentials over plain HTTP: loopback and the clouds'
 * own link-local addresses. */
gboolean oci_aws_is_container_host (const char *host);

/**
 * oci_aws_machine_credentials:
 * @out_reason: (out) (transfer full): why there are none
 *
 * The instance metadata service, version 2. If it does not answer, this is not a machine of AWS.
 *
 * Errors: see the head.
 */
gboolean oci_aws_machine_credentials (const OciAwsSearch *search,
                                      OciAwsCredentials **out_credentials, char **out_reason,
                                      GError **error);

/* A role to assume. */
typedef struct
{
  const char *role_arn;
  const char *session_name;     /* (nullable) */
  const char *external_id;      /* (nullable) */
  const char *duration_seconds; /* (nullable) */
} OciAwsRole;

/** STS AssumeRole, signed with @from. Returns: (transfer full): without a source.
 * Errors: see the head. */
OciAwsCredentials *oci_aws_assume_role (const OciAwsSearch *search, const OciAwsRole *role,
                                        const OciAwsCredentials *from, GError **error);

/** STS AssumeRoleWithWebIdentity. Returns: (transfer full): without a source. Errors: see the head.
 */
OciAwsCredentials *oci_aws_assume_role_with_web_identity (const OciAwsSearch *search,
                                                          const OciAwsRole *role, const char *token,
                                                          GError **error);

/**
 * oci_aws_credentials_find_as:
 * @role: (nullable): to assume with the credentials that are found; %NULL for those themselves
 *
 * Like oci_aws_credentials_find().
 *
 * Returns: (transfer full)
 * Errors: see the head.
 */
OciAwsCredentials *oci_aws_credentials_find_as (OciHttpClient *client, const char *region,
                                                const OciAwsRole *role, GCancellable *cancellable,
                                                GError **error);

G_END_DECLS
