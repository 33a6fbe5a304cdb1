#include "builder/profile/check-spec.h"

#include "builder/finding-ids.h"

#include <string.h>

static const char *const level_words[] = { "off", "warn", "error", NULL };

void
terrane_check_spec_free (TerraneCheckSpec *self)
{
  if (self == NULL)
    return;
  g_free (self->id);
  g_free (self->reason);
  g_free (self);
}

static gboolean
is_family (const char *id)
{
  return g_str_has_suffix (id, ".*");
}

/* Whether "FAMILY.*" is of some id. */
static gboolean
family_exists (const char *pattern)
{
  for (const char *const *id = terrane_finding_ids (); *id != NULL; id++)
    if (strncmp (*id, pattern, strlen (pattern) - 1) == 0)
      return TRUE;
  return FALSE;
}

static void
check_id (const OciJson *checks, const char *id)
{
  const char *const *known = terrane_finding_ids ();
  if (is_family (id) ? family_exists (id) : g_strv_contains (known, id))
    return;
  g_autofree char *quoted = oci_quote (id);
  const char *nearest = oci_nearest_word (id, known);
  oci_json_problem (checks, "%s: no finding has this id%s%s%s", quoted,
                    nearest != NULL ? "; did you mean ‘" : "", nearest != NULL ? nearest : "",
                    nearest != NULL ? "’?" : "");
}

/* "LEVEL", or {"level": LEVEL, "reason": TEXT} */
static gboolean
read_level (const OciJson *at, TerraneCheckSpec *spec)
{
  static const char *const known[] = { "level", "reason", NULL };
  OciJson level = *at, reason;
  const char *text = NULL;
  unsigned word = 0;
  if (json_is_object (at->value))
    {
      if (!oci_json_object (at, known) || !oci_json_require (at, "level", &level))
        return FALSE;
      if (oci_json_member (at, "reason", &reason) && oci_json_string (&reason, &text)
          && text[0] == '\0')
        oci_json_problem (&reason, "is empty");
    }
  if (!oci_json_word (&level, level_words, &word))
    return FALSE;
  spec->level = (TerraneCheckLevel) word;
  spec->reason = g_strdup (text);
  if (spec->level == TERRANE_CHECK_OFF && text == NULL)
    oci_json_problem (at, "needs a reason: { \"level\": \"off\", \"reason\": \"…\" }");
  return TRUE;
}

void
terrane_check_specs_read (const OciJson *root, GPtrArray *specs)
{
  OciJson checks;
  const char *id;
  json_t *value;
  if (!oci_json_member (root, "checks", &checks) || !oci_json_object (&checks, NULL))
    return;
  json_object_foreach ((json_t *) checks.value, id, value)
  {
    OciJson member;
    g_autoptr (TerraneCheckSpec) spec = g_new0 (TerraneCheckSpec, 1);
    (void) value;
    check_id (&checks, id);
    if (!oci_json_member (&checks, id, &member) || !read_level (&member, spec))
      continue;
    spec->id = g_strdup (id);
    g_ptr_array_insert (specs, is_family (id) ? 0 : -1, g_steal_pointer (&spec));
  }
}
