/* Tables of the rows, by subject. Each row is tried by one function. */
#pragma once

#include "builder/doctor/symptom.h"

G_BEGIN_DECLS

typedef struct
{
  const TerraneDoctor *doctor;
  GPtrArray *symptoms; /* a row may add several */
  const char *group, *name;
} TerraneRound;

typedef struct
{
  const char *group;
  const char *name;
  void (*look) (TerraneRound *round);
} TerraneDoctorRow;

/* Each ends with an entry without a name. */
extern const TerraneDoctorRow terrane_doctor_sandbox_rows[];
extern const TerraneDoctorRow terrane_doctor_host_rows[];
extern const TerraneDoctorRow terrane_doctor_store_rows[];
extern const TerraneDoctorRow terrane_doctor_access_rows[];

/** Adds a result of the current row. @fix: (nullable) */
void terrane_round_add (TerraneRound *self, TerraneSymptomStatus status, const char *fix,
                        const char *format, ...) G_GNUC_PRINTF (4, 5);

/** Runs a program. Returns: (transfer full) (nullable): the first line that it prints, %NULL if it
 * is not in PATH */
char *terrane_round_ask_program (const char *const *argv);

G_END_DECLS
