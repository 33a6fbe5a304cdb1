#include "builder/doctor/doctor.h"

#include "builder/doctor/rows.h"

static void
look (TerraneRound *round, const TerraneDoctorRow *rows)
{
  for (; rows->name != NULL; rows++)
    {
      round->group = rows->group;
      round->name = rows->name;
      rows->look (round);
    }
}

GPtrArray *
terrane_doctor_run (const TerraneDoctor *self)
{
  g_autoptr (GPtrArray) symptoms = g_ptr_array_new_with_free_func (terrane_symptom_free);
  TerraneRound round = { .doctor = self, .symptoms = symptoms };
  look (&round, terrane_doctor_sandbox_rows);
  look (&round, terrane_doctor_store_rows);
  look (&round, terrane_doctor_host_rows);
  look (&round, terrane_doctor_access_rows);
  return g_steal_pointer (&symptoms);
}
