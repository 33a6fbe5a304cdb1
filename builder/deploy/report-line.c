#include "builder/deploy/report-line.h"

#include "oci/base/json.h"

#include <string.h>

#define MARK "Init Duration: "
#define MAX_MS 1e9 /* what is more is a slip of whoever wrote the line */

static gboolean
take_ms (double ms, uint64_t *out_usecs)
{
  if (!(ms >= 0 && ms < MAX_MS))
    return FALSE;
  *out_usecs = (uint64_t) (ms * 1000 + 0.5);
  return TRUE;
}

/* "REPORT RequestId: …\tDuration: 3.04 ms\t…\tInit Duration: 174.44 ms\t" */
static gboolean
read_text (const char *line, uint64_t *out_usecs)
{
  const char *mark = strstr (line, MARK);
  const char *number = mark != NULL ? mark + strlen (MARK) : NULL;
  char *end = NULL;
  if (number == NULL || !g_ascii_isdigit (*number))
    return FALSE;
  double ms = g_ascii_strtod (number, &end);
  return g_str_has_prefix (end, " ms") && take_ms (ms, out_usecs);
}

/* {"time":…,"type":"platform.report","record":{"metrics":{"initDurationMs":174.44,…},…}} */
static gboolean
read_json (const char *line, gboolean *out_is_report, uint64_t *out_usecs)
{
  g_autoptr (OciJsonValue) document = json_loads (line, 0, NULL);
  const char *type = json_string_value (json_object_get (document, "type"));
  const json_t *metrics = json_object_get (json_object_get (document, "record"), "metrics");
  const json_t *init = json_object_get (metrics, "initDurationMs");
  *out_is_report = g_strcmp0 (type, "platform.report") == 0;
  return *out_is_report && json_is_number (init) && take_ms (json_number_value (init), out_usecs);
}

gboolean
terrane_report_line_find_init (const char *log, uint64_t *out_usecs)
{
  g_auto (GStrv) lines = g_strsplit (log != NULL ? log : "", "\n", -1);
  for (guint i = g_strv_length (lines); i > 0; i--)
    {
      const char *line = lines[i - 1];
      gboolean is_report = g_str_has_prefix (line, "REPORT RequestId: ");
      if (is_report)
        return read_text (line, out_usecs);
      if (line[0] != '{')
        continue;
      gboolean found = read_json (line, &is_report, out_usecs);
      if (is_report)
        return found;
    }
  return FALSE;
}
