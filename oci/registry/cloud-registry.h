/* Registries whose provider has an interface of its own beside the protocol: passwords, and new
 * repositories. Today that is Amazon ECR; the only file of the registry client that includes
 * oci/aws.
 */
#pragma once

#include "oci/http/credentials.h"
#include "oci/http/http.h"

G_BEGIN_DECLS

typedef struct _OciCloudRegistry OciCloudRegistry;

/** Returns: (transfer full) (nullable): %NULL when @host is not such a registry's */
OciCloudRegistry *oci_cloud_registry_new (const char *host);
void oci_cloud_registry_free (OciCloudRegistry *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OciCloudRegistry, oci_cloud_registry_free)

/** For messages. Returns: (transfer none): such as "Amazon ECR" */
const char *oci_cloud_registry_name (const OciCloudRegistry *self);

/**
 * oci_cloud_registry_authorize:
 * @out_credentials: (out) (transfer full)
 * @out_expires: (out): seconds since 1970
 *
 * Asks the provider for a password. Errors: see oci_ecr_authorize().
 */
gboolean oci_cloud_registry_authorize (const OciCloudRegistry *self, OciHttpClient *client,
                                       GCancellable *cancellable, OciCredentials **out_credentials,
                                       gint64 *out_expires, GError **error);

/** See oci_ecr_create_repository(). @out_created: (out): it was not there */
gboolean oci_cloud_registry_create_repository (const OciCloudRegistry *self, OciHttpClient *client,
                                               const char *repository, GCancellable *cancellable,
                                               gboolean *out_created, GError **error);

G_END_DECLS
