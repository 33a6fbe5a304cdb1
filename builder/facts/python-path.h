/* Where the Python of an image looks for modules: sys.path as the interpreter and its module site
 * make it, from the files alone. */
#pragma once

#include "builder/facts/image-view.h"
#include "builder/facts/python-base.h"

G_BEGIN_DECLS

/* A directory of sys.path that exists. */
typedef struct
{
  TerraneNode *directory;
  char *path;       /* as Python has it, without a slash in front */
  gboolean library; /* the standard library: no packages of others */
} TerranePythonPlace;

/**
 * terrane_python_path_find:
 * @lambda: AWS Lambda adds the directories of functions and layers
 * @out_places: (out) (transfer full): of TerranePythonPlace, in order, each directory once
 *
 * The directory that a program starts in, $PYTHONPATH, the standard library, site-packages, those
 * in lib64 of Fedora's family, Debian's dist-packages, those of a virtual environment, and the
 * paths in files *.pth.
 */
gboolean terrane_python_path_find (const TerraneImageView *view, const TerranePythonBase *python,
                                   gboolean lambda, GPtrArray **out_places, GError **error);

/** sys.prefix: the virtual environment, else the directory that the interpreter is installed in. It
 * begins with a slash. Returns: (transfer full) (nullable) */
char *terrane_python_prefix (const TerraneImageView *view, const TerranePythonBase *python);

/** Whether sys.path has @directory. */
gboolean terrane_python_path_has (const GPtrArray *places, const TerraneNode *directory);

G_END_DECLS
