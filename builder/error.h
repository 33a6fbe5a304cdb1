/* Errors of the builder in addition to OCI_ERROR: outcomes that have their own exit codes
 * (docs/architecture.md, "Exit codes"). */
#pragma once

#include "oci/base/error.h"

G_BEGIN_DECLS

#define TERRANE_ERROR (terrane_error_quark ())

/**
 * TerraneError:
 * @TERRANE_ERROR_REFUSED: a check or the validation failed: exit 3
 * @TERRANE_ERROR_STALE: the lock does not match the profile, or something has changed since: exit 4
 * @TERRANE_ERROR_FUNCTION: an invoked function answered with an error: exit 1
 * @TERRANE_ERROR_DIFFERENT: a rebuild gave other bytes: exit 4
 */
typedef enum
{
  TERRANE_ERROR_REFUSED,
  TERRANE_ERROR_STALE,
  TERRANE_ERROR_FUNCTION,
  TERRANE_ERROR_DIFFERENT,
} TerraneError;

GQuark terrane_error_quark (void);

enum
{
  TERRANE_EXIT_DONE = 0,
  TERRANE_EXIT_FAILED = 1,
  TERRANE_EXIT_USAGE = 2,
  TERRANE_EXIT_GATE = 3,
  TERRANE_EXIT_STALE = 4,
  TERRANE_EXIT_INTERRUPTED = 130,
};

/** Returns: the exit code for @error */
int terrane_exit_code (const GError *error);

/** Returns: (transfer none): the kind of @error in one word, for programs: docs/record.md lists
 * them */
const char *terrane_error_word (const GError *error);

G_END_DECLS
