#include "builder/diff/compiled.h"

#include "builder/diff/change.h"
#include "builder/elf/elf-sections.h"
#include "builder/store/object.h"

#include <string.h>

static json_t *
names_of (const TerraneElfDifference *difference)
{
  json_t *names = json_array ();
  for (guint i = 0; i < difference->sections->len; i++)
    oci_json_append (names, oci_json_text (difference->sections->pdata[i]));
  return names;
}

/* The sections tell which part of a compilation to examine; a byte of the file is for files without
 * sections. */
static gboolean
describe_content (json_t *row, const TerraneDiffRoot *a, const TerraneDiffRoot *b,
                  const TerraneDiffChange *change, GError **error)
{
  g_auto (OciFd) left = -1, right = -1;
  TerraneDiffByte byte = { .found = FALSE };
  if (!terrane_object_open_verified (a->store, change->a, &left, error)
      || !terrane_object_open_verified (b->store, change->b, &right, error))
    return FALSE;
  g_auto (TerraneElfDifference) elf = { 0 };
  terrane_elf_compare (left, right, &elf);
  if (elf.sections->len > 0)
    {
      oci_json_set_text (row, "section", elf.sections->pdata[0]);
      oci_json_set (row, "sections", names_of (&elf));
    }
  if (elf.in_content)
    {
      oci_json_set (row, "section_offset", json_integer ((json_int_t) elf.byte));
      oci_json_set (row, "offset", json_integer ((json_int_t) elf.offset));
      return TRUE;
    }
  if (!terrane_diff_content (a->store, change->a, b->store, change->b, &byte, error))
    return FALSE;
  oci_json_set (row, "offset", json_integer ((json_int_t) byte.offset));
  return TRUE;
}

static void
describe_values (json_t *row, const char *word, const TerraneNode *a, const TerraneNode *b)
{
  static const char *const types[] = { "file", "directory", "link" };
  g_autofree char *from = NULL, *to = NULL;
  if (strcmp (word, "type") == 0)
    {
      from = g_strdup (types[a->type]);
      to = g_strdup (types[b->type]);
    }
  else if (strcmp (word, "mode") == 0)
    {
      from = g_strdup_printf ("%04o", a->mode);
      to = g_strdup_printf ("%04o", b->mode);
    }
  else if (strcmp (word, "target") == 0)
    {
      from = g_strdup (a->target);
      to = g_strdup (b->target);
    }
  oci_json_set_text (row, "from", from);
  oci_json_set_text (row, "to", to);
}

static gboolean
describe (json_t *row, const TerraneDiffRoot *a, const TerraneDiffRoot *b,
          const TerraneDiffChange *change, GError **error)
{
  g_autoptr (GPtrArray) words = NULL;
  g_autofree char *path = g_strconcat ("/", change->path, NULL);
  oci_json_set (row, "path", oci_json_text (path));
  if (!terrane_diff_attributes (change, a->store, b->store, &words, error))
    return FALSE;
  const char *word = words->len > 0 ? words->pdata[0] : "present";
  oci_json_set (row, "attribute", oci_json_text (word));
  if (change->a == NULL || change->b == NULL)
    oci_json_set_text (row, "only_in", change->a != NULL ? "first" : "second");
  else
    describe_values (row, word, change->a, change->b);
  return strcmp (word, "content") != 0 || describe_content (row, a, b, change, error);
}

json_t *
terrane_diff_compiled (const TerraneDiffRoot *a, const TerraneDiffRoot *b, GError **error)
{
  g_autoptr (OciJsonValue) rows = json_array ();
  g_autoptr (TerraneTreeDiff) diff = terrane_tree_diff_new (a, b, error);
  if (diff == NULL)
    return NULL;
  for (guint i = 0; i < diff->changes->len; i++)
    {
      json_t *row = json_object ();
      oci_json_append (rows, row);
      if (!describe (row, a, b, diff->changes->pdata[i], error))
        return NULL;
    }
  return g_steal_pointer (&rows);
}
