/* Memory and threads of a running sandbox, seen from outside. */
#pragma once

#include <glib.h>
#include <stdint.h>
#include <sys/types.h>

G_BEGIN_DECLS

typedef struct
{
  uint64_t
      bytes; /* in memory, of all processes together, and files in memory that they have open */
  unsigned threads; /* of all processes */
  gboolean exact;   /* pages that processes share are counted once */
} TerraneUsage;

/**
 * terrane_usage_read:
 * @init: process 1 of the sandbox, which itself is not counted
 * @above: below it shared pages may be counted more than once, which is much cheaper
 *
 * Returns: FALSE when the sandbox is not that far, or gone
 */
gboolean terrane_usage_read (pid_t init, uint64_t above, TerraneUsage *out_usage);

G_END_DECLS
