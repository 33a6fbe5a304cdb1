#include "builder/python/requirements.h"

#include "builder/python/lock-kind.h"
#include "builder/python/pip-report.h"
#include "builder/python/pylock.h"
#include "builder/python/requirements-file.h"

#include <string.h>

/* JSON starts with an object or an array; a requirements file starts with neither a brace nor a
 * bracket. */
static gboolean
is_json (GBytes *data)
{
  gsize size = 0;
  const char *text = g_bytes_get_data (data, &size);
  for (gsize i = 0; i < size; i++)
    if (!g_ascii_isspace (text[i]))
      return text[i] == '{' || text[i] == '[';
  return FALSE;
}

/* Skips the byte order mark that some editors and PowerShell's "utf8" write. */
static GBytes *
skip_mark (GBytes *data)
{
  gsize size = 0;
  const char *text = g_bytes_get_data (data, &size);
  gsize mark = size >= 3 && memcmp (text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
  return g_bytes_new_from_bytes (data, mark, size - mark);
}

TerraneRequirements *
terrane_requirements_parse (const char *name, GBytes *bytes, GError **error)
{
  g_autoptr (GBytes) data = skip_mark (bytes);
  if (terrane_pylock_is_name (name))
    return terrane_pylock_parse (name, data, error);
  const TerraneLockKind *kind = terrane_lock_kind_find (name, data);
  if (kind != NULL)
    {
      oci_throw (error, OCI_ERROR_USAGE,
                 "%s is %s; a requirements file with hashes or a pylock.toml is needed: %s", name,
                 kind->what, kind->advice);
      return NULL;
    }
  return is_json (data) ? terrane_pip_report_parse (name, data, error)
                        : terrane_requirements_file_parse (name, data, error);
}
