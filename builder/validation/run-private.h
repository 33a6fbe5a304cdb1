/* State and functions shared by the parts of a validation.
 *
 * Errors: %OCI_ERROR_USAGE, %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_LIMIT, %OCI_ERROR_NOT_FOUND,
 * %OCI_ERROR_IO, %OCI_ERROR_CANCELLED, codes of %G_FILE_ERROR. */
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

/** Calls the @started function of the caller. */
void terrane_run_started (const TerraneRun *self, const char *kind, const char *name);

/** Factor by which time limits grow with an emulator. */
unsigned terrane_run_slowdown (const TerraneRun *self);

/** Returns: (transfer full) (nullable): describes how a process ended; %NULL if it succeeded */
char *terrane_run_describe_end (const TerraneRun *self, const TerraneProcessResult *process,
                                int expected);

/** Sets the explanation of a failure, if one is known. */
void terrane_run_explain (const TerraneRun *self, TerraneResult *result);

/** Runs a program in its own sandbox with terrane_sandbox_run(). Errors: see the head. */
gboolean terrane_run_execute (const TerraneRun *self, const char *const *argv,
                              const TerraneSandboxFile *files, TerraneProcessResult *out_process,
                              GError **error);

/**
 * terrane_run_group:
 * @group: a file of the suite, without ".py"
 * @config: (transfer full): what it reads as CONFIG
 * @more: (nullable): files that it gets, ended by one without a name
 *
 * Runs a group of operations in its own process. Both results are to be cleared by the caller, also
 * after a failure.
 *
 * Errors: see the head.
 */
gboolean terrane_run_group (const TerraneRun *self, const char *group, json_t *config,
                            const TerraneSandboxFile *more, const char *kind,
                            TerraneReport *out_report, TerraneProcessResult *out_process,
                            GError **error);

/** Like terrane_run_group(), but adds its outcomes to the results, and the way it ended if it did
 * not succeed. Errors: see the head. */
gboolean terrane_run_operations (TerraneRun *self, const char *group, const char *kind,
                                 json_t *config, const TerraneSandboxFile *files, GError **error);

/** Whether @name is a dotted name of a Python module. */
gboolean terrane_run_is_module_name (const char *name);

/** Imports each of the spec's modules alone, all of them together, and in the known orders.
 * Errors: see the head. */
gboolean terrane_run_imports (TerraneRun *self, GError **error);

G_END_DECLS
