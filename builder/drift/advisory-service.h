/* Advisories from a server with OSV's API: https://google.github.io/osv.dev/api/. */
#pragma once

#include "builder/drift/advisories.h"
#include "builder/remote/remote.h"

G_BEGIN_DECLS

#define TERRANE_ADVISORY_SERVICE "https://api.osv.dev"

/* What a server did not tell. */
typedef struct
{
  guint n;     /* advisories that could not be had */
  char *first; /* (nullable): why the first one could not */
} TerraneAdvisoryLosses;

void terrane_advisory_losses_clear (TerraneAdvisoryLosses *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerraneAdvisoryLosses, terrane_advisory_losses_clear)

/**
 * terrane_advisory_service_ask:
 * @url: of the server
 *
 * Asks for advisories about the packages that @advisories watches: names and versions of these go
 * to the server. Which versions a record is about is decided here.
 */
gboolean terrane_advisory_service_ask (TerraneRemote *remote, const char *url,
                                       TerraneAdvisories *advisories,
                                       TerraneAdvisoryLosses *out_losses, GError **error);

G_END_DECLS
