/* Pins: the exact content of a source, found when its profile was resolved, or taken from the lock.
 * Readers of sources use this; the profile itself only says what was requested. */
#pragma once

#include "builder/profile/recipe.h"
#include "builder/python/target.h"

G_BEGIN_DECLS

/* The layer for all packages that do not have their own. */
#define TERRANE_WHEEL_LAYER_OTHERS "others"

/* One wheel in the lock. */
typedef struct
{
  char *name; /* of the project, normalised */
  char *version;
  char *file_name;
  char *url;           /* (nullable) */
  char *path;          /* (nullable): in a wheelhouse, instead of @url */
  char *authorization; /* (nullable): for @url; a secret, never in a lock */
  char *asked_url;     /* (nullable): in the requirement; may contain a user and a signature */
  OciDigest sha256;
  uint64_t size; /* from a pylock.toml; 0 if unknown */
  char *layer;   /* (nullable): layer of the tree that contains it, by its name in the lock */
  char *hash;    /* (nullable): "sha384:HEX" or "sha512:HEX", if only that was requested */
} TerraneWheelPin;

void terrane_wheel_pin_free (TerraneWheelPin *self);

/* All wheels of a source, and where to get them. */
typedef struct
{
  TerranePythonTarget target; /* Python that they are for */
  GPtrArray *wheels;          /* of TerraneWheelPin, sorted by name */
  char **indexes;             /* URLs of indexes; may contain a user and a password */
  char **links;               /* paths of directories, paths and URLs of pages of links; likewise */
  char *interpreter;          /* of scripts in wheels */
} TerraneWheelsPin;

typedef struct _TerranePin TerranePin;
struct _TerranePin
{
  const TerraneSourceSpec *spec; /* borrowed */
  TerraneModes modes;            /* how owners and permission bits are changed */
  gboolean has_digest;
  OciDigest digest;          /* of an image in a registry: its manifest; of ostree: the commit */
  TerraneWheelsPin *wheels;  /* (nullable): of a wheels source */
  TerraneRecipeSet *recipes; /* (nullable): of a compiled source, once it is resolved */
  GHashTable *taken_recipes; /* (nullable): set of char *: names of recipes whose results came from
                                a registry now */
  TerranePin *in;    /* (nullable): of a compiled source: the file system that steps run in */
  json_t *entry;     /* (nullable): all of this in the lock's form, question and answer */
  char *open;        /* (nullable): after a dry run: why its tree cannot be known */
  gboolean is_taken; /* its tree came from a registry: nothing of the source is read */
  gboolean has_key;
  OciDigest key; /* of the tree, once it was computed: builder/image/source-tree.h */
};

/** Makes the pin of a source of which nothing is known yet. A base keeps owners and permission
 * bits. @spec: borrowed. Returns: (transfer full) */
TerranePin *terrane_pin_new (const TerraneSourceSpec *spec, gboolean is_base);

/** Sets an empty list of wheels. Returns: (transfer none) */
TerraneWheelsPin *terrane_pin_set_wheels (TerranePin *self, const TerranePythonTarget *target);
void terrane_pin_free (TerranePin *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerranePin, terrane_pin_free)

G_END_DECLS
