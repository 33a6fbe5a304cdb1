#include "builder/error.h"

G_DEFINE_QUARK (terrane_error, terrane_error)

int
terrane_exit_code (const GError *error)
{
  if (g_error_matches (error, TERRANE_ERROR, TERRANE_ERROR_GATE))
    return TERRANE_EXIT_GATE;
  if (g_error_matches (error, TERRANE_ERROR, TERRANE_ERROR_STALE))
    return TERRANE_EXIT_STALE;
  if (g_error_matches (error, OCI_ERROR, OCI_ERROR_USAGE) || error->domain == G_OPTION_ERROR)
    return TERRANE_EXIT_USAGE;
  if (g_error_matches (error, OCI_ERROR, OCI_ERROR_CANCELLED))
    return TERRANE_EXIT_INTERRUPTED;
  return TERRANE_EXIT_FAILED;
}
