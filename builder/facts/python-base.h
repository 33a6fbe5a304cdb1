/* Finds the Python of a file system by its files: nothing is executed. */
#pragma once

#include "builder/python/target.h"
#include "builder/store/store.h"
#include "builder/store/tree.h"

G_BEGIN_DECLS

typedef struct
{
  char *interpreter;     /* (nullable): absolute path in the image; NULL if there is no Python */
  unsigned python_major; /* 0 if there is no Python */
  unsigned python_minor;
  gboolean has_patch; /* whether @python_patch was found */
  unsigned python_patch;
  TerraneLibc libc;
  unsigned libc_major; /* 0 if no C library was found */
  unsigned libc_minor;
} TerranePythonBase;

void terrane_python_base_clear (TerranePythonBase *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerranePythonBase, terrane_python_base_clear)

/** Returns the minor version of the Python 3 that the other functions find; 0 if there is none. */
unsigned terrane_python_base_minor (TerraneTree *tree, const char *search_path);

/** Like terrane_python_base_find(), in @tree; the result is not cached. Errors: %OCI_ERROR_FORMAT,
 * %OCI_ERROR_CORRUPT, %OCI_ERROR_IO. */
gboolean terrane_python_base_find_in (TerraneStore *store, TerraneTree *tree,
                                      const char *search_path, TerranePythonBase *out_base,
                                      GError **error);

/** Returns the key of the result of terrane_python_base_find() in the store's cache. */
OciDigest terrane_python_base_key (const OciDigest *commit, const char *search_path);

/**
 * terrane_python_base_find:
 * @commit: of a file system
 * @search_path: (nullable): $PATH of the image; the usual directories are searched after it
 * @out_base: (out caller-allocates)
 *
 * Finds the interpreter that `python3` would run, its version, and that of the C library. The
 * result is cached by @commit. A file system without Python is not an error.
 *
 * Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, %OCI_ERROR_IO, codes of %G_IO_ERROR (from
 *   libostree).
 */
gboolean terrane_python_base_find (TerraneStore *store, const OciDigest *commit,
                                   const char *search_path, TerranePythonBase *out_base,
                                   GError **error);

G_END_DECLS
