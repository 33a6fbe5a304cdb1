/* Finds out what has changed since a profile was locked: docs/drift.md.
 *
 * Errors: %OCI_ERROR_USAGE, %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, %OCI_ERROR_UNSUPPORTED,
 * %OCI_ERROR_LIMIT, %OCI_ERROR_NOT_FOUND, %OCI_ERROR_UNREACHABLE, %OCI_ERROR_NETWORK,
 * %OCI_ERROR_TIMEOUT, %OCI_ERROR_DENIED, %OCI_ERROR_IO, %OCI_ERROR_CANCELLED, codes of %G_IO_ERROR
 * (from libostree), codes of %G_RESOURCE_ERROR. */
#pragma once

#include "builder/drift/report.h"
#include "builder/profile/lock.h"
#include "builder/profile/profile.h"
#include "builder/remote/remote.h"
#include "builder/store/store.h"

G_BEGIN_DECLS

enum
{
  TERRANE_DRIFT_DAYS =
      90, /* default number of days before an end of life from which it is reported */
};

typedef struct
{
  TerraneStore *store;
  TerraneRemote *remote;
  gboolean offline;
  unsigned jobs;
  const TerraneProgress *progress;
  const char *today;             /* "YYYY-MM-DD" */
  unsigned days;                 /* number of days before an end of life */
  const char *end_of_life;       /* (nullable): a table that replaces the built-in one */
  const char *const *advisories; /* (nullable): files and directories that replace the service */
  const char *service;           /* (nullable): replaces TERRANE_ADVISORY_SERVICE */
  const char *const *ignored;    /* (nullable): ids: see TerraneDriftRules */
  gboolean fixable;              /* see TerraneDriftRules */
} TerraneDriftOptions;

typedef struct _TerraneDrift TerraneDrift;

/**
 * terrane_drift_new:
 * @options: copied; what it refers to must outlive @self. Returns: (transfer full)
 *
 * Errors: see the head.
 */
TerraneDrift *terrane_drift_new (const TerraneDriftOptions *options, GError **error);
void terrane_drift_free (TerraneDrift *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneDrift, terrane_drift_free)

/**
 * terrane_drift_add:
 * @profile: for the platform; must outlive @self
 *
 * Examines one platform of a profile, except for advisories. Questions that cannot be answered are
 * in the report; an error means that drift as a whole cannot continue.
 *
 * Errors: see the head.
 */
gboolean terrane_drift_add (TerraneDrift *self, const TerraneProfile *profile,
                            const TerraneLock *lock, const char *platform, GError **error);

/** Looks for advisories about everything that was added, at once. Returns: (transfer full): the
 * document of docs/record.md. Errors: see the head. */
json_t *terrane_drift_finish (TerraneDrift *self, GError **error);

G_END_DECLS
