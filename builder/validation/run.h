/* Running an image's own code to see whether it works: everything that a profile asks for, each in
 * a fresh sandbox. */
#pragma once

#include "builder/profile/limits-spec.h"
#include "builder/profile/validate-spec.h"
#include "builder/sandbox/sandbox.h"
#include "builder/validation/result.h"

G_BEGIN_DECLS

typedef struct
{
  char *name; /* file name; ".py" files are run by the image's Python, others directly */
  GBytes *content;
} TerraneValidationScript;

void terrane_validation_script_free (gpointer data);

/** Called before each thing that is tried. */
typedef void (*TerraneValidationFunc) (gpointer data, const char *kind, const char *name);

typedef struct
{
  const TerraneSandbox *sandbox; /* its tmp_bytes are set by the limits */
  const char *architecture;      /* of the image */
  const TerraneValidateSpec *spec;
  const TerraneLimitsSpec *limits;
  const GPtrArray *scripts;      /* of TerraneValidationScript: those of the spec */
  gboolean measure;              /* imports warm and cold: seven processes instead of one */
  TerraneValidationFunc started; /* (nullable) */
  gpointer data;
  GCancellable *cancellable; /* (nullable) */
} TerraneValidation;

/**
 * terrane_validation_run:
 * @out_results: (out) (transfer full): of TerraneResult
 *
 * Runs everything, also after something failed, and holds it against the limits.
 *
 * Returns: FALSE only when a name is not one (%OCI_ERROR_USAGE), before anything is run, when the
 *   image has no Python and something needs it, when a sandbox could not be made, or on
 *   %OCI_ERROR_CANCELLED
 */
gboolean terrane_validation_run (const TerraneValidation *self, GPtrArray **out_results,
                                 GError **error);

G_END_DECLS
