/* Changes to a tree after it was read: from one commit to another. One transform is one file with
 * one row in the table of transform.c.
 *
 * Results are cached by the commit and everything else that they depend on, so that changing a
 * transform does not read the source again, and an unchanged one does nothing. */
#pragma once

#include "builder/profile/source-spec.h"
#include "builder/progress.h"
#include "builder/sandbox/spec.h"
#include "builder/store/ingest.h"
#include "builder/transform/report.h"

G_BEGIN_DECLS

/* The Python that compiles bytecode. */
typedef struct
{
  gboolean is_host; /* this machine's, for an image of another architecture */
  OciDigest root;   /* otherwise: commit of the file system that contains it */
  char *path;       /* absolute, in that file system */
  char *emulated;   /* (nullable): its architecture, if it needs an emulator */
  char *identity;   /* of every file that it can read: the root, or see host-python.h */
  char **env;       /* (nullable): its exact environment */
} TerraneInterpreter;

void terrane_interpreter_clear (TerraneInterpreter *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerraneInterpreter, terrane_interpreter_clear)

/* Parameters of transforms. */
typedef struct
{
  TerraneStore *store;
  const TerraneSourceSpec *spec;         /* of the tree */
  const TerraneInterpreter *interpreter; /* (nullable): only looked for if it is needed */
  const char *no_interpreter;            /* (nullable): why none was found */
  TerraneSandboxKind sandbox;            /* sandbox in which the image's Python compiles */
  unsigned jobs;                         /* number of threads, at least 1 */
  const TerraneProgress *progress;
} TerraneTransformContext;

/* A transform while it is applied. */
typedef struct
{
  const TerraneTransformContext *context;
  TerraneTree *source;   /* the tree as it was read, not changed by any transform */
  TerraneIngest *ingest; /* already contains the whole tree; what is added replaces */
  TerraneTree *debug;    /* files for debuggers, whose objects are written */
  TerraneTransformReport *report;
} TerraneTransformJob;

typedef struct
{
  const char *name; /* as in the profile and in reports */

  gboolean (*wanted) (const TerraneTransformContext *context);

  /* Everything that the result depends on besides the tree. Returns: (transfer full) (nullable):
   * NULL with an error if the transform cannot be applied here */
  json_t *(*key) (const TerraneTransformContext *context, GError **error);

  gboolean (*apply) (TerraneTransformJob *job, GError **error);
} TerraneTransform;

extern const TerraneTransform terrane_transform_strip;
extern const TerraneTransform terrane_transform_bytecode;
extern const TerraneTransform terrane_transform_dedupe;

/** Returns: (transfer full): an array with everything that the tree's transforms depend on besides
 * the tree; empty if none is requested. Errors: those of the transforms' keys:
 * %OCI_ERROR_NOT_FOUND, %OCI_ERROR_USAGE, %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_FORMAT,
 * %OCI_ERROR_LIMIT, %OCI_ERROR_IO, %OCI_ERROR_CANCELLED. */
json_t *terrane_transform_keys (const TerraneTransformContext *context, GError **error);

/* Result of the transforms. */
typedef struct
{
  OciDigest commit;
  TerraneTree *tree; /* (nullable): set if it was just made */
  json_t *reports;   /* (nullable) array, in the order of the table */
  gboolean made;     /* made now, not found in the cache */
  json_t *keys;      /* (nullable): terrane_transform_keys(), NULL if none is requested */
  gboolean has_debug;
  OciDigest debug; /* commit of the files for debuggers */
} TerraneTransformed;

/**
 * terrane_transform_find:
 * @commit: of the tree as it was read
 * @keys: from terrane_transform_keys()
 * @out_transformed: (out caller-allocates): without the tree
 *
 * Looks for a cached result.
 *
 * Errors: codes of %G_IO_ERROR (from libostree).
 */
gboolean terrane_transform_find (TerraneStore *store, const OciDigest *commit, json_t *keys,
                                 TerraneTransformed *out_transformed, gboolean *out_found,
                                 GError **error);

/**
 * terrane_transform_tree:
 * @commit: of the tree as it was read
 * @out_transformed: (out caller-allocates): owned by the caller
 *
 * Applies the transforms of the profile, unless the result is stored. Without any the commit does
 * not change, and there are no reports. Errors: those of the transforms: %OCI_ERROR_NOT_FOUND,
 * %OCI_ERROR_USAGE, %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, %OCI_ERROR_UNSUPPORTED,
 * %OCI_ERROR_LIMIT, %OCI_ERROR_TIMEOUT, %OCI_ERROR_IO, %OCI_ERROR_CANCELLED, and codes of
 * %G_IO_ERROR (from libostree).
 */
gboolean terrane_transform_tree (const TerraneTransformContext *context, const OciDigest *commit,
                                 TerraneTransformed *out_transformed, GError **error);

G_END_DECLS
