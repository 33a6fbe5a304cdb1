#include "builder/doctor/rows.h"

#include "oci/base/process.h"

#include <string.h>

enum
{
  PROGRAM_MS = 20 * 1000,
};

void
terrane_round_add (TerraneRound *self, TerraneSymptomStatus status, const char *fix,
                   const char *format, ...)
{
  va_list args;
  TerraneSymptom *symptom = g_new0 (TerraneSymptom, 1);
  va_start (args, format);
  symptom->group = self->group;
  symptom->name = self->name;
  symptom->status = status;
  symptom->found = g_strdup_vprintf (format, args);
  symptom->fix = g_strdup (fix);
  va_end (args);
  g_ptr_array_add (self->symptoms, symptom);
}

char *
terrane_round_ask_program (const char *const *argv)
{
  g_auto (OciProcessResult) result = { 0 };
  g_autofree char *path = g_find_program_in_path (argv[0]);
  if (path == NULL)
    return NULL;
  if (!oci_process_run (argv, NULL, 0, PROGRAM_MS, &result, NULL) || result.exit_code != 0)
    return g_strdup_printf ("%s, which does not tell its version", path);
  result.output[strcspn (result.output, "\n")] = '\0';
  return g_strdup (g_strstrip (result.output));
}
