#include "builder/explain/explain-image.h"

#define OTHER_FILES "the file system is another one"
#define OTHER_CONFIG "the configuration is another one"

static gboolean
any_cause (const TerraneExplanation *self, TerraneCauseKind kind)
{
  g_autoptr (OciJsonValue) found = terrane_causes_find (self->causes, kind, NULL, NULL);
  return terrane_reasons_exist (found);
}

static void
add_causes (const TerraneExplanation *self, TerraneCauseKind kind, json_t *reasons)
{
  terrane_reasons_extend (reasons, terrane_causes_find (self->causes, kind, NULL, NULL));
}

static gboolean
is_other_base (const TerraneExplanation *self)
{
  const json_t *old = json_object_get (self->before, "base");
  const json_t *now = json_object_get (self->after, "base");
  return !terrane_explanation_is_same (old, now, "key")
         || !terrane_explanation_is_same (old, now, "commit");
}

/* Adds why an image whose cause is not among the others is made: the key of an image digests more
 * than what causes describe. */
static void
add_rest (const TerraneExplanation *self, json_t *reasons)
{
  static const char *const tools[] = { "assembler", "compressor", "checks", NULL };
  if (terrane_reasons_exist (reasons))
    return;
  if (terrane_explanation_tool_changed (self, tools))
    terrane_reasons_say (reasons, TERRANE_ANOTHER_VERSION);
  else if (terrane_explanation_is_same (json_object_get (self->before, "image"),
                                        json_object_get (self->after, "image"), "key"))
    terrane_reasons_say (reasons, "the image " TERRANE_GONE);
  else if (is_other_base (self))
    terrane_reasons_say (reasons, "the base is another one");
  else
    terrane_reasons_say (reasons, "its inputs are others");
}

static void
add_checks (TerraneExplanation *self)
{
  gboolean run = self->facts->checks == TERRANE_STEP_DONE;
  json_t *reasons = json_array ();
  if (run && self->before == NULL)
    terrane_reasons_say (reasons, "%s", self->unknown);
  else if (run)
    {
      add_causes (self, TERRANE_CAUSE_TARGET, reasons);
      if (!terrane_explanation_is_same (self->before, self->after, "assembled"))
        terrane_reasons_say (reasons, OTHER_FILES);
      else
        terrane_explanation_add_structure (self, reasons);
      if (any_cause (self, TERRANE_CAUSE_CONFIG))
        terrane_reasons_say (reasons, OTHER_CONFIG);
      if (any_cause (self, TERRANE_CAUSE_ANNOTATIONS))
        terrane_reasons_say (reasons, "the annotations are others");
      add_causes (self, TERRANE_CAUSE_CHECKS, reasons);
      if (terrane_explanation_is_same (self->before, self->after, "assembled"))
        terrane_explanation_add_division (self, NULL, reasons);
      add_rest (self, reasons);
    }
  else if (self->facts->image == TERRANE_STEP_DONE)
    terrane_reasons_say (reasons, TERRANE_FROM_CACHE);
  (void) terrane_explanation_add_step (self, "checks", NULL, run ? "run" : "reused",
                                       self->facts->rest_open, reasons);
}

static void
add_image (TerraneExplanation *self)
{
  gboolean made = self->facts->image == TERRANE_STEP_DONE;
  json_t *reasons = json_array ();
  if (self->before != NULL)
    {
      add_causes (self, TERRANE_CAUSE_TARGET, reasons);
      add_causes (self, TERRANE_CAUSE_CONFIG, reasons);
      add_causes (self, TERRANE_CAUSE_ANNOTATIONS, reasons);
    }
  if (made && self->before == NULL)
    terrane_reasons_say (reasons, "%s", self->unknown);
  else if (made)
    {
      if (!terrane_explanation_is_same (self->before, self->after, "assembled"))
        terrane_reasons_say (reasons, OTHER_FILES);
      else
        {
          terrane_explanation_add_structure (self, reasons);
          terrane_explanation_add_division (self, NULL, reasons);
        }
      if (!terrane_reasons_exist (reasons))
        add_causes (self, TERRANE_CAUSE_CHECKS, reasons);
      add_rest (self, reasons);
    }
  (void) terrane_explanation_add_step (self, "image", NULL, made ? "made" : "unchanged",
                                       self->facts->rest_open, reasons);
}

/* The configuration contains the digests and the names of the layers. */
static void
add_config (const TerraneExplanation *self, json_t *reasons)
{
  if (any_cause (self, TERRANE_CAUSE_CONFIG))
    terrane_reasons_say (reasons, OTHER_CONFIG);
  if (!terrane_explanation_is_same (self->before, self->after, "assembled"))
    return;
  terrane_explanation_add_structure (self, reasons);
  terrane_explanation_add_division (self, NULL, reasons);
}

/* Limits are a part of both. */
static void
add_limits (const TerraneExplanation *self, json_t *reasons)
{
  size_t i;
  json_t *text;
  g_autoptr (OciJsonValue) checks =
      terrane_causes_find (self->causes, TERRANE_CAUSE_CHECKS, NULL, NULL);
  json_array_foreach (checks, i, text)
  {
    if (g_str_has_prefix (json_string_value (text), "limits."))
      oci_json_append (reasons, json_incref (text));
  }
}

static void
add_validation_reasons (const TerraneExplanation *self, json_t *reasons)
{
  static const char *const tools[] = { "terrane", NULL };
  const json_t *old = json_object_get (self->before, "validation");
  const json_t *now = json_object_get (self->after, "validation");
  add_causes (self, TERRANE_CAUSE_VALIDATION, reasons);
  if (old == NULL)
    {
      terrane_reasons_say (reasons, "the last build ran none");
      return;
    }
  add_limits (self, reasons);
  add_causes (self, TERRANE_CAUSE_TARGET, reasons);
  if (!terrane_explanation_is_same (self->before, self->after, "assembled"))
    terrane_reasons_say (reasons, OTHER_FILES);
  if (!terrane_explanation_is_same (old, now, "config"))
    add_config (self, reasons);
  if (terrane_reasons_exist (reasons))
    return;
  if (terrane_explanation_tool_changed (self, tools))
    terrane_reasons_say (reasons, TERRANE_ANOTHER_VERSION);
  else if (now != NULL && json_equal ((json_t *) old, (json_t *) now))
    terrane_reasons_say (reasons, "its results were not in the store any more");
  else if (!terrane_explanation_is_same (old, now, "config"))
    terrane_reasons_say (reasons, OTHER_CONFIG);
  else
    terrane_reasons_say (reasons, "its inputs are others");
}

static void
add_validation (TerraneExplanation *self)
{
  static const char *const words[] = { [TERRANE_STEP_NOT_WANTED] = "not run",
                                       [TERRANE_STEP_REUSED] = "reused",
                                       [TERRANE_STEP_DONE] = "run" };
  TerraneStepState state = self->facts->validation;
  json_t *reasons = json_array ();
  if (state == TERRANE_STEP_DONE && self->before == NULL)
    terrane_reasons_say (reasons, "%s", self->unknown);
  else if (state == TERRANE_STEP_DONE)
    add_validation_reasons (self, reasons);
  else if (state == TERRANE_STEP_NOT_WANTED)
    terrane_reasons_say (reasons, "nothing is asked for, or it was left out");
  (void) terrane_explanation_add_step (self, "validation", NULL, words[state],
                                       self->facts->rest_open && state != TERRANE_STEP_NOT_WANTED,
                                       reasons);
}

void
terrane_explain_image (TerraneExplanation *self)
{
  add_checks (self);
  add_image (self);
  add_validation (self);
}
