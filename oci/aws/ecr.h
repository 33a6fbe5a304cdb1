/* Amazon ECR's API besides that of the registry: passwords, and new repositories. Private
 * registries only; ECR Public is an ordinary registry with anonymous pulls.
 *
 * Errors: those of aws-credentials.h: %OCI_ERROR_NOT_FOUND, %OCI_ERROR_DENIED, %OCI_ERROR_FORMAT,
 *   %OCI_ERROR_USAGE, %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_IO, %OCI_ERROR_UNREACHABLE,
 *   %OCI_ERROR_NETWORK, %OCI_ERROR_TIMEOUT, %OCI_ERROR_LIMIT, %OCI_ERROR_CANCELLED; the same codes
 *   for the answers of ECR. */
#pragma once

#include "oci/http/credentials.h"
#include "oci/http/http.h"

G_BEGIN_DECLS

/* Parts of a registry's host name: "123456789012.dkr.ecr.eu-west-1.amazonaws.com". */
typedef struct
{
  char *account; /* twelve digits */
  char *region;
  gboolean fips;
  gboolean dual_stack;
} OciEcrHost;

/**
 * oci_ecr_host_parse:
 * @host: of a reference
 *
 * Returns: whether it is a private ECR registry of any partition, including FIPS and dual-stack
 *   ones
 */
gboolean oci_ecr_host_parse (const char *host, OciEcrHost *out_host);
void oci_ecr_host_clear (OciEcrHost *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (OciEcrHost, oci_ecr_host_clear)

/**
 * oci_ecr_api_host:
 * @fips: whether to use a FIPS endpoint, regardless of the registry's name
 *
 * Returns: (transfer full): the host name of ECR's API for the registry
 */
char *oci_ecr_api_host (const OciEcrHost *self, gboolean fips);

/**
 * oci_ecr_use_role:
 * @external_id: (nullable)
 *
 * Makes this process use the role for requests about @host's registry from now on. Only the first
 * role for a host counts.
 */
void oci_ecr_use_role (const char *host, const char *role_arn, const char *external_id);

/**
 * oci_ecr_authorize:
 * @out_credentials: (out) (transfer full)
 * @out_expires: (out): seconds since 1970
 *
 * GetAuthorizationToken, with AWS credentials from the chain of aws-credentials.h, or as the role
 * of oci_ecr_use_role(). Errors: see the head.
 */
gboolean oci_ecr_authorize (OciHttpClient *client, const OciEcrHost *host,
                            GCancellable *cancellable, OciCredentials **out_credentials,
                            gint64 *out_expires, GError **error);

/**
 * oci_ecr_create_repository:
 * @out_created: (out): %FALSE if it existed
 *
 * CreateRepository. Errors: see the head.
 */
gboolean oci_ecr_create_repository (OciHttpClient *client, const OciEcrHost *host,
                                    const char *repository, GCancellable *cancellable,
                                    gboolean *out_created, GError **error);

G_END_DECLS
