/* What has moved since a profile was locked: docs/drift.md. */
#pragma once

#include "builder/drift/report.h"
#include "builder/profile/lock.h"
#include "builder/profile/profile.h"
#include "builder/remote/remote.h"
#include "builder/store/store.h"

G_BEGIN_DECLS

enum
{
  TERRANE_DRIFT_DAYS = 90, /* before an end of life it is reported */
};

typedef struct
{
  TerraneStore *store;
  TerraneRemote *remote;
  gboolean offline;
  unsigned jobs;
  const TerraneProgress *progress;
  const char *today;             /* "YYYY-MM-DD" */
  unsigned days;                 /* before an end of life */
  const char *end_of_life;       /* (nullable): a table instead of the program's own */
  const char *const *advisories; /* (nullable): files and directories instead of the service */
  const char *service;           /* (nullable): instead of TERRANE_ADVISORY_SERVICE */
  const char *const *ignored;    /* (nullable): ids: see TerraneDriftRules */
  gboolean fixable;              /* see TerraneDriftRules */
} TerraneDriftOptions;

typedef struct _TerraneDrift TerraneDrift;

/** @options: copied; what it refers to must outlive @self. Returns: (transfer full) (nullable) */
TerraneDrift *terrane_drift_new (const TerraneDriftOptions *options, GError **error);
void terrane_drift_free (TerraneDrift *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneDrift, terrane_drift_free)

/**
 * terrane_drift_add:
 * @profile: for the platform; must outlive @self
 *
 * Asks everything about one platform of a profile but for advisories. What cannot be answered is in
 * the report; fails only with what ends everything.
 */
gboolean terrane_drift_add (TerraneDrift *self, const TerraneProfile *profile,
                            const TerraneLock *lock, const char *platform, GError **error);

/** Asks for advisories about all that were added, at once. Returns: (transfer full) (nullable): the
 * document of docs/record.md */
json_t *terrane_drift_finish (TerraneDrift *self, GError **error);

G_END_DECLS
