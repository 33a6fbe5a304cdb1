/* The file system to look for packages in: that of the image that was built, if it is in the store
 * and has the base of the lock, else that of the base. The network is not asked. */
#pragma once

#include "builder/facts/image-view.h"
#include "builder/profile/lock.h"
#include "builder/profile/profile.h"
#include "builder/remote/remote.h"

G_BEGIN_DECLS

/* What looking into the store needs. */
typedef struct
{
  TerraneStore *store;
  TerraneRemote *offline; /* that makes no connection */
  const TerraneProfile *profile;
  const TerraneLock *lock;
  const char *platform;
  unsigned jobs;
  const TerraneProgress *progress;
} TerraneInventoryContext;

typedef struct
{
  gboolean is_image; /* else the base alone */
  TerraneTree *tree;
  OciImageConfig *config;
  char **names; /* of layers or trees by their number */
} TerraneImageRoot;

/** Returns: (transfer full) (nullable): %NULL with the reason when the store has neither */
TerraneImageRoot *terrane_image_root_find (const TerraneInventoryContext *context, GError **error);
void terrane_image_root_free (TerraneImageRoot *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneImageRoot, terrane_image_root_free)

/** What facts look at; valid as long as @self. */
TerraneImageView terrane_image_root_view (const TerraneImageRoot *self, TerraneStore *store);

G_END_DECLS
