#include "builder/profile/check-spec.h"

#include "builder/finding-ids.h"
#include "builder/profile/field-types.h"

#include <string.h>

enum
{
  MAX_ENTRIES = 100, /* for one id */
  MAX_PATHS = 100,
};

static const char *const level_words[] = { "off", "warn", "error", NULL };

static gboolean
is_family (const char *id)
{
  return g_str_has_suffix (id, ".*");
}

/* Whether "FAMILY.*" matches an id. */
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

/* Globs are compared with paths without a leading slash. */
static void
check_path (const OciJson *at, char **path)
{
  g_autofree char *quoted = oci_quote (*path);
  if ((*path)[0] == '\0' || (*path)[0] == '/' || g_str_has_suffix (*path, "/"))
    oci_json_problem (at, "%s: expected a pattern of paths in the image, such as \"var/task/**\"",
                      quoted);
}

/* Levels apply when findings are read, and are part of no key. */
static const TerraneField fields[] = {
  { .name = "level",
    .type = &terrane_field_word,
    .offset = offsetof (TerraneCheckSpec, level),
    .parts = TERRANE_PART_NOTHING,
    .required = TRUE,
    .words = level_words,
    .help = "‘off’: the finding does not count, which requires a ‘reason’. ‘warn’, ‘error’: it "
            "counts as that." },
  { .name = "reason",
    .type = &terrane_field_text,
    .offset = offsetof (TerraneCheckSpec, reason),
    .parts = TERRANE_PART_NOTHING,
    .min = 1,
    .help = "The reason, kept in the record of the build." },
  { .name = "paths",
    .type = &terrane_field_texts,
    .offset = offsetof (TerraneCheckSpec, paths),
    .parts = TERRANE_PART_NOTHING,
    .min = 1,
    .max = MAX_PATHS,
    .empty = "is empty; leave it out for findings about any path",
    .check = check_path,
    .help = "Only findings about a path that one of these patterns matches. They start at the root "
            "of the image; ‘**’ matches any directories, and a pattern of a directory also matches "
            "everything below it." },
  { .name = NULL },
};

static void
clear (gpointer self)
{
  g_clear_pointer (&((TerraneCheckSpec *) self)->id, g_free);
}

const TerraneSection terrane_check_section = { .fields = fields,
                                               .size = sizeof (TerraneCheckSpec),
                                               .clear = clear };

void
terrane_check_spec_free (TerraneCheckSpec *self)
{
  if (self != NULL)
    terrane_section_clear (&terrane_check_section, self);
  g_free (self);
}

/* "LEVEL", or {"level": LEVEL, "reason": TEXT, "paths": [GLOB, …]} */
static gboolean
read_level (const OciJson *at, TerraneCheckSpec *spec)
{
  unsigned word = 0;
  OciJson level;
  spec->level = TERRANE_CHECK_WARN; /* needs no reason if the level is wrong */
  if (json_is_object (at->value))
    {
      if (!terrane_section_read (&terrane_check_section, NULL, at, spec)
          || !oci_json_member (at, "level", &level))
        return FALSE;
    }
  else if (oci_json_word (at, level_words, &word))
    spec->level = (TerraneCheckLevel) word;
  else
    return FALSE;
  if (spec->level == TERRANE_CHECK_OFF && spec->reason == NULL)
    oci_json_problem (at, "needs a reason: { \"level\": \"off\", \"reason\": \"…\" }");
  return TRUE;
}

/* @position: where in @specs the entry goes; -1: at its end */
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
terrane_check_specs_read (const OciJson *checks, GPtrArray *specs)
{
  guint families = 0;
  const char *id;
  json_t *value;
  if (!oci_json_object (checks, NULL))
    return;
  json_object_foreach ((json_t *) checks->value, id, value)
  {
    OciJson member;
    (void) value;
    check_id (checks, id);
    if (oci_json_member (checks, id, &member))
      read_entries (&member, id, &families, specs);
  }
}
