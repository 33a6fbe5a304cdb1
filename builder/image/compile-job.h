/* A recipe that is compiled: what is prepared before and kept after is done by the thread that has
 * the store; only its steps run on a thread of their own. */
#pragma once

#include "builder/compile/run.h"
#include "builder/image/base.h"
#include "builder/image/compile-work.h"
#include "builder/image/compiled-root.h"
#include "builder/image/source-image.h"

G_BEGIN_DECLS

/* What the jobs of a build share. */
typedef struct
{
  const TerraneSourceContext *context;
  const TerraneProgress *quiet; /* for what would be a phase of its own */
  GHashTable *verified;         /* see terrane_compiled_root_make() */
  GCancellable *stop;
  GCancellable *interrupted; /* (nullable): by the user */
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
  const TerraneEmulator *emulator; /* of that */
  char *title;                     /* "geos 3.13.1" */
  OciDigest key;
  GPtrArray *needs; /* of TerraneCompileJob: all, in the order of the set */
  OciFd lock;       /* of its key: nobody else compiles it */
  gboolean waiting; /* for another build that has it */
  gboolean started; /* once, also when that failed */
  gboolean done;
  OciDigest commit; /* then: its result */

  /* While it runs. */
  TerraneCompileWork work;
  TerraneCompiledRoot root;
  GPtrArray *licenses; /* (nullable): see terrane_license_files_read() */
  char *log;
  GThread *thread;
  gint64 since;
  gboolean ok;
  GError *error;
  TerraneCompileLast last;

  /* Under the mutex that they share. */
  gboolean ended;
  char *state;
  GString *printed;  /* since it was shown */
  gboolean left_out; /* some of it */
  gboolean fresh;    /* another step was begun */

  char *line; /* (nullable): the last one; of the thread that shows it */
};

TerraneCompileJob *terrane_compile_job_new (TerraneCompileShared *shared, const TerranePin *pin,
                                            const TerraneRecipe *recipe, const OciDigest *key);
void terrane_compile_job_free (gpointer data);

/**
 * terrane_compile_job_claim:
 * @out_claimed: (out): whether it is to be started here
 *
 * Takes the lock of its key, unless another build compiles it: that one's result is taken when it
 * is there. To be called again while @waiting.
 */
gboolean terrane_compile_job_claim (TerraneCompileJob *self, gboolean *out_claimed, GError **error);

/** Makes the file system and the sources, and starts the steps of one that was claimed. */
gboolean terrane_compile_job_start (TerraneCompileJob *self, GError **error);

/** Tells the progress what it does, and what it printed since. */
void terrane_compile_job_show (TerraneCompileJob *self);

/**
 * terrane_compile_job_finish:
 * @wanted: whether its result is; else it was stopped
 *
 * Waits for its end. The result is in the store then, and after that known by its key.
 */
gboolean terrane_compile_job_finish (TerraneCompileJob *self, gboolean wanted, GError **error);

G_END_DECLS
