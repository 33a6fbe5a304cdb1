/* Prints the output of terrane build on stdout. */
#pragma once

#include "builder/build.h"

G_BEGIN_DECLS

/** Prints layers, validation, name and digest, and pushes. @record: with the deliveries */
void terrane_build_report_print (const TerraneBuild *build, const char *profile,
                                 const json_t *record);

/** Prints one line for each of several profiles. @rows: array of {"profile", "passed", "record"} */
void terrane_build_report_print_summary (const json_t *rows);

G_END_DECLS
