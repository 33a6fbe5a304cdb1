/* Amazon ECR's own API beside the registry's: passwords for the registry, and new repositories.
 * Private registries only; ECR Public is an ordinary registry that lets anybody pull. */
#pragma once

#include "oci/http/credentials.h"
#include "oci/http/http.h"

G_BEGIN_DECLS

/* What a registry's host name says: "123456789012.dkr.ecr.eu-west-1.amazonaws.com". */
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
 * Returns: whether it is a private ECR registry, of any partition, FIPS and dual-stack ones with it
 */
gboolean oci_ecr_host_parse (const char *host, OciEcrHost *out_host);
void oci_ecr_host_clear (OciEcrHost *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (OciEcrHost, oci_ecr_host_clear)

/**
 * oci_ecr_api_host:
 * @fips: whether a FIPS endpoint is wanted, whatever the registry's name says
 *
 * The host name of ECR's API for the registry. Returns: (transfer full)
 */
char *oci_ecr_api_host (const OciEcrHost *self, gboolean fips);

/**
 * oci_ecr_use_role:
 * @external_id: (nullable)
 *
 * From now on this process asks for what @host's registry needs as the role. Of several roles for
 * one host the first stays.
 */
void oci_ecr_use_role (const char *host, const char *role_arn, const char *external_id);

/**
 * oci_ecr_authorize:
 * @out_expires: (out): seconds since 1970
 *
 * GetAuthorizationToken, with AWS credentials from wherever the SDKs would find them, or as the
 * role of oci_ecr_use_role().
 */
gboolean oci_ecr_authorize (OciHttpClient *client, const OciEcrHost *host,
                            GCancellable *cancellable, OciCredentials **out_credentials,
                            gint64 *out_expires, GError **error);

/**
 * oci_ecr_create_repository:
 * @out_created: (out): %FALSE when it is there already
 */
gboolean oci_ecr_create_repository (OciHttpClient *client, const OciEcrHost *host,
                                    const char *repository, GCancellable *cancellable,
                                    gboolean *out_created, GError **error);

G_END_DECLS
