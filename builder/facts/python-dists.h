/* The Python of an image and what is installed for it: distributions where its interpreter looks
 * for modules. Nothing is executed. */
#pragma once

#include "builder/facts/python-path.h"

G_BEGIN_DECLS

typedef struct
{
  TerraneNode *node;      /* NAME.dist-info, or NAME.egg-info: a directory or file */
  TerraneNode *directory; /* that it is in: of a place */
  char *name;             /* as written */
  char *normalised;       /* PEP 503 */
  char *version;          /* as written */
  char *requires_python;  /* (nullable) */
  GPtrArray *requires;    /* (element-type utf8): for terrane_dependency_parse(), in order */
  GPtrArray *tags;        /* (element-type utf8): of WHEEL */
  /* A distribution of Linux brought it: its place or INSTALLER says so. What its tags were where it
   * was built says nothing of where it runs. */
  gboolean system;
} TerranePythonDist;

typedef struct
{
  TerranePythonBase base; /* without an interpreter there is nothing else */
  TerranePythonTarget target;
  GPtrArray *places; /* of TerranePythonPlace */
  GPtrArray *dists;  /* of TerranePythonDist, as Python finds them: the first of a name counts */
} TerranePython;

/** Returns: (transfer full) (nullable) */
TerranePython *terrane_python_new (const TerraneImageView *view, gboolean lambda, GError **error);
void terrane_python_free (TerranePython *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerranePython, terrane_python_free)

/** Returns: (transfer none) (nullable): what Python finds by a normalised name */
const TerranePythonDist *terrane_python_find (const TerranePython *self, const char *normalised);

/** Whether Python finds a module or package of this dotted name. */
gboolean terrane_python_has_module (const TerranePython *self, const char *name);

/**
 * terrane_python_dist_files:
 * @out_files: (out) (transfer container): of TerraneNode, each once: the files that RECORD,
 *   or installed-files.txt, names and the image has; %NULL when there is no such list
 */
gboolean terrane_python_dist_files (const TerranePythonDist *self, const TerraneImageView *view,
                                    GPtrArray **out_files, GError **error);

/**
 * terrane_python_dist_owned:
 * @func: called for each file or symbolic link that RECORD, or installed-files.txt, names and the
 *   image has. A link is not followed: what it leads to may be of another distribution
 */
gboolean terrane_python_dist_owned (const TerranePythonDist *self, const TerraneImageView *view,
                                    void (*func) (TerraneNode *node, gpointer data), gpointer data,
                                    GError **error);

/**
 * terrane_python_dist_absent_files:
 * @out_paths: (out) (transfer full) (element-type utf8): what the same list names and the image
 * does not have; %NULL when there is no list
 */
gboolean terrane_python_dist_absent_files (const TerranePythonDist *self,
                                           const TerraneImageView *view, GPtrArray **out_paths,
                                           GError **error);

G_END_DECLS
