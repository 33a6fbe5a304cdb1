/* A profile resolved for one platform: the profile as written, and for each source what it was
 * pinned to. Made by terrane_resolve(), used for fetching, reading and assembling. Its JSON form is
 * the platform's part of the lock. */
#pragma once

#include "builder/profile/lock.h"
#include "builder/profile/profile.h"
#include "builder/source/pin.h"

G_BEGIN_DECLS

typedef struct
{
  const TerraneProfile *profile; /* borrowed */
  char *platform;                /* "linux/amd64" */
  TerranePin *base;
  GPtrArray *trees;          /* of TerranePin, in the profile's order */
  TerraneProfileTexts texts; /* once the lock is complete: terrane_plan_set_lock() */
} TerranePlan;

/** Makes a plan without pins. @profile: must outlive the plan. Returns: (transfer full) */
TerranePlan *terrane_plan_new (const TerraneProfile *profile);

/** Writes the pins of the sources to @lock. */
void terrane_plan_fill_lock (const TerranePlan *self, TerraneLock *lock);

/** Sets the texts that refer to the lock. @digest: of the lock for the platform */
void terrane_plan_set_lock (TerranePlan *self, const OciDigest *digest);
void terrane_plan_free (TerranePlan *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerranePlan, terrane_plan_free)

G_END_DECLS
