/* Advisories in the format of OSV (https://ossf.github.io/osv-schema/): reading a record, and
 * whether it is about a version of a package. Records come from strangers. */
#pragma once

#include "builder/drift/osv-versions.h"

#include "oci/base/json.h"

G_BEGIN_DECLS

enum
{
  TERRANE_OSV_MAX_BYTES = 32 * 1024 * 1024, /* of a record; the kernel's list some 100 kB */
};

/* A package of a version, as advisories name it. */
typedef struct
{
  char *ecosystem; /* "PyPI", "Debian:12" */
  char *name;      /* in PyPI normalised */
  char *version;
  TerraneOsvOrder order;
} TerraneOsvPackage;

TerraneOsvPackage *terrane_osv_package_new (const char *ecosystem, const char *name,
                                            const char *version, TerraneOsvOrder order);
void terrane_osv_package_free (TerraneOsvPackage *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneOsvPackage, terrane_osv_package_free)

typedef struct _TerraneOsvRecord TerraneOsvRecord;

/** Whether an advisory can have the id: it is a part of URLs and of reports. */
gboolean terrane_osv_is_id (const char *text);

/**
 * terrane_osv_record_parse:
 * @name: what the record is called in messages
 *
 * Members that are not known do not matter, as the schema says.
 *
 * Returns: (transfer full) (nullable): %NULL with %OCI_ERROR_FORMAT or %OCI_ERROR_LIMIT
 */
TerraneOsvRecord *terrane_osv_record_parse (const char *name, GBytes *data, GError **error);
TerraneOsvRecord *terrane_osv_record_ref (TerraneOsvRecord *self);
void terrane_osv_record_unref (TerraneOsvRecord *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneOsvRecord, terrane_osv_record_unref)

/* All borrowed; of characters that are safe to print. */
const char *terrane_osv_record_id (const TerraneOsvRecord *self);
/** Other names of the same: NULL-terminated. */
const char *const *terrane_osv_record_aliases (const TerraneOsvRecord *self);
/** What a distribution's record is about: NULL-terminated. */
const char *const *terrane_osv_record_upstream (const TerraneOsvRecord *self);
/** (nullable): a line; any text. */
const char *terrane_osv_record_summary (const TerraneOsvRecord *self);

/** The packages that the record has something about: (ecosystem, name) pairs. */
typedef void (*TerraneOsvPackageFunc) (gpointer data, const char *ecosystem, const char *name);
void terrane_osv_record_foreach (const TerraneOsvRecord *self, TerraneOsvPackageFunc func,
                                 gpointer data);

typedef enum
{
  TERRANE_OSV_UNAFFECTED,
  TERRANE_OSV_AFFECTED,
  TERRANE_OSV_UNDECIDED, /* its versions cannot be compared with that of the package */
} TerraneOsvVerdict;

/* What the record says of a package that it affects; all borrowed. */
typedef struct
{
  const char *fixed;  /* (nullable): the least version that is not affected any more */
  const char *vector; /* (nullable): "CVSS:…" */
  const char *rating; /* (nullable): a word of the database: "HIGH", "unimportant" */
} TerraneOsvMatch;

/**
 * terrane_osv_record_judge:
 * @out_match: (out): set when the package is affected
 *
 * By the evaluation algorithm of the schema. Withdrawn records affect nothing. Local parts of
 * Python's versions ("+cpu") do not count. Ranges of Git commits say nothing of a version.
 */
TerraneOsvVerdict terrane_osv_record_judge (const TerraneOsvRecord *self,
                                            const TerraneOsvPackage *package,
                                            TerraneOsvMatch *out_match);

G_END_DECLS
