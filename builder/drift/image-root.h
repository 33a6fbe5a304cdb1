/* Finds the file system in which to look for packages: that of the built image, if it is in the
 * store and has the base of the lock, otherwise that of the base. Makes no network requests. */
#pragma once

#include "builder/facts/image-view.h"
#include "builder/profile/lock.h"
#include "builder/profile/profile.h"
#include "builder/remote/remote.h"

G_BEGIN_DECLS

/* Parameters for searching the store. */
typedef struct
{
  TerraneStore *store;
  TerraneRemote *offline; /* makes no connection */
  const TerraneProfile *profile;
  const TerraneLock *lock;
  const char *platform;
  unsigned jobs;
  const TerraneProgress *progress;
} TerraneInventoryContext;

typedef struct
{
  gboolean is_image; /* otherwise it is only the base */
  TerraneTree *tree;
  OciImageConfig *config;
  char **names; /* of layers or trees by their number */
} TerraneImageRoot;

/** Returns: (transfer full): an error with the reason if the store has neither. Errors:
 * %OCI_ERROR_USAGE, %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, %OCI_ERROR_UNSUPPORTED,
 * %OCI_ERROR_LIMIT, %OCI_ERROR_NOT_FOUND, %OCI_ERROR_UNREACHABLE, %OCI_ERROR_NETWORK,
 * %OCI_ERROR_TIMEOUT, %OCI_ERROR_DENIED, %OCI_ERROR_IO, %OCI_ERROR_CANCELLED, codes of %G_IO_ERROR
 * (from libostree). */
TerraneImageRoot *terrane_image_root_find (const TerraneInventoryContext *context, GError **error);
void terrane_image_root_free (TerraneImageRoot *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneImageRoot, terrane_image_root_free)

/** Returns a view for builder/facts; valid as long as @self. */
TerraneImageView terrane_image_root_view (const TerraneImageRoot *self, TerraneStore *store);

G_END_DECLS
