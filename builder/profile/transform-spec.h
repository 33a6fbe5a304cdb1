/* "transforms" of a profile and of its trees: changes to files after they are read. */
#pragma once

#include "builder/profile/field.h"

G_BEGIN_DECLS

typedef enum
{
  TERRANE_MODES_NORMALISE,
  TERRANE_MODES_KEEP,
} TerraneModes;

typedef enum
{
  TERRANE_STRIP_NONE,
  TERRANE_STRIP_DROP,     /* remove symbols and debug information */
  TERRANE_STRIP_SEPARATE, /* move them to files of their own, outside of the image */
} TerraneStrip;

/* Values of "prune", in the order of terrane_prune_words. */
typedef enum
{
  TERRANE_PRUNE_PYTHON_TESTS,
  TERRANE_PRUNE_HEADERS,
  TERRANE_PRUNE_STATIC_LIBRARIES,
  TERRANE_PRUNE_LIBTOOL,
  TERRANE_PRUNE_CMAKE,
  TERRANE_PRUNE_PKGCONFIG,
  TERRANE_PRUNE_LOCALE,
  TERRANE_PRUNE_DOCS,
  TERRANE_PRUNE_MAN,
  TERRANE_PRUNE_BYTECODE_CACHES,
  TERRANE_PRUNE_TYPE_STUBS,
  TERRANE_PRUNE_BOTOCORE_DATA,
  TERRANE_N_PRUNES,
} TerranePrunePreset;

/** The names of the presets; NULL-terminated. */
extern const char *const terrane_prune_words[];

/* Globs and paths are relative to the tree's prefix, and apply to names after "rename". */
typedef struct
{
  TerraneModes modes;
  gboolean prune[TERRANE_N_PRUNES];
  char **prune_paths; /* (nullable): globs of files to remove */
  char *
      *keep_paths; /* (nullable): globs of files that are kept even if another rule removes them */
  char **botocore_services; /* (nullable): what botocore-data keeps; NULL: the default ones */
  char **setuid;            /* (nullable): paths that keep setuid and setgid */
  gboolean own_prune_paths; /* prune_paths are the tree's own, not those for all trees */
  gboolean own_setuid;
  TerraneStrip strip;
  gboolean bytecode; /* *.py files are compiled, as unchecked-hash */
  gboolean dedupe;   /* equal data of GDAL and PROJ become links to one file */
  gboolean relocate; /* symbolic links are adjusted to files moved by "rename" */
} TerraneTransformSpec;

extern const TerraneSection terrane_transform_section;
extern const TerraneSection terrane_strip_section;

/**
 * terrane_transform_spec_read:
 * @at: (nullable): the object; problems are noted there
 * @defaults: (nullable): used for keys that @at does not have
 *
 * Returns: (transfer full)
 */
TerraneTransformSpec *terrane_transform_spec_read (const OciJson *at,
                                                   const TerraneTransformSpec *defaults);

void terrane_transform_spec_free (TerraneTransformSpec *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneTransformSpec, terrane_transform_spec_free)

/** Returns: (transfer full): for keys: everything in it that affects what is read of a source */
json_t *terrane_transform_spec_reading_key (const TerraneTransformSpec *self);

G_END_DECLS
