#include "oci/registry/ecr.h"
gboolean
oci_ecr_host_parse (G_GNUC_UNUSED const char *host, G_GNUC_UNUSED OciEcrHost *out_host)
{
  return FALSE;
}
void
oci_ecr_host_clear (G_GNUC_UNUSED OciEcrHost *self)
{
}
gboolean
oci_ecr_authorize (G_GNUC_UNUSED OciHttpClient *client, G_GNUC_UNUSED const OciEcrHost *host,
                   G_GNUC_UNUSED GCancellable *cancellable,
                   G_GNUC_UNUSED OciCredentials **out_credentials,
                   G_GNUC_UNUSED gint64 *out_expires, GError **error)
{
  return oci_throw (error, OCI_ERROR_UNSUPPORTED, "stub");
}
gboolean
oci_ecr_create_repository (G_GNUC_UNUSED OciHttpClient *client,
                           G_GNUC_UNUSED const OciEcrHost *host,
                           G_GNUC_UNUSED const char *repository,
                           G_GNUC_UNUSED GCancellable *cancellable,
                           G_GNUC_UNUSED gboolean *out_created, GError **error)
{
  return oci_throw (error, OCI_ERROR_UNSUPPORTED, "stub");
}
