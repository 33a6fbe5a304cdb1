/* Finds where the Python of an image looks for modules: sys.path as the interpreter and its module
 * site compute it, from the files alone. */
#pragma once

#include "builder/facts/image-view.h"
#include "builder/facts/python-base.h"

G_BEGIN_DECLS

/* An existing directory of sys.path. */
typedef struct
{
  TerraneNode *directory;
  char *path;       /* in Python's form, without the leading slash */
  gboolean library; /* the standard library, which contains no third-party packages */
} TerranePythonPlace;

/**
 * terrane_python_path_find:
 * @lambda: whether to add the directories of functions and layers of AWS Lambda
 * @out_places: (out) (transfer full): of TerranePythonPlace, in order, each directory once
 *
 * Considers the directory that a program starts in, $PYTHONPATH, the standard library,
 * site-packages, those in lib64 of Fedora's family, Debian's dist-packages, those of a virtual
 * environment, and the paths in *.pth files.
 *
 * Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_IO.
 */
gboolean terrane_python_path_find (const TerraneImageView *view, const TerranePythonBase *python,
                                   gboolean lambda, GPtrArray **out_places, GError **error);

/** Returns: (transfer full) (nullable): sys.prefix: the virtual environment, else the directory
 * that the interpreter is installed in. It begins with a slash */
char *terrane_python_prefix (const TerraneImageView *view, const TerranePythonBase *python);

/** Whether sys.path contains @directory. */
gboolean terrane_python_path_has (const GPtrArray *places, const TerraneNode *directory);

G_END_DECLS
