#include "builder/sandbox/memory-watch.h"

#include "builder/sandbox/init/report.h"

enum
{
  LOOK_USECS = 10 * 1000,
  MAX_LOOK_USECS = 100 * 1000,
  EXACT_LOOKS = 8, /* one look in this number is exact */
  RARE_LOOK_USECS = 200 * 1000,
  BYTES_PER_USEC = 8000, /* machines fill memory at most this fast, one page after the other */
  MAX_BLIND_USECS = 1000 * 1000,
};

void
terrane_memory_watch_init (TerraneMemoryWatch *self, pid_t init, uint64_t limit,
                           gboolean limit_only)
{
  *self = (TerraneMemoryWatch){
    .init = init, .limit = limit, .limit_only = limit_only, .last = g_get_monotonic_time ()
  };
  (void) terrane_machine_memory_read_best (&self->base);
}

/* A process just made by vfork() has the pages of its parent, and both are counted: a sum over
 * several processes is checked twice. */
static gboolean
is_over (TerraneMemoryWatch *self, const TerraneUsage *usage)
{
  uint64_t bytes = usage->bytes + usage->unseen_bytes;
  self->over = self->limit > 0 && bytes > self->limit ? self->over + 1 : 0;
  return self->over > (usage->processes > 1 ? 1 : 0);
}

static void
take_usage (TerraneMemoryWatch *self, const TerraneUsage *usage, TerraneMemoryLook *look)
{
  if (usage->machine.available > 0)
    terrane_machine_memory_keep_best (&usage->machine, &self->base);
  look->out_of_memory = is_over (self, usage);
  if (look->out_of_memory)
    look->peak_bytes = usage->bytes + usage->unseen_bytes;
  else if (usage->exact && self->over == 0)
    look->peak_bytes = usage->bytes;
  /* Where the kernel's limit is in force this is never reached; the kernel does not apply it to
   * root. */
  look->too_many_processes = usage->threads > TERRANE_INIT_MAX_PROCESSES;
}

/* A compiler uses hundreds of megabytes, and the kernel walks through their pages for each exact
 * look. */
static gint64
pause_until_next (const TerraneMemoryWatch *self, TerraneUsageResult result,
                  const TerraneUsage *usage)
{
  const uint64_t limit = self->limit > 0 ? self->limit : G_MAXUINT64;
  const uint64_t used = usage->bytes + usage->unseen_bytes;
  if (!self->limit_only || result != TERRANE_USAGE_READ || self->over > 0)
    return LOOK_USECS;
  return (gint64) CLAMP ((limit - MIN (limit, used)) / BYTES_PER_USEC, (uint64_t) LOOK_USECS,
                         (uint64_t) RARE_LOOK_USECS);
}

void
terrane_memory_watch_look (TerraneMemoryWatch *self, gboolean exactly, TerraneMemoryLook *out_look)
{
  TerraneUsage usage;
  const TerraneUsageQuery query = {
    .init = self->init,
    .tree = self->tree,
    .limit = self->limit > 0 ? self->limit : G_MAXUINT64,
    .max_threads = TERRANE_INIT_MAX_PROCESSES,
    .exactly = exactly || (!self->limit_only && self->looks++ % EXACT_LOOKS == 0),
    .base = self->base
  };
  gint64 started = g_get_monotonic_time ();
  *out_look = (TerraneMemoryLook){ 0 };
  TerraneUsageResult result = terrane_usage_read (&query, &usage);
  gint64 now = g_get_monotonic_time ();
  if (result == TERRANE_USAGE_READ)
    take_usage (self, &usage, out_look);
  if (result != TERRANE_USAGE_FAILED)
    self->last = now;
  out_look->unwatched = self->limit > 0 && now - self->last > MAX_BLIND_USECS;
  /* Where a look takes long, the program still gets half of the time. */
  const gint64 pause = pause_until_next (self, result, &usage);
  self->next =
      self->over == 1 ? now : now + CLAMP (now - started, pause, MAX (pause, MAX_LOOK_USECS));
}
