/* Registries whose provider has an API besides the registry protocol, for passwords and new
 * repositories. Currently only Amazon ECR. This is the only file of the registry client that
 * includes oci/aws.
 *
 * Errors: those of ecr.h: %OCI_ERROR_DENIED, %OCI_ERROR_NOT_FOUND, %OCI_ERROR_FORMAT,
 *   %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_USAGE, %OCI_ERROR_IO, and those of oci_http_client_send():
 *   %OCI_ERROR_UNREACHABLE, %OCI_ERROR_NETWORK, %OCI_ERROR_TIMEOUT, %OCI_ERROR_LIMIT,
 *   %OCI_ERROR_CANCELLED. */
#pragma once

#include "oci/http/credentials.h"
#include "oci/http/http.h"

G_BEGIN_DECLS

typedef struct _OciCloudRegistry OciCloudRegistry;

/** Returns: (transfer full) (nullable): %NULL if @host is not such a registry */
OciCloudRegistry *oci_cloud_registry_new (const char *host);
void oci_cloud_registry_free (OciCloudRegistry *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OciCloudRegistry, oci_cloud_registry_free)

/** Returns: (transfer none): its name in messages, such as "Amazon ECR" */
const char *oci_cloud_registry_name (const OciCloudRegistry *self);

/**
 * oci_cloud_registry_authorize:
 * @out_credentials: (out) (transfer full)
 * @out_expires: (out): seconds since 1970
 *
 * Requests a password from the provider. Errors: see the head.
 */
gboolean oci_cloud_registry_authorize (const OciCloudRegistry *self, OciHttpClient *client,
                                       GCancellable *cancellable, OciCredentials **out_credentials,
                                       gint64 *out_expires, GError **error);

/** Creates a repository, see oci_ecr_create_repository(). @out_created: (out): FALSE if it existed.
 * Errors: see the head. */
gboolean oci_cloud_registry_create_repository (const OciCloudRegistry *self, OciHttpClient *client,
                                               const char *repository, GCancellable *cancellable,
                                               gboolean *out_created, GError **error);

G_END_DECLS
