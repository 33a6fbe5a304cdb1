#include "builder/doctor/symptom.h"

#include "oci/base/json.h"

const char *
terrane_symptom_status_name (TerraneSymptomStatus status)
{
  static const char *const names[] = { "ok", "limited", "missing" };
  return names[status];
}

void
terrane_symptom_free (gpointer data)
{
  TerraneSymptom *self = data;
  g_free (self->found);
  g_free (self->fix);
  g_free (self);
}

json_t *
terrane_doctor_to_json (const GPtrArray *symptoms)
{
  json_t *list = json_array ();
  for (guint i = 0; i < symptoms->len; i++)
    {
      const TerraneSymptom *symptom = symptoms->pdata[i];
      json_t *object = json_object ();
      oci_json_set (object, "group", oci_json_text (symptom->group));
      oci_json_set (object, "name", oci_json_text (symptom->name));
      oci_json_set (object, "status",
                    oci_json_text (terrane_symptom_status_name (symptom->status)));
      oci_json_set (object, "found", oci_json_text (symptom->found));
      if (symptom->fix != NULL)
        oci_json_set (object, "fix", oci_json_text (symptom->fix));
      oci_json_append (list, object);
    }
  return list;
}
