#include "builder/explain/comparison.h"

#include "builder/explain/difference.h"

static const char *const kinds[] = {
  [TERRANE_CAUSE_TOOLS] = "tools",
  [TERRANE_CAUSE_TARGET] = "target",
  [TERRANE_CAUSE_SOURCE] = "source",
  [TERRANE_CAUSE_RECIPE] = "recipe",
  [TERRANE_CAUSE_TRANSFORM] = "transform",
  [TERRANE_CAUSE_ORDER] = "order",
  [TERRANE_CAUSE_LAYERS] = "layers",
  [TERRANE_CAUSE_CONFIG] = "config",
  [TERRANE_CAUSE_ANNOTATIONS] = "annotations",
  [TERRANE_CAUSE_CHECKS] = "checks",
  [TERRANE_CAUSE_VALIDATION] = "validation",
};

const char *
terrane_cause_kind_name (TerraneCauseKind kind)
{
  return kinds[kind];
}

json_t *
terrane_comparison_add (TerraneComparison *self, TerraneCauseKind kind, const char *name,
                        const char *text)
{
  json_t *cause = json_object ();
  oci_json_set (cause, "kind", oci_json_text (kinds[kind]));
  if (name != NULL)
    oci_json_set_text (cause, "name", name);
  oci_json_set_text (cause, "text", text);
  oci_json_append (self->causes, cause);
  return cause;
}

void
terrane_comparison_add_lines (TerraneComparison *self, TerraneCauseKind kind, const char *name,
                              const GPtrArray *lines)
{
  for (guint i = 0; i < lines->len; i++)
    (void) terrane_comparison_add (self, kind, name, lines->pdata[i]);
}

void
terrane_comparison_add_difference (TerraneComparison *self, TerraneCauseKind kind, const char *name,
                                   const char *what, const json_t *before, const json_t *after)
{
  g_autoptr (GPtrArray) lines = g_ptr_array_new_with_free_func (g_free);
  terrane_describe_difference (what, before, after, lines);
  terrane_comparison_add_lines (self, kind, name, lines);
}

gboolean
terrane_member_differs (const json_t *before, const json_t *after, const char *member)
{
  const json_t *old = json_object_get (before, member), *now = json_object_get (after, member);
  return old != now && (old == NULL || now == NULL || !json_equal (old, now));
}

const char *
terrane_member_text (const json_t *part, const char *member)
{
  return json_string_value (json_object_get (part, member));
}
