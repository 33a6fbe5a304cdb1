/* What terrane deploy prints on stdout for people. */
#pragma once

#include <jansson.h>

/** What was done. @report: of terrane_deploy_report() */
void terrane_deploy_report_print (const json_t *report);

/** What would be done. @plan: of terrane_deploy_plan() */
void terrane_deploy_report_print_plan (const json_t *plan);
