/* Memory and threads of a running sandbox, seen from outside. One look takes a bounded time,
 * whatever the program does. */
#pragma once

#include "builder/sandbox/machine-memory.h"

#include <sys/types.h>

G_BEGIN_DECLS

typedef struct
{
  pid_t init;           /* process 1 of the sandbox, which itself is not counted */
  gboolean tree;        /* there is no sandbox, only what descends from init: files in memory and
                           what the kernel holds for it are not seen */
  uint64_t limit;       /* of bytes; below it shared pages may be counted more than once, which is
                           much cheaper; G_MAXUINT64 for none */
  unsigned max_threads; /* above it the look ends */
  gboolean exactly;     /* count shared pages once in any case */
  TerraneMachineMemory base; /* of the machine: the most that was available, and the least that was
                                shared, since before the program started */
} TerraneUsageQuery;

typedef struct
{
  uint64_t bytes; /* in memory or swapped out, of all processes together, with their page tables,
                     and files in memory that they have open */
  uint64_t unseen_bytes; /* more that the program must be taken to hold: see docs/sandbox.md. 0 when
                            bytes are above the limit already */
  unsigned threads;      /* of all processes */
  unsigned processes;
  gboolean exact;               /* pages that processes share are counted once */
  TerraneMachineMemory machine; /* now; all 0 when that was not looked at */
} TerraneUsage;

typedef enum
{
  TERRANE_USAGE_READ,
  TERRANE_USAGE_ABSENT, /* the sandbox is not that far, or gone */
  TERRANE_USAGE_FAILED, /* this process lacks what it needs to look, such as descriptors */
} TerraneUsageResult;

TerraneUsageResult terrane_usage_read (const TerraneUsageQuery *query, TerraneUsage *out_usage);

G_END_DECLS
