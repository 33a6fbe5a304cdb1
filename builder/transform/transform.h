/* What is done to a tree after it was read: a commit goes in, another one comes out. One transform
 * is one file with one row in the table of transform.c.
 *
 * Results are remembered by the commit and everything else that they depend on, so that a change
 * here does not read the source again, and no change does nothing. */
#pragma once

#include "builder/profile/source-spec.h"
#include "builder/progress.h"
#include "builder/sandbox/spec.h"
#include "builder/store/ingest.h"
#include "builder/transform/report.h"

G_BEGIN_DECLS

/* The Python that compiles. */
typedef struct
{
  gboolean is_host; /* this machine's, for an image of another architecture */
  OciDigest root;   /* else: commit of the file system that it is in */
  char *path;       /* absolute, in that file system */
  char *emulated;   /* (nullable): its architecture, when that is not this machine's */
  char *identity;   /* of every file that it can read: the root, or see host-python.h */
  char **env;       /* (nullable): exactly its environment */
} TerraneInterpreter;

void terrane_interpreter_clear (TerraneInterpreter *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerraneInterpreter, terrane_interpreter_clear)

/* What transforms are done with. */
typedef struct
{
  TerraneStore *store;
  const TerraneSourceSpec *spec;         /* of the tree */
  const TerraneInterpreter *interpreter; /* (nullable): only looked for when it is needed */
  const char *no_interpreter;            /* (nullable): why there is none */
  TerraneSandboxKind sandbox;            /* in which the image's Python compiles */
  unsigned jobs;                         /* threads, at least 1 */
  const TerraneProgress *progress;
} TerraneTransformContext;

/* One transform at work. */
typedef struct
{
  const TerraneTransformContext *context;
  TerraneTree *source;   /* the tree as it was read: not changed by any transform */
  TerraneIngest *ingest; /* holds all of it already; what is added replaces */
  TerraneTree *debug;    /* files for debuggers, their objects written */
  TerraneTransformReport *report;
} TerraneTransformJob;

typedef struct
{
  const char *name; /* as in the profile and in reports */

  gboolean (*wanted) (const TerraneTransformContext *context);

  /* Everything that the result depends on besides the tree. Returns: (transfer full) (nullable):
   * %NULL with an error when the transform cannot be done here */
  json_t *(*key) (const TerraneTransformContext *context, GError **error);

  gboolean (*apply) (TerraneTransformJob *job, GError **error);
} TerraneTransform;

extern const TerraneTransform terrane_transform_strip;
extern const TerraneTransform terrane_transform_bytecode;
extern const TerraneTransform terrane_transform_dedupe;

/** What the transforms that the tree wants depend on besides the tree. Returns: (transfer full)
 * (nullable): an array; empty when none is wanted */
json_t *terrane_transform_keys (const TerraneTransformContext *context, GError **error);

/* What came out. */
typedef struct
{
  OciDigest commit;
  TerraneTree *tree; /* (nullable): when it was just made */
  json_t *reports;   /* (nullable) array, in the order of the table */
  gboolean made;     /* now */
  json_t *keys;      /* (nullable): terrane_transform_keys(), unless nothing is wanted */
  gboolean has_debug;
  OciDigest debug; /* commit of the files for debuggers */
} TerraneTransformed;

/**
 * terrane_transform_find:
 * @commit: of the tree as it was read
 * @keys: from terrane_transform_keys()
 * @out_transformed: (out caller-allocates): without the tree
 *
 * Looks for what transforms made of a tree before.
 */
gboolean terrane_transform_find (TerraneStore *store, const OciDigest *commit, json_t *keys,
                                 TerraneTransformed *out_transformed, gboolean *out_found,
                                 GError **error);

/**
 * terrane_transform_tree:
 * @commit: of the tree as it was read
 * @out_transformed: (out caller-allocates): its members are the caller's
 *
 * Does what the tree's profile asks for, unless the result is stored. Without anything to do the
 * commit stays and there are no reports.
 */
gboolean terrane_transform_tree (const TerraneTransformContext *context, const OciDigest *commit,
                                 TerraneTransformed *out_transformed, GError **error);

G_END_DECLS
