#include "builder/diff/compiled.h"

#include "builder/diff/change.h"
#include "builder/elf/elf-sections.h"
#include "builder/store/object.h"

#include <string.h>

/* The section tells which part of a compilation to examine; the byte is for files without
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
  g_autofree char *section = terrane_elf_first_difference (left, right);
  oci_json_set_text (row, "section", section);
  if (!terrane_diff_content (a->store, change->a, b->store, change->b, &byte, error))
    return FALSE;
  oci_json_set (row, "offset", json_integer ((json_int_t) byte.offset));
  return TRUE;
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
