/* What is in an image, as far as it is known without the network: the wheels of the lock, and the
 * packages of the image, or of its base, when the store has them. */
#pragma once

#include "builder/drift/image-root.h"
#include "builder/drift/osv.h"
#include "builder/drift/report.h"

G_BEGIN_DECLS

typedef struct
{
  TerraneOsvPackage *package;
  char *source; /* (nullable): the tree that brings it, "base" */
  GPtrArray
      *packages; /* of char *: of Debian, those built from the source package; else of paths */
} TerraneComponent;

/* Another version than the locked one that a package of the image does not allow. */
typedef struct
{
  char *name;       /* normalised: of what is needed */
  char *needed_by;  /* a distribution of the image */
  char *specifiers; /* what it allows */
} TerraneNeed;

typedef struct
{
  GPtrArray *components; /* of TerraneComponent */
  GPtrArray *needs;      /* of TerraneNeed */
  char *seen;            /* "image", "base" or "lock": where packages were looked for */
  char *python;          /* (nullable): "3.11.2", "3.11" */
  char *runtime;         /* (nullable): "python3.12", of an image that AWS made, or one on it */
  char *os;              /* (nullable): ID of os-release */
  char *os_version;      /* (nullable): its VERSION_ID */
} TerraneInventory;

/**
 * terrane_inventory_new:
 * @report: gets what cannot be told
 *
 * Returns: (transfer full) (nullable): %NULL only for what ends everything
 */
TerraneInventory *terrane_inventory_new (const TerraneInventoryContext *context,
                                         TerraneDriftReport *report, GError **error);
void terrane_inventory_free (TerraneInventory *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneInventory, terrane_inventory_free)

G_END_DECLS
