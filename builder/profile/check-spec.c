#include "builder/profile/check-spec.h"

#include "builder/finding-ids.h"

#include <string.h>

enum
{
  MAX_ENTRIES = 100, /* of one id */
  MAX_PATHS = 100,
};

static const char *const level_words[] = { "off", "warn", "error", NULL };

void
terrane_check_spec_free (TerraneCheckSpec *self)
{
  if (self == NULL)
    return;
  g_free (self->id);
  g_free (self->reason);
  g_strfreev (self->paths);
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
  g_autofree char *problem = terrane_finding_id_problem (id);
  if (problem != NULL && !(is_family (id) && family_exists (id)))
    oci_json_problem (checks, "%s", problem);
}

/* Globs are compared with paths without a slash in front. */
static void
read_paths (const OciJson *at, TerraneCheckSpec *spec)
{
  if (!oci_json_strv (at, MAX_PATHS, &spec->paths))
    return;
  if (spec->paths[0] == NULL)
    oci_json_problem (at, "is empty; leave it out for findings about any path");
  for (char **path = spec->paths; *path != NULL; path++)
    {
      g_autofree char *quoted = oci_quote (*path);
      if ((*path)[0] == '\0' || (*path)[0] == '/' || g_str_has_suffix (*path, "/"))
        oci_json_problem (
            at, "%s: expected a pattern of paths in the image, such as \"var/task/**\"", quoted);
    }
}

/* "LEVEL", or {"level": LEVEL, "reason": TEXT, "paths": [GLOB, …]} */
static gboolean
read_level (const OciJson *at, TerraneCheckSpec *spec)
{
  static const char *const known[] = { "level", "reason", "paths", NULL };
  OciJson level = *at, reason, paths;
  const char *text = NULL;
  unsigned word = 0;
  if (json_is_object (at->value))
    {
      if (!oci_json_object (at, known) || !oci_json_require (at, "level", &level))
        return FALSE;
      if (oci_json_member (at, "reason", &reason) && oci_json_string (&reason, &text)
          && text[0] == '\0')
        oci_json_problem (&reason, "is empty");
      if (oci_json_member (at, "paths", &paths))
        read_paths (&paths, spec);
    }
  if (!oci_json_word (&level, level_words, &word))
    return FALSE;
  spec->level = (TerraneCheckLevel) word;
  spec->reason = g_strdup (text);
  if (spec->level == TERRANE_CHECK_OFF && text == NULL)
    oci_json_problem (at, "needs a reason: { \"level\": \"off\", \"reason\": \"…\" }");
  return TRUE;
}

/* @position: where @specs gets it; -1: at its end */
static void
read_entry (const OciJson *at, const char *id, int position, GPtrArray *specs)
{
  g_autoptr (TerraneCheckSpec) spec = g_new0 (TerraneCheckSpec, 1);
  if (!read_level (at, spec))
    return;
  spec->id = g_strdup (id);
  g_ptr_array_insert (specs, position, g_steal_pointer (&spec));
}

/* One entry, or an array of them. */
static void
read_entries (const OciJson *at, const char *id, guint *families, GPtrArray *specs)
{
  gboolean array = json_is_array (at->value);
  size_t count = array ? json_array_size (at->value) : 1;
  if (count == 0 || count > MAX_ENTRIES)
    oci_json_problem (at, "has %zu entries, expected 1 to %d", count, MAX_ENTRIES);
  for (size_t i = 0; i < MIN (count, MAX_ENTRIES); i++)
    {
      OciJson element = *at;
      if (array)
        oci_json_element (at, i, &element);
      if (array && !json_is_object (element.value))
        oci_json_problem (&element, "expected an object");
      else
        read_entry (&element, id, is_family (id) ? (int) (*families)++ : -1, specs);
    }
}

void
terrane_check_specs_read (const OciJson *root, GPtrArray *specs)
{
  OciJson checks;
  guint families = 0;
  const char *id;
  json_t *value;
  if (!oci_json_member (root, "checks", &checks) || !oci_json_object (&checks, NULL))
    return;
  json_object_foreach ((json_t *) checks.value, id, value)
  {
    OciJson member;
    (void) value;
    check_id (&checks, id);
    if (oci_json_member (&checks, id, &member))
      read_entries (&member, id, &families, specs);
  }
}
