/* Parses the output of the Python side of the validation, one line for each outcome. It comes from
 * inside the image: any of it may be missing, wrong or forged. */
#pragma once

#include "builder/validation/result.h"

G_BEGIN_DECLS

enum
{
  TERRANE_REPORT_MAX_RESULTS = 2000,
  TERRANE_REPORT_MAX_LINE = 64 * 1024,
};

typedef struct
{
  GPtrArray *results; /* of TerraneResult */
  char *begun;        /* (nullable): an operation that began and did not end */
  gboolean ended;     /* the process reported that it was finished */
  char *rest;         /* the output without these lines */
} TerraneReport;

void terrane_report_clear (TerraneReport *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerraneReport, terrane_report_clear)

/**
 * terrane_report_parse:
 * @output: of the process
 * @token: prefix of its lines
 * @kind: of the results; a literal
 *
 * Malformed lines stay in the rest.
 */
void terrane_report_parse (const char *output, const char *token, const char *kind,
                           TerraneReport *out_report);

/** Returns: (transfer full): time of an import by module, as reported by its process: array of
 * {"name", "self_usecs", "total_usecs"}, largest first, at most ten */
json_t *terrane_report_modules (const json_t *facts);

G_END_DECLS
