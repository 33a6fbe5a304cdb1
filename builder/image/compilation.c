#include "builder/image/compilation.h"

#include "builder/image/compile-fit.h"
#include "builder/image/compile-job.h"
#include "builder/remote/interrupt.h"
#include "builder/source/compile.h"

#include "oci/base/text-hash.h"

#include <string.h>

enum
{
  TICK_USECS = 100 * 1000,
  MAX_RUNNING = 8, /* recipes at the same time */
};

/* The file system in which the steps of one source's recipes run. */
typedef struct
{
  TerraneBase *base;
  TerraneEmulator emulator;
  json_t *facts; /* see terrane_compile_facts_read() */
} Root;

typedef struct
{
  TerraneCompileShared shared;
  TerraneProgress quiet;
  const TerraneBase *image_base; /* (nullable) */
  GPtrArray *roots;              /* of Root */
  GPtrArray *jobs;               /* of TerraneCompileJob: each after those that it needs */
  guint total;                   /* number of jobs that are compiled */
  GError *failure;               /* (nullable): the first one */
} Compilation;

static void
root_free (gpointer data)
{
  Root *self = data;
  terrane_base_free (self->base);
  terrane_emulator_clear (&self->emulator);
  json_decref (self->facts);
  g_free (self);
}

static void
compilation_clear (Compilation *self)
{
  g_clear_pointer (&self->jobs, g_ptr_array_unref);
  g_clear_pointer (&self->roots, g_ptr_array_unref);
  g_clear_pointer (&self->shared.verified, g_hash_table_unref);
  g_clear_object (&self->shared.stop);
  g_clear_error (&self->failure);
  g_mutex_clear (&self->shared.mutex);
  g_cond_clear (&self->shared.changed);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Compilation, compilation_clear)

/* Phases of the store would hide the progress of the jobs. */
static void
compilation_init (Compilation *self, const TerraneSourceContext *context, const TerraneBase *base)
{
  const TerraneProgress *progress = context->progress;
  *self = (Compilation){
    .quiet = { .warn = progress->warn, .info = progress->info, .data = progress->data },
    .image_base = base,
    .roots = g_ptr_array_new_with_free_func (root_free),
    .jobs = g_ptr_array_new_with_free_func (terrane_compile_job_free),
  };
  self->shared.context = context;
  self->shared.quiet = &self->quiet;
  self->shared.verified = g_hash_table_new_full (oci_text_hash, g_str_equal, g_free, NULL);
  self->shared.stop = g_cancellable_new ();
  g_mutex_init (&self->shared.mutex);
  g_cond_init (&self->shared.changed);
}

guint
terrane_compile_first_taken (const TerranePin *pin)
{
  return pin->spec->with_needs ? 0 : pin->recipes->recipes->len - 1;
}

static gboolean
find_result (TerraneStore *store, const TerranePin *pin, const TerraneRecipe *recipe,
             OciDigest *out_key, OciDigest *out_commit, gboolean *out_found, GError **error)
{
  *out_key = terrane_compile_key (recipe, pin->spec->prefix, &pin->in->key);
  return terrane_source_tree_find_commit (store, out_key, out_commit, out_found, error);
}

/* Whether the tree of @pin, or all results that it is made of, are in the store. */
static gboolean
is_complete (TerraneStore *store, TerranePin *pin, gboolean *out_complete, GError **error)
{
  OciDigest key, commit;
  const GPtrArray *recipes = pin->recipes->recipes;
  if (!terrane_source_tree_is_stored (store, pin, out_complete, error))
    return FALSE;
  if (*out_complete)
    return TRUE;
  *out_complete = pin->in->has_key;
  for (guint i = terrane_compile_first_taken (pin); *out_complete && i < recipes->len; i++)
    if (!find_result (store, pin, recipes->pdata[i], &key, &commit, out_complete, error))
      return FALSE;
  return TRUE;
}

/* Between being resolved and being read, a local image can become another one. The key for another
 * source is that of the image that was read. */
static gboolean
open_root (Compilation *self, TerranePin *pin, Root *root, GError **error)
{
  const TerraneSourceContext *context = self->shared.context;
  TerranePin *in = pin->in;
  root->base = terrane_base_resolve (context->store, context->profile, in, context->remote,
                                     context->jobs, context->progress, error);
  if (root->base == NULL)
    return FALSE;
  if (in->spec->kind == TERRANE_SOURCE_IMAGE
      && !oci_digest_equal (&root->base->manifest_digest, &in->digest))
    return oci_throw (error, OCI_ERROR_CORRUPT, "%s changed while it was read", in->spec->image);
  root->facts = terrane_compile_facts_read (context->store, &root->base->root.commit, error);
  return root->facts != NULL
         && terrane_compile_facts_require (context, pin, root->facts, self->image_base, error);
}

static TerraneCompileJob *
find_job (const Compilation *self, const OciDigest *key)
{
  for (guint i = 0; i < self->jobs->len; i++)
    {
      TerraneCompileJob *job = self->jobs->pdata[i];
      if (oci_digest_equal (&job->key, key))
        return job;
    }
  return NULL;
}

/* Adds a recipe after those that it needs, with its result or to be compiled.
 * NOLINTNEXTLINE(misc-no-recursion): as deep as recipes may need each other */
static TerraneCompileJob *
add_job (Compilation *self, const TerranePin *pin, const TerraneRecipe *recipe, const Root *root,
         GError **error)
{
  OciDigest key, commit;
  gboolean found = FALSE;
  if (!find_result (self->shared.context->store, pin, recipe, &key, &commit, &found, error))
    return NULL;
  TerraneCompileJob *job = find_job (self, &key);
  if (job != NULL)
    return job;
  job = terrane_compile_job_new (&self->shared, pin, recipe, &key);
  job->done = found;
  job->commit = commit;
  job->in = &root->base->root.commit;
  job->emulator = &root->emulator;
  job->facts = root->facts;
  for (guint i = 0; !found && i < recipe->needs->len; i++)
    if (add_job (self, pin, recipe->needs->pdata[i], root, error) == NULL)
      {
        terrane_compile_job_free (job);
        return NULL;
      }
  self->total += !found;
  g_ptr_array_add (self->jobs, job);
  return job;
}

/* Lists all that a recipe needs, each after what it needs itself. The order is noted in the result,
 * so it must not depend on what else the profile has.
 * NOLINTNEXTLINE(misc-no-recursion): as deep as recipes may need each other */
static void
list_needs (const TerraneRecipe *recipe, GHashTable *seen, GPtrArray *needs)
{
  for (guint i = 0; i < recipe->needs->len; i++)
    {
      TerraneRecipe *need = recipe->needs->pdata[i];
      if (!g_hash_table_add (seen, need))
        continue;
      list_needs (need, seen, needs);
      g_ptr_array_add (needs, need);
    }
}

/* The file system of a job also has what its needs need, even if only the job itself is missing. */
static gboolean
add_needs (Compilation *self, TerraneCompileJob *job, const TerranePin *pin, const Root *root,
           GError **error)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (NULL, NULL);
  g_autoptr (GPtrArray) needs = g_ptr_array_new ();
  list_needs (job->recipe, seen, needs);
  for (guint i = 0; i < needs->len; i++)
    {
      TerraneCompileJob *need = add_job (self, pin, needs->pdata[i], root, error);
      if (need == NULL)
        return FALSE;
      g_ptr_array_add (job->needs, need);
    }
  return TRUE;
}

/* The image to compile in is identified again when it is read: it may have changed since the pin
 * got its key. From then on the key is that of the image that was read. */
static gboolean
add_pin (Compilation *self, TerranePin *pin, GError **error)
{
  const GPtrArray *recipes = pin->recipes->recipes;
  if (self->shared.context->sandbox != TERRANE_SANDBOX_BUBBLEWRAP)
    return oci_throw (
        error, OCI_ERROR_UNSUPPORTED,
        "compiling needs bubblewrap's sandbox: without it steps could see this machine "
        "and its network; build it where that works, and bring the store here");
  Root *root = g_new0 (Root, 1);
  g_ptr_array_add (self->roots, root);
  if (!open_root (self, pin, root, error)
      || !terrane_compile_require_emulator (self->shared.context, pin, &root->emulator, error))
    return FALSE;
  for (guint i = terrane_compile_first_taken (pin); i < recipes->len; i++)
    if (add_job (self, pin, recipes->pdata[i], root, error) == NULL)
      return FALSE;
  for (guint i = 0; i < self->jobs->len; i++) /* the list grows in the loop */
    {
      TerraneCompileJob *job = self->jobs->pdata[i];
      if (!job->done && job->pin == pin && job->needs->len == 0
          && !add_needs (self, job, pin, root, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
is_ready (const TerraneCompileJob *job)
{
  for (guint i = 0; i < job->needs->len; i++)
    if (!((const TerraneCompileJob *) job->needs->pdata[i])->done)
      return FALSE;
  return !job->done && !job->started;
}

static guint
count_running (const Compilation *self)
{
  guint running = 0;
  for (guint i = 0; i < self->jobs->len; i++)
    running += ((const TerraneCompileJob *) self->jobs->pdata[i])->thread != NULL;
  return running;
}

/* The first failure is reported. The other jobs run to their end, as with make and ninja: if they
 * were stopped, their work would be lost. */
static void
fail (Compilation *self, GError *error)
{
  const TerraneProgress *progress = self->shared.context->progress;
  guint running = count_running (self);
  if (self->failure != NULL)
    {
      if (!g_error_matches (error, OCI_ERROR, OCI_ERROR_CANCELLED))
        terrane_progress_warn (progress, "%s", error->message);
      g_error_free (error);
      return;
    }
  self->failure = error;
  if (running == 0 || g_cancellable_is_cancelled (self->shared.stop))
    return;
  g_autofree char *line = g_strndup (error->message, strcspn (error->message, "\n"));
  terrane_progress_warn (progress,
                         "%s; no other recipe is started, and %u that %s may finish (Ctrl-C stops "
                         "%s)",
                         line, running, running == 1 ? "runs" : "run",
                         running == 1 ? "it" : "them");
}

/* If another build compiles it, waits for its result. Returns: whether it runs or waits */
static gboolean
start_job (Compilation *self, TerraneCompileJob *job)
{
  gboolean claimed = FALSE;
  g_autoptr (GError) local = NULL;
  if (terrane_compile_job_claim (job, &claimed, &local)
      && (!claimed || terrane_compile_job_start (job, &local)))
    return claimed || job->waiting;
  fail (self, g_steal_pointer (&local));
  return FALSE;
}

/* Jobs are in the order of their needs. Returns: the number of jobs that run or are waited for */
static guint
start_ready (Compilation *self)
{
  const guint max = CLAMP (self->shared.context->jobs, 1, MAX_RUNNING);
  guint running = count_running (self), waiting = 0;
  for (guint i = 0; i < self->jobs->len && running < max && self->failure == NULL; i++)
    {
      TerraneCompileJob *job = self->jobs->pdata[i];
      if (!is_ready (job) || !start_job (self, job))
        continue;
      if (job->waiting)
        waiting++;
      else
        running++;
    }
  return running + (self->failure == NULL ? waiting : 0);
}

/* Waits until a job ends, or it is time to show progress.
 *
 * Returns: (nullable) */
static TerraneCompileJob *
wait_for_job (Compilation *self)
{
  TerraneCompileShared *shared = &self->shared;
  TerraneCompileJob *ended = NULL;
  g_mutex_lock (&shared->mutex);
  for (int turn = 0; turn < 2 && ended == NULL; turn++)
    {
      for (guint i = 0; i < self->jobs->len && ended == NULL; i++)
        {
          TerraneCompileJob *job = self->jobs->pdata[i];
          ended = job->thread != NULL && job->ended ? job : NULL;
        }
      if (ended == NULL && turn == 0)
        (void) g_cond_wait_until (&shared->changed, &shared->mutex,
                                  g_get_monotonic_time () + TICK_USECS);
    }
  g_mutex_unlock (&shared->mutex);
  return ended;
}

static void
show_jobs (Compilation *self)
{
  for (guint i = 0; i < self->jobs->len; i++)
    {
      TerraneCompileJob *job = self->jobs->pdata[i];
      if (job->thread != NULL || job->waiting)
        terrane_compile_job_show (job);
    }
}

static void
run_jobs (Compilation *self)
{
  while (start_ready (self) > 0)
    {
      g_autoptr (GError) local = NULL;
      TerraneCompileJob *ended = wait_for_job (self);
      GCancellable *stop = self->shared.stop;
      if (g_cancellable_is_cancelled (self->shared.interrupted)
          && !g_cancellable_is_cancelled (stop))
        {
          g_cancellable_cancel (stop);
          fail (self, g_error_new_literal (OCI_ERROR, OCI_ERROR_CANCELLED, "interrupted"));
        }
      show_jobs (self);
      if (ended != NULL
          && !terrane_compile_job_finish (ended, !g_cancellable_is_cancelled (stop), &local))
        fail (self, g_steal_pointer (&local));
    }
}

static gboolean
compile (Compilation *self, GError **error)
{
  const TerraneSourceContext *context = self->shared.context;
  const TerraneCompileJob *first = NULL;
  for (guint i = self->jobs->len; i > 0; i--)
    if (!((const TerraneCompileJob *) self->jobs->pdata[i - 1])->done)
      first = self->jobs->pdata[i - 1];
  if (first == NULL)
    return TRUE;
  if (self->total == 1)
    terrane_progress_phase (context->progress, 0, "compiling %s", first->title);
  else
    terrane_progress_phase (context->progress, 0, "compiling %u recipes", self->total);
  terrane_compile_work_sweep (context->store);
  g_autoptr (TerraneInterrupt) interrupt = terrane_interrupt_new ();
  self->shared.interrupted = terrane_interrupt_cancellable (interrupt);
  run_jobs (self);
  self->shared.interrupted = NULL;
  if (self->failure == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&self->failure));
  return FALSE;
}

/* The key of a result does not contain the image's base. If what is noted of the file system that
 * it was compiled in does not fit, the file system itself is examined. */
static gboolean
check_fit (Compilation *self, TerranePin *pin, GError **error)
{
  const TerraneSourceContext *context = self->shared.context;
  gboolean fit = TRUE;
  g_autoptr (OciJsonValue) facts = NULL;
  if (!terrane_compile_facts_find (context->store, pin, &facts, error)
      || !terrane_compile_facts_fit (context, facts, self->image_base, &fit, error))
    return FALSE;
  if (fit)
    return TRUE;
  Root *root = g_new0 (Root, 1);
  g_ptr_array_add (self->roots, root);
  return open_root (self, pin, root, error);
}

gboolean
terrane_compile_missing (const TerraneSourceContext *context, const GPtrArray *pins,
                         const TerraneBase *base, GError **error)
{
  g_auto (Compilation) self;
  compilation_init (&self, context, base);
  for (guint i = 0; i < pins->len; i++)
    {
      TerranePin *pin = pins->pdata[i];
      gboolean complete = TRUE;
      if (pin->spec->kind != TERRANE_SOURCE_COMPILE || pin->is_taken)
        continue;
      if (!is_complete (context->store, pin, &complete, error)
          || !(complete ? check_fit (&self, pin, error) : add_pin (&self, pin, error)))
        return FALSE;
    }
  return compile (&self, error);
}
