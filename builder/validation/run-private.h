/* What the parts of a validation share. */
#pragma once

#include "builder/validation/explain.h"
#include "builder/validation/report.h"
#include "builder/validation/run.h"

G_BEGIN_DECLS

typedef struct
{
  const TerraneValidation *validation;
  TerraneSandbox sandbox;
  TerraneExplainContext explain;
  char *python; /* (nullable) */
  GPtrArray *results;
} TerraneRun;

/** Tells the caller. */
void terrane_run_started (const TerraneRun *self, const char *kind, const char *name);

/** By how much budgets of time grow: with an emulator. */
unsigned terrane_run_slowdown (const TerraneRun *self);

/** What the end of a process says. Returns: (transfer full) (nullable): NULL for a good one */
char *terrane_run_describe_end (const TerraneRun *self, const TerraneProcessResult *process,
                                int expected);

/** Fills in what a failure means in this image, if that is known. */
void terrane_run_explain (const TerraneRun *self, TerraneResult *result);

/** A program in a sandbox of its own, as terrane_sandbox_run() has it. */
gboolean terrane_run_execute (const TerraneRun *self, const char *const *argv,
                              const TerraneSandboxFile *files, TerraneProcessResult *out_process,
                              GError **error);

/**
 * terrane_run_group:
 * @group: a file of the suite, without ".py"
 * @config: (transfer full): what it reads as CONFIG
 * @more: (nullable): files that it gets, ended by one without a name
 *
 * A group of operations in a process of its own. Both results are cleared by the caller, also after
 * a failure.
 */
gboolean terrane_run_group (const TerraneRun *self, const char *group, json_t *config,
                            const TerraneSandboxFile *more, const char *kind,
                            TerraneReport *out_report, TerraneProcessResult *out_process,
                            GError **error);

/** The same, with its outcomes among the results, and its end if that was no good one. */
gboolean terrane_run_operations (TerraneRun *self, const char *group, const char *kind,
                                 json_t *config, const TerraneSandboxFile *files, GError **error);

gboolean terrane_run_is_module_name (const char *name);

/** Each of the spec's imports alone, all of them together, and the known orders. */
gboolean terrane_run_imports (TerraneRun *self, GError **error);

G_END_DECLS
