#include "oci/registry/cloud-registry.h"

#include "oci/aws/ecr.h"

struct _OciCloudRegistry
{
  OciEcrHost ecr;
};

OciCloudRegistry *
oci_cloud_registry_new (const char *host)
{
  OciEcrHost ecr = { 0 };
  if (!oci_ecr_host_parse (host, &ecr))
    return NULL;
  OciCloudRegistry *self = g_new0 (OciCloudRegistry, 1);
  self->ecr = ecr;
  return self;
}

void
oci_cloud_registry_free (OciCloudRegistry *self)
{
  if (self == NULL)
    return;
  oci_ecr_host_clear (&self->ecr);
  g_free (self);
}

const char *
oci_cloud_registry_name (G_GNUC_UNUSED const OciCloudRegistry *self)
{
  return "Amazon ECR";
}

gboolean
oci_cloud_registry_authorize (const OciCloudRegistry *self, OciHttpClient *client,
                              GCancellable *cancellable, OciCredentials **out_credentials,
                              gint64 *out_expires, GError **error)
{
  return oci_ecr_authorize (client, &self->ecr, cancellable, out_credentials, out_expires, error);
}

gboolean
oci_cloud_registry_create_repository (const OciCloudRegistry *self, OciHttpClient *client,
                                      const char *repository, GCancellable *cancellable,
                                      gboolean *out_created, GError **error)
{
  return oci_ecr_create_repository (client, &self->ecr, repository, cancellable, out_created,
                                    error);
}
