/* What a web server in the sandbox answers. */
#include "fuzz.h"

#include "builder/lambda/http-client.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  for (int ended = 0; ended < 2; ended++)
    {
      g_auto (TerraneHttpAnswer) answer = { 0 };
      gboolean complete = FALSE;
      gboolean ok = terrane_http_answer_parse ((const char *) data, size, ended != 0, &complete,
                                               &answer, NULL);
      if (complete != (answer.body != NULL) || (complete && (!ok || answer.status < 200))
          || (ok && ended != 0 && !complete) || (complete && g_bytes_get_size (answer.body) > size))
        abort ();
    }
  return 0;
}
