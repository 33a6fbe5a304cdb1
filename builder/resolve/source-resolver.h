/* How one kind of source is made definite: a question that the profile asks, and its answer. Both
 * together are the lock's entry. */
#pragma once

#include "builder/facts/python-base.h"
#include "builder/resolve/resolve.h"

G_BEGIN_DECLS

/* One profile for one platform, while it is being resolved. */
typedef struct
{
  const TerraneResolveOptions *options;
  TerraneProfile *profile;
  const char *platform;
  TerraneBase *base;        /* (nullable): once something needed it */
  gboolean base_is_stale;   /* the lock has another base, and nobody may be asked for this one */
  gboolean python_known;    /* @python was looked for */
  TerranePythonBase python; /* of the base */
} TerraneResolution;

typedef struct
{
  /* What is asked, as JSON with the names of docs/lock.md. Asks nobody outside. */
  json_t *(*ask) (TerraneResolution *self, const TerraneSourceSpec *spec, GError **error);

  /* Adds the answer to the question in @entry and sets the source's pins. @locked: (nullable): the
   * lock's entry for the same question, whose answers count. */
  gboolean (*answer) (TerraneResolution *self, TerraneSourceSpec *spec, const json_t *locked,
                      json_t *entry, GError **error);
} TerraneSourceResolver;

extern const TerraneSourceResolver terrane_resolver_archive;
extern const TerraneSourceResolver terrane_resolver_directory;
extern const TerraneSourceResolver terrane_resolver_image;
extern const TerraneSourceResolver terrane_resolver_wheels;
extern const TerraneSourceResolver terrane_resolver_ostree;

/** The base of the profile, brought into the store when first asked for. Returns: (transfer none)
 * (nullable) */
TerraneBase *terrane_resolution_base (TerraneResolution *self, GError **error);

/** Sets @python; a base without one is no error. */
gboolean terrane_resolution_find_python (TerraneResolution *self, GError **error);

/** Whether new answers may be looked for; else the lock must have them all. */
gboolean terrane_resolution_may_ask (const TerraneResolution *self);

/** A path as the lock writes it: relative to the profile, the same on every machine.
 * Returns: (transfer full) */
char *terrane_resolution_path (const TerraneResolution *self, const char *path);

G_END_DECLS
