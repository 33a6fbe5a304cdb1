#include "builder/error.h"

G_DEFINE_QUARK (terrane_error, terrane_error)

int
terrane_exit_code (const GError *error)
{
  if (g_error_matches (error, TERRANE_ERROR, TERRANE_ERROR_REFUSED))
    return TERRANE_EXIT_GATE;
  if (g_error_matches (error, TERRANE_ERROR, TERRANE_ERROR_STALE)
      || g_error_matches (error, TERRANE_ERROR, TERRANE_ERROR_DIFFERENT))
    return TERRANE_EXIT_STALE;
  if (g_error_matches (error, OCI_ERROR, OCI_ERROR_USAGE) || error->domain == G_OPTION_ERROR)
    return TERRANE_EXIT_USAGE;
  if (g_error_matches (error, OCI_ERROR, OCI_ERROR_CANCELLED))
    return TERRANE_EXIT_INTERRUPTED;
  return TERRANE_EXIT_FAILED;
}

const char *
terrane_error_word (const GError *error)
{
  static const char *const oci_words[] = {
    [OCI_ERROR_USAGE] = "usage",
    [OCI_ERROR_FORMAT] = "format",
    [OCI_ERROR_CORRUPT] = "corrupt",
    [OCI_ERROR_UNSUPPORTED] = "unsupported",
    [OCI_ERROR_LIMIT] = "limit",
    [OCI_ERROR_NOT_FOUND] = "not_found",
    [OCI_ERROR_EXISTS] = "exists",
    [OCI_ERROR_IO] = "io",
    [OCI_ERROR_UNREACHABLE] = "unreachable",
    [OCI_ERROR_NETWORK] = "network",
    [OCI_ERROR_TIMEOUT] = "timeout",
    [OCI_ERROR_DENIED] = "denied",
    [OCI_ERROR_CANCELLED] = "cancelled",
  };
  static const char *const terrane_words[] = {
    [TERRANE_ERROR_REFUSED] = "refused",
    [TERRANE_ERROR_STALE] = "stale",
    [TERRANE_ERROR_FUNCTION] = "function",
    [TERRANE_ERROR_DIFFERENT] = "different",
  };
  guint code = (guint) error->code;
  if (error->domain == OCI_ERROR && code < G_N_ELEMENTS (oci_words))
    return oci_words[code];
  if (error->domain == TERRANE_ERROR && code < G_N_ELEMENTS (terrane_words))
    return terrane_words[code];
  return error->domain == G_OPTION_ERROR ? "usage" : "failed";
}
