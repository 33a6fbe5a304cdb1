#include "builder/check/file-group.h"

enum
{
  MAX_SHOWN = 5,
};

void
terrane_file_group_add (TerraneFileGroup *self, const TerraneImageView *view,
                        const TerraneNode *node, const char *detail)
{
  if (self->count++ >= MAX_SHOWN)
    return;
  g_autofree char *path = terrane_node_path (node);
  g_autofree char *absolute = g_strconcat ("/", path, NULL);
  g_autofree char *quoted = oci_quote (absolute);
  if (self->first == NULL)
    {
      self->first = g_string_new (NULL);
      self->path = g_steal_pointer (&path);
      self->tree = terrane_image_view_tree (view, node);
    }
  g_string_append_printf (self->first, "%s%s", self->count > 1 ? ", " : "", quoted);
  if (detail != NULL)
    g_string_append_printf (self->first, " (%s)", detail);
}

void
terrane_file_group_report (const TerraneFileGroup *self, TerraneFindings *findings, const char *id,
                           TerraneSeverity severity, const char *what, const char *fix)
{
  if (self->count == 0)
    return;
  g_autofree char *message =
      g_strdup_printf ("%s: %s%s", what, self->first->str, self->count > MAX_SHOWN ? ", …" : "");
  const TerraneFinding finding = { .id = id,
                                   .severity = severity,
                                   .path = self->path,
                                   .tree = self->tree,
                                   .message = message,
                                   .fix = fix };
  terrane_findings_add (findings, &finding);
}

void
terrane_file_group_clear (TerraneFileGroup *self)
{
  if (self->first != NULL)
    (void) g_string_free (self->first, TRUE);
  g_free (self->path);
  *self = (TerraneFileGroup){ 0 };
}
