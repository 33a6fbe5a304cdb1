/* What a source was pinned to when its profile was resolved, by the lock or just now. Whatever
 * reads sources takes this: the profile itself says only what was asked for. */
#pragma once

#include "builder/profile/recipe.h"
#include "builder/python/target.h"

G_BEGIN_DECLS

/* The layer of all packages that have none of their own. */
#define TERRANE_WHEEL_LAYER_OTHERS "others"

/* One wheel that the lock names. */
typedef struct
{
  char *name; /* of the project, normalised */
  char *version;
  char *file_name;
  char *url;           /* (nullable) */
  char *path;          /* (nullable): instead of @url, in a wheelhouse */
  char *authorization; /* (nullable): for @url; a secret, in no lock */
  char *asked_url;     /* (nullable): that the requirement names; may have a user and a signature */
  OciDigest sha256;
  uint64_t size; /* that a pylock.toml says; 0: it does not */
  char *layer;   /* (nullable): which layer of the tree it goes into, by a name of the lock */
  char *hash;    /* (nullable): "sha384:HEX" or "sha512:HEX", when only that was asked for */
} TerraneWheelPin;

void terrane_wheel_pin_free (TerraneWheelPin *self);

/* All wheels of a source, and where they may be had. */
typedef struct
{
  TerranePythonTarget target; /* that they are for */
  GPtrArray *wheels;          /* of TerraneWheelPin, sorted by name */
  char **indexes;             /* URLs to ask; may have a user and a password */
  char **links;               /* paths of directories, paths and URLs of pages of links; likewise */
  char *interpreter;          /* of scripts that wheels bring */
} TerraneWheelsPin;

typedef struct _TerranePin TerranePin;
struct _TerranePin
{
  const TerraneSourceSpec *spec; /* borrowed */
  TerraneModes modes;            /* what becomes of owners and permission bits */
  gboolean has_digest;
  OciDigest digest;          /* of an image in a registry: its manifest; of ostree: the commit */
  TerraneWheelsPin *wheels;  /* (nullable): of wheels */
  TerraneRecipeSet *recipes; /* (nullable): of what is compiled, once it is resolved */
  TerranePin *in;    /* (nullable): of what is compiled: the file system that steps run in */
  json_t *entry;     /* (nullable): all of this as the lock says it, question and answer */
  char *open;        /* (nullable): when it was only looked at: why its tree cannot be known */
  gboolean is_taken; /* its tree came from a registry: nothing of the source is read */
  gboolean has_key;
  OciDigest key; /* of the tree that is read, once that was asked: builder/image/source-tree.h */
};

/** A source that nothing is known of yet. A base keeps owners and permission bits. @spec: borrowed
 */
TerranePin *terrane_pin_new (const TerraneSourceSpec *spec, gboolean is_base);

/** Starts with no wheels. Returns: (transfer none) */
TerraneWheelsPin *terrane_pin_set_wheels (TerranePin *self, const TerranePythonTarget *target);
void terrane_pin_free (TerranePin *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerranePin, terrane_pin_free)

G_END_DECLS
