/* The compilation of one recipe: the thread that has the store does everything before and after;
 * only the steps run on a thread of their own. */
#pragma once

#include "builder/compile/run.h"
#include "builder/image/base.h"
#include "builder/image/compile-work.h"
#include "builder/image/compiled-root.h"
#include "builder/image/source-image.h"

G_BEGIN_DECLS

/* State shared by the jobs of a build. */
typedef struct
{
  const TerraneSourceContext *context;
  const TerraneProgress *quiet; /* for operations that would start a phase of their own */
  GHashTable *verified;         /* see terrane_compiled_root_make() */
  GCancellable *stop;
  GCancellable *interrupted; /* (nullable): triggered by the user */
  GMutex mutex;
  GCond changed;
  guint running; /* under @mutex */
} TerraneCompileShared;

typedef struct _TerraneCompileJob TerraneCompileJob;
struct _TerraneCompileJob
{
  TerraneCompileShared *shared;
  const TerraneRecipe *recipe;
  const TerranePin *pin;
  const OciDigest *in;             /* commit of the file system to compile in */
  const TerraneEmulator *emulator; /* for @in */
  const json_t *facts;             /* about @in: see terrane_compile_facts_read() */
  char *title;                     /* "geos 3.13.1" */
  OciDigest key;
  GPtrArray *needs; /* of TerraneCompileJob: all, in the order of the set */
  OciFd lock;       /* of its key, so that no other build compiles it */
  gboolean waiting; /* for another build that has the lock */
  gboolean started; /* TRUE once it was attempted, even if that failed */
  gboolean done;
  OciDigest commit; /* its result, when @done */

  /* While it runs: */
  TerraneCompileWork work;
  TerraneCompiledRoot root;
  GPtrArray *licenses; /* (nullable): see terrane_license_files_read() */
  char *place;         /* name of its files in the store: see store/compile-files.h */
  char *log;
  GThread *thread;
  gint64 since;
  gboolean ok;
  GError *error;
  TerraneCompileLast last;
  GPtrArray *warnings; /* of char * */
  json_t *jobs;        /* array: JOBS of each step so far */
  json_t *other_jobs;  /* (nullable): those that each step is not to get */

  /* Guarded by the shared mutex: */
  gboolean ended;
  char *state;
  GString *printed;  /* not shown yet */
  gboolean left_out; /* some of it */
  gboolean fresh;    /* another step has begun */

  char *line; /* (nullable): the last one; only for the thread that shows it */
};

/* The note of a result (terrane_source_tree_note()) with JOBS of each of its steps: it depends on
 * the machine, and results must not depend on it. */
#define TERRANE_COMPILE_JOBS "jobs"

/** Returns: (transfer full): a job that has not been started */
TerraneCompileJob *terrane_compile_job_new (TerraneCompileShared *shared, const TerranePin *pin,
                                            const TerraneRecipe *recipe, const OciDigest *key);
void terrane_compile_job_free (gpointer data);

/**
 * terrane_compile_job_claim:
 * @out_claimed: (out): whether to start it here
 *
 * Takes the lock of its key, unless another build has it: the result of that build is used once it
 * exists. Call it again while @waiting.
 *
 * Errors: %OCI_ERROR_IO.
 */
gboolean terrane_compile_job_claim (TerraneCompileJob *self, gboolean *out_claimed, GError **error);

/** Prepares the file system and the sources of a claimed job, and starts its steps. Errors:
 * %OCI_ERROR_USAGE, %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, %OCI_ERROR_UNSUPPORTED,
 * %OCI_ERROR_LIMIT, %OCI_ERROR_IO, %OCI_ERROR_CANCELLED, codes of %G_IO_ERROR (from libostree). */
gboolean terrane_compile_job_start (TerraneCompileJob *self, GError **error);

/** Reports its activity and new output to the progress callbacks. */
void terrane_compile_job_show (TerraneCompileJob *self);

/**
 * terrane_compile_job_finish:
 * @wanted: whether to keep its result; FALSE if it was stopped because of another job
 *
 * Waits for its end. Afterwards the result is in the store, and is found by its key.
 *
 * Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_LIMIT, %OCI_ERROR_IO, codes of %G_IO_ERROR (from
 * libostree).
 */
gboolean terrane_compile_job_finish (TerraneCompileJob *self, gboolean wanted, GError **error);

G_END_DECLS
