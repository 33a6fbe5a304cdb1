/* Prints the output of terrane deploy on stdout. */
#pragma once

#include <jansson.h>

/** Prints what was done. @report: from terrane_deploy_report() */
void terrane_deploy_report_print (const json_t *report);

/** Prints what would be done. @plan: from terrane_deploy_plan() */
void terrane_deploy_report_print_plan (const json_t *plan);
