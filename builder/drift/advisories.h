/* Which advisories are about the packages of images: records are taken one by one, from wherever
 * they are, and what they say of the same vulnerability becomes one finding. */
#pragma once

#include "builder/drift/inventory.h"
#include "builder/drift/osv.h"
#include "builder/drift/report.h"

G_BEGIN_DECLS

/* For several threads. */
typedef struct _TerraneAdvisories TerraneAdvisories;

TerraneAdvisories *terrane_advisories_new (void);
void terrane_advisories_free (TerraneAdvisories *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneAdvisories, terrane_advisories_free)

/** @inventory: must outlive @self */
void terrane_advisories_watch (TerraneAdvisories *self, const TerraneInventory *inventory);

/** All packages that are watched, each once. Returns: (transfer none) (element-type
 * TerraneOsvPackage) */
const GPtrArray *terrane_advisories_packages (const TerraneAdvisories *self);

/** Looks whether a record is about what is watched. */
void terrane_advisories_take (TerraneAdvisories *self, TerraneOsvRecord *record);

/** Adds what was found about @inventory. */
void terrane_advisories_report (TerraneAdvisories *self, const TerraneInventory *inventory,
                                const TerraneDriftRules *rules, TerraneDriftReport *report);

G_END_DECLS
