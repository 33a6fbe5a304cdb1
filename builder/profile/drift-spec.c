#include "builder/profile/drift-spec.h"

#include "builder/profile/field-types.h"

#include "oci/base/date.h"

enum
{
  MAX_IGNORED = 1000,
};

static void
check_until (const OciJson *at, char **until)
{
  g_autofree char *quoted = oci_quote (*until);
  if (!oci_date_is_valid (*until))
    oci_json_problem (at, "%s: expected a date, YYYY-MM-DD", quoted);
}

static const TerraneField ignore_fields[] = {
  { .name = "id",
    .type = &terrane_field_text,
    .offset = offsetof (TerraneDriftIgnore, id),
    .parts = TERRANE_PART_NOTHING,
    .required = TRUE,
    .min = 1,
    .help = "An advisory by any of its names, such as ‘CVE-2026-1234’, or another finding by its "
            "id or kind." },
  { .name = "reason",
    .type = &terrane_field_text,
    .offset = offsetof (TerraneDriftIgnore, reason),
    .parts = TERRANE_PART_NOTHING,
    .required = TRUE,
    .min = 1,
    .help = "The reason, shown in the result." },
  { .name = "until",
    .type = &terrane_field_text,
    .offset = offsetof (TerraneDriftIgnore, until),
    .parts = TERRANE_PART_NOTHING,
    .check = check_until,
    .help = "The last day on which it is ignored, YYYY-MM-DD." },
  { .name = NULL },
};

const TerraneSection terrane_drift_ignore_section = { .fields = ignore_fields,
                                                      .size = sizeof (TerraneDriftIgnore) };

static const TerraneField fields[] = {
  { .name = "ignore",
    .type = &terrane_field_objects,
    .offset = offsetof (TerraneDriftSpec, ignore),
    .parts = TERRANE_PART_NOTHING,
    .section = &terrane_drift_ignore_section,
    .max = MAX_IGNORED,
    .help = "Findings that do not count." },
  { .name = NULL },
};

const TerraneSection terrane_drift_section = { .fields = fields,
                                               .size = sizeof (TerraneDriftSpec) };
