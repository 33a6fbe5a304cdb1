/* Results of validating an image: one for each thing that was tried. */
#pragma once

#include "builder/sandbox/sandbox.h"

#include <jansson.h>

G_BEGIN_DECLS

typedef enum
{
  TERRANE_RESULT_PASSED,
  TERRANE_RESULT_FAILED,
  TERRANE_RESULT_SKIPPED, /* the image lacks what would be tried; the message names it */
} TerraneResultStatus;

typedef struct
{
  const char *kind; /* "import", "together", "order", "script", "command", "suite", … */
  char *name;
  TerraneResultStatus status;
  char *message;                /* (nullable): reason, or what was found */
  char *explanation;            /* (nullable): meaning of a failure in this image */
  TerraneProcessResult process; /* for operations that share a process: their own part */
  json_t *facts;                /* (nullable): what the process reported for explanations */
  GArray *warm_usecs;           /* (nullable) of uint64_t: measured imports, files in memory */
  uint64_t cold_usecs;          /* 0 if not measured; files not in memory before */
  uint64_t cold_read_bytes;
  uint64_t cold_major_faults;
  json_t *cold_files; /* (nullable): see terrane_cold_files() */
  json_t *modules;    /* (nullable): see terrane_report_modules() */
} TerraneResult;

/**
 * terrane_result_new:
 * @kind: a literal. Returns: (transfer full): a result that passed
 */
TerraneResult *terrane_result_new (const char *kind, const char *name);
void terrane_result_free (gpointer data);

/** Marks it as failed; the first reason is kept. @message: (transfer full) */
void terrane_result_fail (TerraneResult *self, char *message);

/** Returns: (transfer full): [{"kind", "name", "status", "passed", …}]: docs/record.md */
json_t *terrane_results_to_json (const GPtrArray *results);

/** The smallest of uint64_t @values. */
uint64_t terrane_results_min (const GArray *values);

/** The median, for an even number the mean of the two in the middle; sorts @values. */
uint64_t terrane_results_median (GArray *values);

G_END_DECLS
