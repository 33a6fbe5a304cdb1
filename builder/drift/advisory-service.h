/* Requests advisories from a server with OSV's API: https://google.github.io/osv.dev/api/. */
#pragma once

#include "builder/drift/advisories.h"
#include "builder/remote/remote.h"

G_BEGIN_DECLS

#define TERRANE_ADVISORY_SERVICE "https://api.osv.dev"

/* Advisories that a server failed to deliver. */
typedef struct
{
  guint n;     /* number of advisories that could not be fetched */
  char *first; /* (nullable): why the first one could not be fetched */
} TerraneAdvisoryLosses;

void terrane_advisory_losses_clear (TerraneAdvisoryLosses *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerraneAdvisoryLosses, terrane_advisory_losses_clear)

/**
 * terrane_advisory_service_ask:
 * @url: of the server
 *
 * Requests advisories about the packages that @advisories watches; their names and versions are
 * sent to the server. Which versions a record affects is decided locally.
 *
 * Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_LIMIT, %OCI_ERROR_NOT_FOUND, %OCI_ERROR_UNREACHABLE,
 *   %OCI_ERROR_NETWORK, %OCI_ERROR_TIMEOUT, %OCI_ERROR_DENIED, %OCI_ERROR_IO, %OCI_ERROR_CANCELLED.
 */
gboolean terrane_advisory_service_ask (TerraneRemote *remote, const char *url,
                                       TerraneAdvisories *advisories,
                                       TerraneAdvisoryLosses *out_losses, GError **error);

G_END_DECLS
