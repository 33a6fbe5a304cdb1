#include "builder/diff/findings.h"

#include "builder/annotations.h"
#include "builder/check/check.h"

#include "oci/base/text-hash.h"

/* Returns the target that the image was built for, as in 'terrane check'. */
static TerraneTarget
target_of (const TerraneDiffSide *side)
{
  TerraneTarget target = TERRANE_TARGET_AWS_LAMBDA;
  const json_t *known =
      json_object_get (side->image->manifest->annotations, TERRANE_ANNOTATION_TARGET);
  if (json_is_string (known))
    (void) terrane_target_parse (json_string_value (known), &target); /* or a later version's */
  return target;
}

json_t *
terrane_diff_check (TerraneDiffSide *side, const char *today, GError **error)
{
  if (!terrane_image_files_load (&side->files, side->store, error))
    return NULL;
  TerraneImageView view =
      terrane_image_files_view (&side->files, side->store, side->image->config, side->layer_names);
  const TerraneImageLayers layers = {
    .manifest = side->image->manifest,
    .audit = side->files.audit,
    .names = view.names + 1,
    .from_index = side->image->descriptor->of_index,
  };
  const TerraneCheck checked = {
    .view = &view,
    .target = target_of (side),
    .layers = &layers,
    .audit = side->files.audit,
    .today = today,
  };
  g_autoptr (TerraneFindings) findings = terrane_findings_new ();
  return terrane_check_run (&checked, findings, error) ? terrane_findings_to_json (findings) : NULL;
}

static char *
key_of (const json_t *finding)
{
  const char *path = json_string_value (json_object_get (finding, "path"));
  return g_strdup_printf ("%s\n%s\n%s\n%s", json_string_value (json_object_get (finding, "id")),
                          json_string_value (json_object_get (finding, "severity")),
                          path != NULL ? path : "",
                          json_string_value (json_object_get (finding, "message")));
}

/* Returns findings of @some that @other lacks. */
static json_t *
only_in (const json_t *some, const json_t *other)
{
  size_t i;
  json_t *item, *rows = json_array ();
  g_autoptr (GHashTable) known = g_hash_table_new_full (oci_text_hash, g_str_equal, g_free, NULL);
  json_array_foreach (other, i, item) g_hash_table_add (known, key_of (item));
  json_array_foreach (some, i, item)
  {
    g_autofree char *key = key_of (item);
    if (!g_hash_table_contains (known, key))
      oci_json_append (rows, json_incref (item));
  }
  return rows;
}

json_t *
terrane_diff_findings (TerraneDiffSide *a, TerraneDiffSide *b, const char *today, GError **error)
{
  g_autoptr (OciJsonValue) left = terrane_diff_check (a, today, error);
  g_autoptr (OciJsonValue) right = left != NULL ? terrane_diff_check (b, today, error) : NULL;
  if (right == NULL)
    return NULL;
  json_t *object = json_object ();
  oci_json_set (object, "came", only_in (right, left));
  oci_json_set (object, "went", only_in (left, right));
  return object;
}
