/* One file of a project in a package index or a directory of wheels. */
#pragma once

#include "oci/digest.h"

G_BEGIN_DECLS

typedef struct
{
  char *file_name;     /* last component, such as "click-8.1.7-py3-none-any.whl" */
  char *url;           /* absolute, without user and fragment; or a path if it is a local file */
  char *authorization; /* (nullable): from a user in the link: a secret for the origin of @url */
  gboolean local;      /* @url is a path */
  gboolean has_sha256;
  OciDigest sha256;
  char *requires_python; /* (nullable): a specifier set, such as ">=3.9" */
  char *yanked;          /* (nullable): the reason, "" if none was given */
  uint64_t size;         /* in bytes; 0 if the index does not say */
} TerraneIndexFile;

/** Returns: (transfer full) */
TerraneIndexFile *terrane_index_file_copy (const TerraneIndexFile *self);
void terrane_index_file_free (TerraneIndexFile *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneIndexFile, terrane_index_file_free)

G_END_DECLS
