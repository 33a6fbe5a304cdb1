/* Records in which file, of a profile and those that it extends, each value was written. */
#pragma once

#include "oci/base/json.h"

G_BEGIN_DECLS

/* Origin of one value of the merged profile. */
typedef struct _TerraneOrigin TerraneOrigin;
struct _TerraneOrigin
{
  unsigned file; /* position in TerraneProvenance.files of the last file that set or changed it */
  size_t tree;   /* inside of a tree: position of that tree in this file */
  GHashTable *members; /* (nullable) key → TerraneOrigin, of an object */
  GPtrArray *trees;    /* (nullable) of TerraneOrigin: "trees" of the profile */
};

/** Returns: (transfer full): an origin without members */
TerraneOrigin *terrane_origin_new (unsigned file, size_t tree);
void terrane_origin_free (TerraneOrigin *self);

typedef struct
{
  GPtrArray
      *files; /* of char *: paths relative to the working directory, in the order of merging */
  TerraneOrigin *root;
} TerraneProvenance;

/** Returns: (transfer full): without files */
TerraneProvenance *terrane_provenance_new (void);
void terrane_provenance_free (TerraneProvenance *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneProvenance, terrane_provenance_free)

/** Returns: (transfer none): the file in which the value at @at was written */
const char *terrane_provenance_file (const TerraneProvenance *self, const OciJson *at);

/** Returns: (transfer full): "FILE: PATH", with the path that the value has in that file */
char *terrane_provenance_where (const TerraneProvenance *self, const OciJson *at);

G_END_DECLS
