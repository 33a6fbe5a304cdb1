/* Requests of a function in the sandbox: the paths of the Runtime API. And reports of
 * bubblewrap. */
#include "fuzz.h"

#include "builder/lambda/runtime-api.h"
#include "builder/sandbox/bwrap.h"

#include <string.h>

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static const char *const methods[] = { "GET", "POST", "PUT" };
  TerraneBwrapStatus status;
  g_autofree char *text = g_strndup ((const char *) data, size);
  for (size_t i = 0; i < G_N_ELEMENTS (methods); i++)
    {
      g_autofree char *id = NULL;
      TerraneApiCall call = terrane_runtime_api_parse (methods[i], text, &id);
      gboolean has_id = call == TERRANE_API_RESPONSE || call == TERRANE_API_ERROR;
      if (has_id != (id != NULL) || (has_id && (id[0] == '\0' || strchr (id, '/') != NULL)))
        abort ();
    }
  terrane_bwrap_parse_status ((const char *) data, size, &status);
  return 0;
}
