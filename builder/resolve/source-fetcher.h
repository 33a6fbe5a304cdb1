/* Fetches what one kind of source needs from the network before it is read. */
#pragma once

#include "builder/remote/download.h"
#include "builder/remote/remote.h"
#include "builder/source/pin.h"

G_BEGIN_DECLS

/* Downloads for all sources of a profile, and the data that must exist meanwhile. */
typedef struct
{
  TerraneRemote *remote;
  GArray *downloads; /* of TerraneDownload */
  GPtrArray *kept;   /* what they refer to */
} TerraneFetch;

/** Keeps @data until the downloads have ended. */
void terrane_fetch_keep (TerraneFetch *self, gpointer data, GDestroyNotify free_func);

/**
 * terrane_fetch_add_file:
 * @url: must stay valid until the downloads have ended
 * @fallback: the name of the file in progress messages if the URL ends without one
 * @where: (transfer full): what names it with its digest, for messages
 *
 * Adds the download of one file.
 */
void terrane_fetch_add_file (TerraneFetch *self, const char *url, OciDigest sha256,
                             const char *fallback, char *where);

typedef struct
{
  /** (nullable) Adds the downloads of a source, or fetches what it needs itself. Not called if its
   * tree is stored. */
  gboolean (*fetch) (TerraneFetch *self, const TerranePin *pin, GError **error);
} TerraneSourceFetcher;

#define TERRANE_SOURCE_FETCHER(constant, name, number)                                             \
  extern const TerraneSourceFetcher terrane_fetcher_##name;
TERRANE_SOURCE_KINDS (TERRANE_SOURCE_FETCHER)
#undef TERRANE_SOURCE_FETCHER

/** Returns: (transfer none): the fetcher of @kind */
const TerraneSourceFetcher *terrane_source_fetcher_of (TerraneSourceKind kind);

G_END_DECLS
