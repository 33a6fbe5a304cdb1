/* Pages of package indexes, as JSON when they start with a brace, else as HTML. */
#include "fuzz.h"

#include "builder/python/index-page.h"

#include <string.h>

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = g_bytes_new_static (data, MIN (size, FUZZ_MAX_BYTES));
  gboolean json = size > 0 && data[0] == '{';
  g_autoptr (GPtrArray) files = terrane_index_page_parse (
      "https://index.example.org/simple/a/",
      json ? "application/vnd.pypi.simple.v1+json" : "text/html", bytes, &error);
  FUZZ_CHECK (files != NULL, error);
  for (guint i = 0; files != NULL && i < files->len; i++)
    {
      const TerraneIndexFile *file = files->pdata[i];
      g_assert_true (g_str_has_prefix (file->url, "https://")
                     || g_str_has_prefix (file->url, "http://"));
      g_assert_true (file->file_name[0] != '\0' && strchr (file->file_name, '/') == NULL);
      g_assert_null (strchr (file->url, '#'));
    }
  return 0;
}
