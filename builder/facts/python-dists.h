/* The Python of an image and the distributions that are installed where its interpreter looks for
 * modules. Nothing is executed. */
#pragma once

#include "builder/facts/python-path.h"

G_BEGIN_DECLS

typedef struct
{
  TerraneNode *node;      /* NAME.dist-info, or NAME.egg-info: a directory or file */
  TerraneNode *directory; /* the directory that contains it, one of @places */
  char *name;             /* as written */
  char *normalised;       /* PEP 503 */
  char *version;          /* as written */
  char *requires_python;  /* (nullable) */
  GPtrArray *requires;    /* (element-type utf8): for terrane_dependency_parse(), in order */
  GPtrArray *tags;        /* (element-type utf8): of WHEEL */
  /* A distribution of Linux installed it: its location or INSTALLER says so. Its tags describe the
   * machine where it was built, not where it runs. */
  gboolean system;
} TerranePythonDist;

typedef struct
{
  TerranePythonBase base; /* without an interpreter everything else is empty */
  TerranePythonTarget target;
  GPtrArray *places; /* of TerranePythonPlace */
  GPtrArray *dists;  /* of TerranePythonDist, as Python finds them: the first of a name counts */
} TerranePython;

/** Returns: (transfer full): the Python of @view. @lambda: see terrane_python_path_find(). Errors:
 * %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, %OCI_ERROR_LIMIT, %OCI_ERROR_IO. */
TerranePython *terrane_python_new (const TerraneImageView *view, gboolean lambda, GError **error);
void terrane_python_free (TerranePython *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerranePython, terrane_python_free)

/** Returns: (transfer none) (nullable): the distribution that Python finds for a normalised name */
const TerranePythonDist *terrane_python_find (const TerranePython *self, const char *normalised);

/** Whether Python finds a module or package of this dotted name. */
gboolean terrane_python_has_module (const TerranePython *self, const char *name);

/**
 * terrane_python_dist_files:
 * @out_files: (out) (transfer container): of TerraneNode, each once: the existing files listed in
 *   RECORD or installed-files.txt; %NULL if there is no such list
 *
 * Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_IO.
 */
gboolean terrane_python_dist_files (const TerranePythonDist *self, const TerraneImageView *view,
                                    GPtrArray **out_files, GError **error);

/**
 * terrane_python_dist_owned:
 * @func: called for each existing file or symbolic link that is listed in RECORD or
 *   installed-files.txt. Links are not followed: their targets may be of another distribution
 *
 * Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_IO.
 */
gboolean terrane_python_dist_owned (const TerranePythonDist *self, const TerraneImageView *view,
                                    void (*func) (TerraneNode *node, gpointer data), gpointer data,
                                    GError **error);

/**
 * terrane_python_dist_absent_files:
 * @out_paths: (out) (transfer full) (element-type utf8): the entries of the same list that the
 *   image lacks; %NULL if there is no list
 *
 * Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_IO.
 */
gboolean terrane_python_dist_absent_files (const TerranePythonDist *self,
                                           const TerraneImageView *view, GPtrArray **out_paths,
                                           GError **error);

G_END_DECLS
