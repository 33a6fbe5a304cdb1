/* Matches advisories with the packages of images: records are added one by one, from any source,
 * and those about the same vulnerability become one finding. */
#pragma once

#include "builder/drift/inventory.h"
#include "builder/drift/osv.h"
#include "builder/drift/report.h"

G_BEGIN_DECLS

/* Safe to use from several threads. */
typedef struct _TerraneAdvisories TerraneAdvisories;

/** Returns: (transfer full): without packages and records */
TerraneAdvisories *terrane_advisories_new (void);
void terrane_advisories_free (TerraneAdvisories *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneAdvisories, terrane_advisories_free)

/** Adds the packages of @inventory to those that are watched. @inventory: must outlive @self */
void terrane_advisories_watch (TerraneAdvisories *self, const TerraneInventory *inventory);

/** Returns: (transfer none) (element-type TerraneOsvPackage): all watched packages, each once */
const GPtrArray *terrane_advisories_packages (const TerraneAdvisories *self);

/** Adds a record if it is about a watched package. */
void terrane_advisories_take (TerraneAdvisories *self, TerraneOsvRecord *record);

/** Adds the findings about @inventory to @report. */
void terrane_advisories_report (TerraneAdvisories *self, const TerraneInventory *inventory,
                                const TerraneDriftRules *rules, TerraneDriftReport *report);

G_END_DECLS
