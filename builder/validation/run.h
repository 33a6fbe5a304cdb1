/* Runs an image's own code to find out whether it works: everything that a profile requests, each
 * in a fresh sandbox. */
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
  const TerraneSandbox *sandbox; /* its tmp_bytes are set from the limits */
  const char *architecture;      /* of the image */
  const TerraneValidateSpec *spec;
  const TerraneLimitsSpec *limits;
  const GPtrArray *scripts;      /* of TerraneValidationScript: those of the spec */
  gboolean measure;              /* measure imports warm and cold: seven processes instead of one */
  TerraneValidationFunc started; /* (nullable) */
  gpointer data;
  GCancellable *cancellable; /* (nullable) */
} TerraneValidation;

/**
 * terrane_validation_run:
 * @out_results: (out) (transfer full): of TerraneResult
 *
 * Runs everything, even after a failure, and compares it with the limits. Errors: %OCI_ERROR_USAGE
 * for an invalid name, before anything is run; if the image has no Python and something needs it
 * (%OCI_ERROR_NOT_FOUND); those of making a sandbox (%OCI_ERROR_UNSUPPORTED, %OCI_ERROR_LIMIT,
 * %OCI_ERROR_IO, codes of %G_FILE_ERROR); %OCI_ERROR_CANCELLED.
 */
gboolean terrane_validation_run (const TerraneValidation *self, GPtrArray **out_results,
                                 GError **error);

G_END_DECLS
