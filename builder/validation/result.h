/* What came out of the validation of an image: one result for each thing that was tried. */
#pragma once

#include "builder/sandbox/sandbox.h"

#include <jansson.h>

G_BEGIN_DECLS

typedef enum
{
  TERRANE_RESULT_PASSED,
  TERRANE_RESULT_FAILED,
  TERRANE_RESULT_SKIPPED, /* the image does not offer what would be tried; the message says what */
} TerraneResultStatus;

typedef struct
{
  const char *kind; /* "import", "together", "order", "script", "command", "suite", … */
  char *name;
  TerraneResultStatus status;
  char *message;                /* (nullable): why, or what was found */
  char *explanation;            /* (nullable): what a failure means in this image */
  TerraneProcessResult process; /* of operations that share a process: their own part */
  json_t *facts;                /* (nullable): what the process said for explanations */
  GArray *warm_usecs;           /* (nullable) of uint64_t: measured imports, files in memory */
  uint64_t cold_usecs;          /* 0: not measured; files not in memory before */
  uint64_t cold_read_bytes;
  uint64_t cold_major_faults;
  json_t *cold_files; /* (nullable): see terrane_cold_files() */
  json_t *modules;    /* (nullable): see terrane_report_modules() */
} TerraneResult;

/** @kind: a literal. Returns: (transfer full) */
TerraneResult *terrane_result_new (const char *kind, const char *name);
void terrane_result_free (gpointer data);

/** Fails it, the first reason stays. @message: (transfer full) */
void terrane_result_fail (TerraneResult *self, char *message);

/** [{"kind", "name", "status", "passed", …}]: docs/record.md. Returns: (transfer full) */
json_t *terrane_results_to_json (const GPtrArray *results);

uint64_t terrane_results_min (const GArray *values);

/** The middle one, or the mean of the two in the middle; @values is sorted by this. */
uint64_t terrane_results_median (GArray *values);

G_END_DECLS
