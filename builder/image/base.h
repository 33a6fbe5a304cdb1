/* The base of an image: a rootfs that becomes its first layer, or an image whose layers and
 * configuration are kept as they are. */
#pragma once

#include "builder/image/files.h"
#include "builder/image/source-tree.h"

G_BEGIN_DECLS

typedef struct
{
  TerraneSourceTree root;  /* the file system; of an image base only its commit */
  TerraneImageFiles files; /* of an image base */
  OciManifest *manifest;   /* (nullable): of an image base */
  OciImageConfig *config;  /* (nullable): of an image base */
  char *name;              /* (nullable): the image as the profile names it, for annotations */
  OciDigest manifest_digest;
  gboolean known;  /* what its files are; only terrane_base_look() leaves it open */
  gboolean stored; /* they are in the store */
} TerraneBase;

/**
 * terrane_base_resolve:
 * @pin: of the base; gets its key
 * @remote: for an image in a registry
 *
 * Brings the base into the store unless it is there.
 *
 * Returns: (transfer full) (nullable)
 */
TerraneBase *terrane_base_resolve (TerraneStore *store, const TerraneProfile *profile,
                                   TerranePin *pin, TerraneRemote *remote, unsigned jobs,
                                   const TerraneProgress *progress, GError **error);

/**
 * terrane_base_look:
 *
 * What terrane_base_resolve() would give, without bringing anything into the store. @remote:
 * offline
 *
 * Returns: (transfer full) (nullable): its members say what is known of it
 */
TerraneBase *terrane_base_look (TerraneStore *store, const TerraneProfile *profile, TerranePin *pin,
                                TerraneRemote *remote, unsigned jobs,
                                const TerraneProgress *progress, GError **error);
/** How many layers of the image are those of its base image. */
guint terrane_base_count_layers (const TerraneBase *self);
void terrane_base_free (TerraneBase *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneBase, terrane_base_free)

G_END_DECLS
