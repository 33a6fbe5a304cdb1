/* Running an image's own code to see whether it works: imports and scripts, each in a fresh
 * sandbox. */
#pragma once

#include "builder/sandbox/sandbox.h"

#include <jansson.h>

G_BEGIN_DECLS

typedef struct
{
  char *name; /* file name; ".py" files are run by the image's Python, others directly */
  GBytes *content;
} TerraneValidationScript;

typedef struct
{
  const char *const *imports; /* (nullable): Python modules, dotted identifiers */
  const GPtrArray *scripts;   /* (nullable): of TerraneValidationScript */
  unsigned timeout_secs;      /* of each */
  GCancellable *cancellable;  /* (nullable) */
} TerraneValidationSpec;

typedef struct
{
  const char *kind; /* "import" or "script" */
  char *name;
  gboolean passed;
  TerraneProcessResult process;
} TerraneValidationResult;

typedef void (*TerraneValidationFunc) (gpointer data, const char *kind, const char *name);

/**
 * terrane_validation_run:
 * @python: (nullable): absolute path of the interpreter inside the image; needed by imports and
 *   ".py" scripts
 * @started: (nullable): called before each run
 *
 * @out_results: (out) (transfer full): of TerraneValidationResult, in the order of the spec
 *
 * Runs everything, also after something failed. An import has the working directory first on
 * sys.path, as the handler has; a script its own directory.
 *
 * Returns: FALSE only when a name is not one (%OCI_ERROR_USAGE), before anything is run, when a
 *   sandbox could not be made, or on %OCI_ERROR_CANCELLED
 */
gboolean terrane_validation_run (const TerraneSandbox *sandbox, const char *python,
                                 const TerraneValidationSpec *spec, TerraneValidationFunc started,
                                 gpointer data, GPtrArray **out_results, GError **error);

void terrane_validation_script_free (gpointer data);

/** [{"kind", "name", "passed", "wall_usecs", "cpu_usecs", "peak_rss_bytes", …}]. (transfer full) */
json_t *terrane_validation_to_json (const GPtrArray *results);

G_END_DECLS
