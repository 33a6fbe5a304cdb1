/* Which file of a profile and of what it extends each value was written in. */
#pragma once

#include "oci/base/json.h"

G_BEGIN_DECLS

/* Of one value of the merged profile. */
typedef struct _TerraneOrigin TerraneOrigin;
struct _TerraneOrigin
{
  unsigned file;       /* position in TerraneProvenance.files; the last one that had a say */
  size_t tree;         /* inside of a tree: position of that tree in this file */
  GHashTable *members; /* (nullable) key → TerraneOrigin, of an object */
  GPtrArray *trees;    /* (nullable) of TerraneOrigin: "trees" of the profile */
};

TerraneOrigin *terrane_origin_new (unsigned file, size_t tree);
void terrane_origin_free (TerraneOrigin *self);

typedef struct
{
  GPtrArray *files; /* of char *: paths as the process sees them, in the order of merging */
  TerraneOrigin *root;
} TerraneProvenance;

TerraneProvenance *terrane_provenance_new (void);
void terrane_provenance_free (TerraneProvenance *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneProvenance, terrane_provenance_free)

/** The file that the value at @at was written in. Returns: (transfer none) */
const char *terrane_provenance_file (const TerraneProvenance *self, const OciJson *at);

/** "FILE: PATH", with the path that the value has in that file. Returns: (transfer full) */
char *terrane_provenance_where (const TerraneProvenance *self, const OciJson *at);

G_END_DECLS
