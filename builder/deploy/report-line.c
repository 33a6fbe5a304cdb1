#include "builder/deploy/report-line.h"

#include "oci/base/json.h"

#include <string.h>

#define MARK "Init Duration: "
#define MAX_MS 1e9 /* larger values must be an error in the line */

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
read_json (const char *line, const char *wanted, const char *metric, gboolean *out_is_wanted,
           uint64_t *out_usecs)
{
  g_autoptr (OciJsonValue) document = json_loads (line, 0, NULL);
  const char *type = json_string_value (json_object_get (document, "type"));
  const json_t *metrics = json_object_get (json_object_get (document, "record"), "metrics");
  const json_t *ms = json_object_get (metrics, metric);
  *out_is_wanted = g_strcmp0 (type, wanted) == 0;
  return *out_is_wanted && json_is_number (ms) && take_ms (json_number_value (ms), out_usecs);
}

static gboolean
read_report (const char *line, gboolean *out_is_report, uint64_t *out_usecs)
{
  *out_is_report = g_str_has_prefix (line, "REPORT RequestId: ");
  if (*out_is_report)
    return read_text (line, out_usecs);
  return line[0] == '{'
         && read_json (line, "platform.report", "initDurationMs", out_is_report, out_usecs);
}

/* "INIT_REPORT Init Duration: 9999.79 ms\tPhase: init\tStatus: timeout": after one that failed or
 * took over 10 s, Lambda restarts as a part of the invocation, whose report does not mention it. */
static gboolean
read_init_report (const char *line, uint64_t *out_usecs)
{
  gboolean is_report = FALSE;
  if (g_str_has_prefix (line, "INIT_REPORT " MARK))
    return read_text (line, out_usecs);
  return line[0] == '{'
         && read_json (line, "platform.initReport", "durationMs", &is_report, out_usecs);
}

/* Finds the longest of those above line @end, up to the report of another invocation. */
static gboolean
find_longest (char **lines, guint end, uint64_t *out_usecs)
{
  gboolean found = FALSE, is_report = FALSE;
  for (guint i = end; i > 0; i--)
    {
      uint64_t usecs = 0;
      (void) read_report (lines[i - 1], &is_report, &usecs);
      if (is_report)
        break;
      if (!read_init_report (lines[i - 1], &usecs))
        continue;
      *out_usecs = found ? MAX (*out_usecs, usecs) : usecs;
      found = TRUE;
    }
  return found;
}

gboolean
terrane_report_line_find_init (const char *log, uint64_t *out_usecs)
{
  g_auto (GStrv) lines = g_strsplit (log != NULL ? log : "", "\n", -1);
  guint n = g_strv_length (lines);
  for (guint i = n; i > 0; i--)
    {
      gboolean is_report = FALSE;
      if (read_report (lines[i - 1], &is_report, out_usecs))
        return TRUE;
      if (is_report)
        return find_longest (lines, i - 1, out_usecs);
    }
  return find_longest (lines, n, out_usecs);
}
