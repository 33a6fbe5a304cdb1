/* Advisories in the format of OSV (https://ossf.github.io/osv-schema/): reads a record, and decides
 * whether it affects a version of a package. Records are untrusted. */
#pragma once

#include "builder/drift/osv-versions.h"

#include "oci/base/json.h"

G_BEGIN_DECLS

enum
{
  TERRANE_OSV_MAX_BYTES = 32 * 1024 * 1024, /* of a record; the kernel's list some 100 kB */
};

/* A version of a package, in the words of advisories. */
typedef struct
{
  char *ecosystem; /* "PyPI", "Debian:12" */
  char *name;      /* normalised for PyPI */
  char *version;
  TerraneOsvOrder order;
} TerraneOsvPackage;

/** Returns: (transfer full) */
TerraneOsvPackage *terrane_osv_package_new (const char *ecosystem, const char *name,
                                            const char *version, TerraneOsvOrder order);
void terrane_osv_package_free (TerraneOsvPackage *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneOsvPackage, terrane_osv_package_free)

typedef struct _TerraneOsvRecord TerraneOsvRecord;

/** Whether @text can be the id of an advisory: it becomes a part of URLs and of reports. */
gboolean terrane_osv_is_id (const char *text);

/**
 * terrane_osv_record_parse:
 * @name: name of the record in messages
 *
 * Reads a record; as the schema says, unknown members are ignored.
 *
 * Returns: (transfer full)
 * Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_LIMIT.
 */
TerraneOsvRecord *terrane_osv_record_parse (const char *name, GBytes *data, GError **error);
/** Returns: (transfer full): @self */
TerraneOsvRecord *terrane_osv_record_ref (TerraneOsvRecord *self);
void terrane_osv_record_unref (TerraneOsvRecord *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneOsvRecord, terrane_osv_record_unref)

/* Getters return borrowed texts without characters that are unsafe to print. */
/** Returns: (transfer none): the id of the record */
const char *terrane_osv_record_id (const TerraneOsvRecord *self);
/** Returns: (transfer none): other names of the same vulnerability, NULL-terminated */
const char *const *terrane_osv_record_aliases (const TerraneOsvRecord *self);
/** Returns: (transfer none): the vulnerabilities that a distribution's record is about,
 * NULL-terminated */
const char *const *terrane_osv_record_upstream (const TerraneOsvRecord *self);
/** Returns: (transfer none) (nullable): one line; any text */
const char *terrane_osv_record_summary (const TerraneOsvRecord *self);

/** Called with the packages that the record is about: pairs of ecosystem and name. */
typedef void (*TerraneOsvPackageFunc) (gpointer data, const char *ecosystem, const char *name);
/** Calls @func for each package of the record. */
void terrane_osv_record_foreach (const TerraneOsvRecord *self, TerraneOsvPackageFunc func,
                                 gpointer data);

typedef enum
{
  TERRANE_OSV_UNAFFECTED,
  TERRANE_OSV_AFFECTED,
  TERRANE_OSV_UNDECIDED, /* its versions cannot be compared with that of the package */
} TerraneOsvVerdict;

/* The record's statements about an affected package; all borrowed. */
typedef struct
{
  const char *fixed;  /* (nullable): the first version that is no longer affected */
  const char *vector; /* (nullable): "CVSS:…" */
  const char *rating; /* (nullable): a word of the database: "HIGH", "unimportant" */
} TerraneOsvMatch;

/**
 * terrane_osv_record_judge:
 * @out_match: (out): set if the package is affected
 *
 * Applies the evaluation algorithm of the schema. Withdrawn records affect nothing. Local parts of
 * Python's versions ("+cpu") are ignored, and so are ranges of Git commits.
 */
TerraneOsvVerdict terrane_osv_record_judge (const TerraneOsvRecord *self,
                                            const TerraneOsvPackage *package,
                                            TerraneOsvMatch *out_match);

G_END_DECLS
