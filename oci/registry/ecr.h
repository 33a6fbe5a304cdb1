/* stub until the real one is merged */
#pragma once
#include "oci/registry/auth-file.h"
#include "oci/registry/http.h"
G_BEGIN_DECLS
typedef struct
{
  char *account;
  char *region;
  char *suffix;
  gboolean fips;
  gboolean dual_stack;
} OciEcrHost;
gboolean oci_ecr_host_parse (const char *host, OciEcrHost *out_host);
void oci_ecr_host_clear (OciEcrHost *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (OciEcrHost, oci_ecr_host_clear)
gboolean oci_ecr_authorize (OciHttpClient *client, const OciEcrHost *host,
                            GCancellable *cancellable, OciCredentials **out_credentials,
                            gint64 *out_expires, GError **error);
gboolean oci_ecr_create_repository (OciHttpClient *client, const OciEcrHost *host,
                                    const char *repository, GCancellable *cancellable,
                                    gboolean *out_created, GError **error);
G_END_DECLS
