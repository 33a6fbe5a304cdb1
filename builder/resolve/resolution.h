/* State of resolving a profile, shared by the kinds of source.
 *
 * Errors: %OCI_ERROR_USAGE, %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, %OCI_ERROR_UNSUPPORTED,
 * %OCI_ERROR_LIMIT, %OCI_ERROR_NOT_FOUND, %OCI_ERROR_UNREACHABLE, %OCI_ERROR_NETWORK,
 * %OCI_ERROR_TIMEOUT, %OCI_ERROR_DENIED, %OCI_ERROR_IO, %OCI_ERROR_CANCELLED, codes of %G_IO_ERROR
 * (from libostree). */
#pragma once

#include "builder/facts/python-base.h"
#include "builder/resolve/options.h"
#include "builder/resolve/plan.h"

G_BEGIN_DECLS

/* One profile for one platform, while it is being resolved. */
typedef struct
{
  const TerraneResolveOptions *options;
  const TerraneProfile *profile;
  TerranePlan *plan;
  const char *platform;
  TerraneBase *base;      /* (nullable): set once a source needed it */
  gboolean reads_base;    /* the base will be read in any case */
  gboolean quiet;         /* new answers are not looked for at the moment */
  gboolean base_is_stale; /* the lock has another base, and requests for this one are not allowed */
  gboolean python_known;  /* @python has been looked for */
  gboolean python_seen;   /* in a base that was only looked at */
  TerranePythonBase python; /* of the base */
} TerraneResolution;

/** Fetches the base of the profile into the store when first called. Returns: (transfer none).
 * Errors: see the head. */
TerraneBase *terrane_resolution_base (TerraneResolution *self, GError **error);

/** Sets @python, if it can be found, for a base that was only looked at: it is in memory, without
 * the content of files that the store lacks. Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT,
 * %OCI_ERROR_IO. */
gboolean terrane_resolution_see_python (TerraneResolution *self, GError **error);

/** Returns: whether the Python of @base can be found: its files are in the store, or a cache has
 * named its Python, or it was found all the same */
gboolean terrane_resolution_base_is_read (const TerraneResolution *self);

/** Sets @python; a base without Python is not an error. Errors: see the head. */
gboolean terrane_resolution_find_python (TerraneResolution *self, GError **error);

/** Whether new answers may be looked for; otherwise the lock must have all of them. */
gboolean terrane_resolution_may_ask (const TerraneResolution *self);

/** Returns: (transfer full): a path as written in the lock: relative to the profile, the same on
 * every machine */
char *terrane_resolution_path (const TerraneResolution *self, const char *path);

G_END_DECLS
