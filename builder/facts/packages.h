/* Finds the package that installed each file of an image: distributions of Python by RECORD,
 * packages of Debian by dpkg's lists. */
#pragma once

#include "builder/facts/python-dists.h"

G_BEGIN_DECLS

typedef struct
{
  char *name;                    /* as the package system spells it */
  char *version;                 /* (nullable) */
  const TerranePythonDist *dist; /* (nullable): a distribution of Python */
  TerraneNode *node;             /* its source of information: the dist-info, or dpkg's list */
  GPtrArray *files;              /* of TerraneNode, borrowed */
  uint64_t bytes;                /* of @files that no earlier package has */
  char *depends;                 /* (nullable): of a package of Debian: its Depends */
} TerranePackage;

/**
 * terrane_packages_find:
 * @out_packages: (out) (transfer full): of TerranePackage, those of Python first
 *
 * Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_IO.
 */
gboolean terrane_packages_find (const TerraneImageView *view, const TerranePython *python,
                                GPtrArray **out_packages, GError **error);

G_END_DECLS
