/* The content of an image as far as it is known without the network: the wheels of the lock, and
 * the packages of the image, or of its base, if the store has them. */
#pragma once

#include "builder/drift/image-root.h"
#include "builder/drift/osv.h"
#include "builder/drift/report.h"

G_BEGIN_DECLS

typedef struct
{
  TerraneOsvPackage *package;
  char *source; /* (nullable): the tree that contains it, "base" */
  GPtrArray *
      packages; /* of char *: for Debian, packages built from the source package; otherwise paths */
} TerraneComponent;

/* A version constraint of a package in the image about another one. */
typedef struct
{
  char *name;       /* normalised: of the package that is needed */
  char *needed_by;  /* a distribution of the image */
  char *specifiers; /* versions that it allows */
} TerraneNeed;

typedef struct
{
  GPtrArray *components; /* of TerraneComponent */
  GPtrArray *needs;      /* of TerraneNeed */
  char *seen;            /* "image", "base" or "lock": where packages were found */
  char *python;          /* (nullable): "3.11.2", "3.11" */
  char *runtime;         /* (nullable): "python3.12", for an image of AWS, or one based on it */
  char *os;              /* (nullable): ID of os-release */
  char *os_version;      /* (nullable): its VERSION_ID */
} TerraneInventory;

/**
 * terrane_inventory_new:
 * @report: receives questions that cannot be answered
 *
 * Returns: (transfer full): an error means that drift as a whole cannot continue
 * Errors: %OCI_ERROR_USAGE, %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, %OCI_ERROR_UNSUPPORTED,
 *   %OCI_ERROR_LIMIT, %OCI_ERROR_UNREACHABLE, %OCI_ERROR_NETWORK, %OCI_ERROR_TIMEOUT,
 *   %OCI_ERROR_DENIED, %OCI_ERROR_IO, %OCI_ERROR_CANCELLED, codes of %G_IO_ERROR (from libostree).
 */
TerraneInventory *terrane_inventory_new (const TerraneInventoryContext *context,
                                         TerraneDriftReport *report, GError **error);
void terrane_inventory_free (TerraneInventory *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneInventory, terrane_inventory_free)

G_END_DECLS
