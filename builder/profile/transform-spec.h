/* The "transforms" of a profile and of its trees: what is done to files after they are read. */
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
  TERRANE_STRIP_DROP,     /* symbols and debug information go */
  TERRANE_STRIP_SEPARATE, /* they go into files of their own, outside of the image */
} TerraneStrip;

/* What "prune" may name, in the order of terrane_prune_words. */
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

/* Globs and paths are relative to the tree's prefix, and see names after "rename". */
typedef struct
{
  TerraneModes modes;
  gboolean prune[TERRANE_N_PRUNES];
  char **prune_paths;       /* (nullable): globs of what goes */
  char **keep_paths;        /* (nullable): globs of what stays whatever says that it goes */
  char **botocore_services; /* (nullable): what botocore-data leaves; NULL: the usual ones */
  char **setuid;            /* (nullable): paths that keep setuid and setgid */
  gboolean own_prune_paths; /* prune_paths are in the tree, not in what all trees share */
  gboolean own_setuid;
  TerraneStrip strip;
  gboolean bytecode; /* *.py files are compiled, as unchecked-hash */
  gboolean dedupe;   /* equal data of GDAL and PROJ become links to one file */
  gboolean relocate; /* symbolic links follow what "rename" moves */
} TerraneTransformSpec;

extern const TerraneSection terrane_transform_section;
extern const TerraneSection terrane_strip_section;

/**
 * terrane_transform_spec_read:
 * @at: (nullable): the object; what is wrong is noted there
 * @defaults: (nullable): gives the keys that @at does not have
 *
 * Returns: (transfer full)
 */
TerraneTransformSpec *terrane_transform_spec_read (const OciJson *at,
                                                   const TerraneTransformSpec *defaults);

void terrane_transform_spec_free (TerraneTransformSpec *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneTransformSpec, terrane_transform_spec_free)

/** Everything in it that decides what is read of a source, for keys. Returns: (transfer full) */
json_t *terrane_transform_spec_reading_key (const TerraneTransformSpec *self);

G_END_DECLS
