#include "builder/check/report.h"

void
terrane_report_finding (const TerraneImageView *view, TerraneFindings *findings, const char *id,
                        TerraneSeverity severity, const TerraneNode *node, const char *fix,
                        const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autofree char *message = g_strdup_vprintf (format, args);
  va_end (args);
  g_autofree char *path = node != NULL ? terrane_node_path (node) : NULL;
  const TerraneFinding finding = { .id = id,
                                   .severity = severity,
                                   .path = path,
                                   .tree =
                                       node != NULL ? terrane_image_view_tree (view, node) : NULL,
                                   .message = message,
                                   .fix = fix };
  terrane_findings_add (findings, &finding);
}
