/* What the Python side of the validation says, one line for each outcome. It comes out of the
 * image: any of it may be missing, wrong or made up. */
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
  char *begun;        /* (nullable): what had begun and not ended */
  gboolean ended;     /* the process said that it was through */
  char *rest;         /* the output without these lines */
} TerraneReport;

void terrane_report_clear (TerraneReport *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerraneReport, terrane_report_clear)

/**
 * terrane_report_parse:
 * @output: of the process
 * @token: what its lines start with
 * @kind: of the results; a literal
 *
 * Lines that are not as they should be are left in the rest.
 */
void terrane_report_parse (const char *output, const char *token, const char *kind,
                           TerraneReport *out_report);

/** What modules took of an import, by what its process said. Returns: (transfer full): array of
 * {"name", "self_usecs", "total_usecs"}, most first, at most ten */
json_t *terrane_report_modules (const json_t *facts);

G_END_DECLS
