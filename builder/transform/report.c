#include "builder/transform/report.h"

#include "oci/base/number.h"

enum
{
  MAX_NOTES = 30,
};

struct _TerraneTransformReport
{
  const char *transform;
  uint64_t files;
  int64_t saved;
  json_t *details; /* object of {"files", "saved"} */
  json_t *kept;    /* object of numbers of files */
  json_t *notes;   /* array of texts */
  uint64_t more_notes;
};

TerraneTransformReport *
terrane_transform_report_new (const char *transform)
{
  TerraneTransformReport *self = g_new0 (TerraneTransformReport, 1);
  self->transform = transform;
  self->details = json_object ();
  self->kept = json_object ();
  self->notes = json_array ();
  return self;
}

void
terrane_transform_report_free (TerraneTransformReport *self)
{
  if (self == NULL)
    return;
  json_decref (self->details);
  json_decref (self->kept);
  json_decref (self->notes);
  g_free (self);
}

static void
add_to (json_t *object, const char *key, int64_t number)
{
  json_int_t before = json_integer_value (json_object_get (object, key));
  oci_json_set (object, key, json_integer (before + number));
}

void
terrane_transform_report_count (TerraneTransformReport *self, const char *detail, uint64_t files,
                                int64_t saved)
{
  self->files += files;
  self->saved += saved;
  if (detail == NULL)
    return;
  json_t *object = json_object_get (self->details, detail);
  if (object == NULL)
    {
      object = json_object ();
      oci_json_set (self->details, detail, object);
    }
  add_to (object, "files", (int64_t) files);
  add_to (object, "saved", saved);
}

void
terrane_transform_report_keep (TerraneTransformReport *self, const char *reason)
{
  add_to (self->kept, reason, 1);
}

void
terrane_transform_report_note (TerraneTransformReport *self, const char *format, ...)
{
  if (json_array_size (self->notes) >= MAX_NOTES)
    {
      self->more_notes++;
      return;
    }
  va_list args;
  va_start (args, format);
  g_autofree char *text = g_strdup_vprintf (format, args);
  va_end (args);
  oci_json_append (self->notes, oci_json_text (text));
}

gboolean
terrane_transform_report_is_empty (const TerraneTransformReport *self)
{
  return self->files == 0 && json_object_size (self->kept) == 0
         && json_array_size (self->notes) == 0;
}

json_t *
terrane_transform_report_to_json (const TerraneTransformReport *self)
{
  json_t *object = json_object ();
  oci_json_set (object, "transform", oci_json_text (self->transform));
  oci_json_set (object, "files", json_integer ((json_int_t) self->files));
  oci_json_set (object, "saved", json_integer (self->saved));
  if (json_object_size (self->details) > 0)
    oci_json_set (object, "details", json_deep_copy (self->details));
  if (json_object_size (self->kept) > 0)
    oci_json_set (object, "kept", json_deep_copy (self->kept));
  if (json_array_size (self->notes) == 0)
    return object;
  json_t *notes = json_deep_copy (self->notes);
  if (self->more_notes > 0)
    {
      g_autofree char *more = g_strdup_printf ("and %" G_GUINT64_FORMAT " more", self->more_notes);
      oci_json_append (notes, oci_json_text (more));
    }
  oci_json_set (object, "notes", notes);
  return object;
}

/* "−45.1 MiB", "+14 MiB" */
static void
append_change (GString *text, json_int_t saved)
{
  g_autofree char *size = oci_format_size ((uint64_t) (saved < 0 ? -saved : saved));
  g_string_append_printf (text, "%s%s", saved < 0 ? "+" : saved > 0 ? "−" : "", size);
}

char *
terrane_transform_report_text (const json_t *report)
{
  GString *text = g_string_new (json_string_value (json_object_get (report, "transform")));
  const char *name;
  const char *separator = " (";
  json_t *value;
  if (json_integer_value (json_object_get (report, "files")) == 0
      && json_object_get (report, "kept") == NULL)
    {
      g_string_append (text, " nothing");
      return g_string_free (text, FALSE);
    }
  g_string_append_printf (text, " %" JSON_INTEGER_FORMAT " files, ",
                          json_integer_value (json_object_get (report, "files")));
  append_change (text, json_integer_value (json_object_get (report, "saved")));
  json_object_foreach (json_object_get (report, "details"), name, value)
  {
    g_string_append_printf (text, "%s%s ", separator, name);
    append_change (text, json_integer_value (json_object_get (value, "saved")));
    separator = ", ";
  }
  json_object_foreach (json_object_get (report, "kept"), name, value)
  {
    g_string_append_printf (text, "%s%" JSON_INTEGER_FORMAT " kept: %s", separator,
                            json_integer_value (value), name);
    separator = ", ";
  }
  if (separator[0] == ',')
    g_string_append_c (text, ')');
  return g_string_free (text, FALSE);
}
