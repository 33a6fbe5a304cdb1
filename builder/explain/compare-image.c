#include "builder/explain/compare-image.h"

#include "builder/annotations.h"

#include <string.h>

/* Limits that the checks measure; the others are a part of the validation. */
static const char *const checked_limits[] = { "uncompressed_size", "trees", "packages" };

/* Members of the profile are stored as text. Returns: (transfer full) (nullable) */
static json_t *
parse_text (const json_t *part, const char *member)
{
  const char *text = terrane_member_text (part, member);
  return text != NULL ? json_loads (text, JSON_DECODE_ANY, NULL) : NULL;
}

/* Compares the whole section, which is in the key of the results as it is written. */
static void
compare_validation_limits (TerraneComparison *self, const json_t *old, const json_t *now)
{
  g_autoptr (OciJsonValue) before = parse_text (old, "limits"), after = parse_text (now, "limits");
  gboolean is_told =
      terrane_member_differs (json_object_get (self->before, "image"),
                              json_object_get (self->after, "image"), "checked_limits");
  for (size_t i = 0; is_told && i < G_N_ELEMENTS (checked_limits); i++)
    {
      (void) json_object_del (before, checked_limits[i]);
      (void) json_object_del (after, checked_limits[i]);
    }
  terrane_comparison_add_difference (self, TERRANE_CAUSE_VALIDATION, NULL, "limits", before, after);
}

/* [NAME, DIGEST, …] */
static void
compare_scripts (TerraneComparison *self, const json_t *old, const json_t *now)
{
  for (size_t i = 0; i + 1 < json_array_size (now); i += 2)
    {
      const char *name = json_string_value (json_array_get (now, i));
      gboolean same = FALSE, known = FALSE;
      for (size_t k = 0; k + 1 < json_array_size (old); k += 2)
        if (json_equal (json_array_get (old, k), json_array_get (now, i)))
          {
            known = TRUE;
            same = json_equal (json_array_get (old, k + 1), json_array_get (now, i + 1));
          }
      if (same || !known) /* a new one is a difference of "validate" */
        continue;
      g_autofree char *line = g_strdup_printf ("the script %s changed", name);
      (void) terrane_comparison_add (self, TERRANE_CAUSE_VALIDATION, NULL, line);
    }
}

/* Digests; other numbers of events are a difference of "validate". */
static void
compare_events (TerraneComparison *self, const json_t *old, const json_t *now)
{
  const size_t n = json_array_size (now);
  for (size_t i = 0; json_array_size (old) == n && i < n; i++)
    {
      g_autofree char *line = g_strdup_printf ("the event %zu changed", i + 1);
      if (!json_equal (json_array_get (old, i), json_array_get (now, i)))
        (void) terrane_comparison_add (self, TERRANE_CAUSE_VALIDATION, NULL, line);
    }
}

static void
compare_emulator (TerraneComparison *self, const json_t *old, const json_t *now)
{
  /* Another platform has its own emulator. */
  if (terrane_member_differs (self->before, self->after, "platform"))
    return;
  terrane_comparison_add_difference (self, TERRANE_CAUSE_VALIDATION, NULL, "emulator",
                                     json_object_get (old, "emulator"),
                                     json_object_get (now, "emulator"));
}

static void
compare_validation (TerraneComparison *self)
{
  static const char *const plain[] = { "sandbox", "unconfined", "sandbox_version" };
  const json_t *old = json_object_get (self->before, "validation");
  const json_t *now = json_object_get (self->after, "validation");
  if (old == NULL || now == NULL)
    return;
  g_autoptr (OciJsonValue) before = parse_text (old, "validate");
  g_autoptr (OciJsonValue) after = parse_text (now, "validate");
  terrane_comparison_add_difference (self, TERRANE_CAUSE_VALIDATION, NULL, "validate", before,
                                     after);
  compare_validation_limits (self, old, now);
  compare_scripts (self, json_object_get (old, "scripts"), json_object_get (now, "scripts"));
  compare_events (self, json_object_get (old, "events"), json_object_get (now, "events"));
  if (terrane_member_differs (old, now, "version"))
    (void) terrane_comparison_add (self, TERRANE_CAUSE_VALIDATION, NULL,
                                   "the built-in operations changed");
  for (size_t i = 0; i < G_N_ELEMENTS (plain); i++)
    terrane_comparison_add_difference (self, TERRANE_CAUSE_VALIDATION, NULL, plain[i],
                                       json_object_get (old, plain[i]),
                                       json_object_get (now, plain[i]));
  compare_emulator (self, old, now);
}

/* Annotations that follow from something that has a cause of its own. */
static const struct
{
  const char *prefix;
  TerraneCauseKind kind;
  const char *source; /* (nullable): that the cause is about */
} consequences[] = {
  { "org.opencontainers.image.base.", TERRANE_CAUSE_SOURCE, "base" },
  { "io.terrane.assembler", TERRANE_CAUSE_TOOLS, NULL },
  { TERRANE_ANNOTATION_TARGET, TERRANE_CAUSE_TARGET, NULL },
};

static gboolean
has_cause (const TerraneComparison *self, TerraneCauseKind kind, const char *source)
{
  size_t i;
  json_t *cause;
  const char *word = terrane_cause_kind_name (kind);
  json_array_foreach (self->causes, i, cause)
  {
    if (strcmp (terrane_member_text (cause, "kind"), word) == 0
        && g_strcmp0 (terrane_member_text (cause, "name"), source) == 0)
      return TRUE;
  }
  return FALSE;
}

static gboolean
is_consequence (const TerraneComparison *self, const char *annotation)
{
  for (size_t i = 0; i < G_N_ELEMENTS (consequences); i++)
    if (g_str_has_prefix (annotation, consequences[i].prefix))
      return has_cause (self, consequences[i].kind, consequences[i].source);
  return FALSE;
}

static gboolean
has_own_time (const json_t *inputs)
{
  return json_is_true (json_object_get (json_object_get (inputs, "image"), "own_time"));
}

static void
compare_annotation (TerraneComparison *self, const char *name, const json_t *before,
                    const json_t *after)
{
  g_autofree char *what = g_strconcat ("annotations.", name, NULL);
  /* The time is in the configuration, too, unless the profile overrides the annotation. */
  gboolean in_config = strcmp (name, TERRANE_ANNOTATION_CREATED) == 0
                       && !has_own_time (self->before) && !has_own_time (self->after);
  if (!is_consequence (self, name))
    terrane_comparison_add_difference (self,
                                       in_config ? TERRANE_CAUSE_CONFIG : TERRANE_CAUSE_ANNOTATIONS,
                                       NULL, what, before, after);
}

static void
compare_annotations (TerraneComparison *self, const json_t *before, const json_t *after)
{
  const char *name;
  json_t *value;
  json_object_foreach ((json_t *) after, name, value)
      compare_annotation (self, name, json_object_get (before, name), value);
  json_object_foreach ((json_t *) before, name, value)
  {
    if (json_object_get (after, name) == NULL)
      compare_annotation (self, name, value, NULL);
  }
}

static void
compare_limits (TerraneComparison *self, const json_t *old, const json_t *now)
{
  g_autoptr (OciJsonValue) before = parse_text (old, "limits"), after = parse_text (now, "limits");
  if (!terrane_member_differs (old, now, "checked_limits"))
    return;
  for (size_t i = 0; i < G_N_ELEMENTS (checked_limits); i++)
    {
      g_autofree char *what = g_strconcat ("limits.", checked_limits[i], NULL);
      terrane_comparison_add_difference (self, TERRANE_CAUSE_CHECKS, NULL, what,
                                         json_object_get (before, checked_limits[i]),
                                         json_object_get (after, checked_limits[i]));
    }
}

static void
compare_image (TerraneComparison *self)
{
  const json_t *old = json_object_get (self->before, "image");
  const json_t *now = json_object_get (self->after, "image");
  terrane_comparison_add_difference (self, TERRANE_CAUSE_CONFIG, NULL, "config",
                                     json_object_get (self->before, "config"),
                                     json_object_get (self->after, "config"));
  if (old == NULL || now == NULL)
    return;
  compare_annotations (self, json_object_get (old, "annotations"),
                       json_object_get (now, "annotations"));
  terrane_comparison_add_difference (self, TERRANE_CAUSE_LAYERS, NULL, "layers",
                                     json_object_get (old, "layers"),
                                     json_object_get (now, "layers"));
  compare_limits (self, old, now);
  terrane_comparison_add_difference (self, TERRANE_CAUSE_CHECKS, NULL, "geo",
                                     json_object_get (old, "geo"), json_object_get (now, "geo"));
}

void
terrane_compare_images (TerraneComparison *self)
{
  compare_image (self);
  compare_validation (self);
}
