#include "builder/report/report.h"

#include "builder/annotations.h"
#include "builder/diff/diff.h"
#include "builder/diff/findings.h"
#include "builder/report/contents.h"

#include <string.h>

static void
describe_image (const TerraneDiffSide *side, json_t *document)
{
  OciDigestText text;
  const TerraneOpenImage *image = side->image;
  g_autofree char *platform = oci_image_config_platform_text (image->config);
  oci_json_set_text (document, "name", side->name);
  oci_json_set (document, "digest",
                oci_json_text (oci_digest_text (&image->descriptor->digest, text)));
  oci_json_set_text (document, "platform", platform);
  oci_json_set_text (document, "created", oci_image_config_created (image->config));
  oci_json_set_text (document, "target",
                     json_string_value (json_object_get (image->manifest->annotations,
                                                         TERRANE_ANNOTATION_TARGET)));
  if (image->manifest->annotations != NULL)
    oci_json_set (document, "annotations", json_deep_copy (image->manifest->annotations));
  g_autoptr (GBytes) dump = oci_image_config_dump (image->config);
  gsize length = 0;
  const char *bytes = g_bytes_get_data (dump, &length);
  g_autoptr (OciJsonValue) config = json_loadb (bytes, length, 0, NULL);
  json_t *inner = json_object_get (config, "config");
  if (json_is_object (inner))
    oci_json_set (document, "config", json_incref (inner));
}

static json_t *
describe_layers (const TerraneDiffSide *side)
{
  OciDigestText text;
  json_t *layers = json_array ();
  for (guint i = 0; i < side->image->manifest->layers->len; i++)
    {
      const OciDescriptor *blob = side->image->manifest->layers->pdata[i];
      json_t *layer = json_object ();
      oci_json_set_text (layer, "title", side->layer_names[i + 1]);
      oci_json_set (layer, "digest", oci_json_text (oci_digest_text (&blob->digest, text)));
      oci_json_set (layer, "size", json_integer ((json_int_t) blob->size));
      oci_json_append (layers, layer);
    }
  return layers;
}

/* Takes the parts of the record about the image itself. */
static gboolean
take_record (const json_t *record, json_t *document, GError **error)
{
  static const char *const members[] = { "transforms", "validation", "validation_cached",
                                         "validation_emulator", "validation_not_run" };
  const char *digest = json_string_value (json_object_get (document, "digest"));
  const char *recorded = json_string_value (json_object_get (record, "digest"));
  if (g_strcmp0 (digest, recorded) != 0)
    {
      g_autofree char *quoted = oci_quote (recorded != NULL ? recorded : "");
      return oci_throw (error, OCI_ERROR_USAGE, "the record is of another image: %s, and not %s",
                        quoted, digest);
    }
  json_t *object = json_object ();
  for (gsize i = 0; i < G_N_ELEMENTS (members); i++)
    if (json_object_get (record, members[i]) != NULL)
      oci_json_set (object, members[i], json_incref (json_object_get (record, members[i])));
  oci_json_set (document, "record", object);
  return TRUE;
}

static gboolean
compare (TerraneDiffSide *other, TerraneDiffSide *image, json_t *document, GError **error)
{
  OciDigestText text;
  const TerraneDiffOptions options = { .symbols = FALSE };
  json_t *difference = terrane_diff (other, image, &options, error);
  if (difference == NULL)
    return FALSE;
  json_t *layers = json_array ();
  for (guint i = 0; i < other->image->manifest->layers->len; i++)
    {
      const OciDescriptor *blob = other->image->manifest->layers->pdata[i];
      oci_json_append (layers, oci_json_text (oci_digest_text (&blob->digest, text)));
    }
  oci_json_set (difference, "other_layers", layers);
  oci_json_set (document, "difference", difference);
  return TRUE;
}

json_t *
terrane_report (TerraneDiffSide *image, const TerraneReportOptions *options, GError **error)
{
  g_autoptr (OciJsonValue) document = json_object ();
  oci_json_set (document, "version", json_integer (1));
  describe_image (image, document);
  oci_json_set (document, "layers", describe_layers (image));
  json_t *findings = terrane_diff_check (image, options->today, error); /* also loads the files */
  if (findings == NULL)
    return NULL;
  oci_json_set (document, "findings", findings);
  if (!terrane_report_contents (image, document, error)
      || (options->record != NULL && !take_record (options->record, document, error))
      || (options->other != NULL && !compare (options->other, image, document, error)))
    return NULL;
  return g_steal_pointer (&document);
}
