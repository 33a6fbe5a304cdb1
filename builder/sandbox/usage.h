/* Measures memory and threads of a running sandbox from outside. One sample takes a bounded time,
 * whatever the program does. */
#pragma once

#include "builder/sandbox/machine-memory.h"

#include <sys/types.h>

G_BEGIN_DECLS

typedef struct
{
  pid_t init;    /* process 1 of the sandbox, which is not counted */
  gboolean tree; /* there is no sandbox, only descendants of init: files in memory and memory of the
                    kernel for it are not counted */
  uint64_t limit; /* in bytes; below it shared pages may be counted more than once, which is much
                     cheaper; G_MAXUINT64 for none */
  unsigned max_threads;      /* the sample ends above it */
  gboolean exactly;          /* always count shared pages once */
  TerraneMachineMemory base; /* of the machine: the most that was available, and the least that was
                                shared, since before the program started */
} TerraneUsageQuery;

typedef struct
{
  uint64_t bytes; /* in memory or swapped out, of all processes together, with their page tables,
                     and files in memory that they have open */
  uint64_t unseen_bytes; /* further bytes that the program must be assumed to hold: see
                            docs/sandbox.md. 0 if bytes already exceed the limit */
  unsigned threads;      /* of all processes */
  unsigned processes;
  gboolean exact;               /* pages shared by processes are counted once */
  TerraneMachineMemory machine; /* current values; all 0 if they were not needed */
} TerraneUsage;

typedef enum
{
  TERRANE_USAGE_READ,
  TERRANE_USAGE_ABSENT, /* the sandbox has not started yet, or has ended */
  TERRANE_USAGE_FAILED, /* this process lacks resources for a sample, such as descriptors */
} TerraneUsageResult;

/** Takes a sample. */
TerraneUsageResult terrane_usage_read (const TerraneUsageQuery *query, TerraneUsage *out_usage);

G_END_DECLS
