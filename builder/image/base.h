/* The base of an image: a rootfs that becomes its first layer, or an image whose layers and
 * configuration are kept unchanged.
 *
 * Errors: %OCI_ERROR_USAGE, %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, %OCI_ERROR_UNSUPPORTED,
 * %OCI_ERROR_LIMIT, %OCI_ERROR_NOT_FOUND, %OCI_ERROR_UNREACHABLE, %OCI_ERROR_NETWORK,
 * %OCI_ERROR_TIMEOUT, %OCI_ERROR_DENIED, %OCI_ERROR_IO, %OCI_ERROR_CANCELLED, codes of %G_IO_ERROR
 * (from libostree). */
#pragma once

#include "builder/image/files.h"
#include "builder/image/source-tree.h"

G_BEGIN_DECLS

typedef struct
{
  TerraneSourceTree root;  /* the file system; for an image base only its commit */
  TerraneImageFiles files; /* of an image base */
  OciManifest *manifest;   /* (nullable): of an image base */
  OciImageConfig *config;  /* (nullable): of an image base */
  char *name;              /* (nullable): the image as the profile spells it, for annotations */
  OciDigest manifest_digest;
  gboolean known;  /* its files are known; only terrane_base_look() may leave this FALSE */
  gboolean stored; /* it need not be read */
  gboolean here;   /* its files are in the store, also if it has to be read to find that out */
} TerraneBase;

/**
 * terrane_base_resolve:
 * @pin: of the base; its key is set
 * @remote: for an image in a registry
 *
 * Fetches the base into the store unless it is there.
 *
 * Returns: (transfer full)
 * Errors: see the head.
 */
TerraneBase *terrane_base_resolve (TerraneStore *store, const TerraneProfile *profile,
                                   TerranePin *pin, TerraneRemote *remote, unsigned jobs,
                                   const TerraneProgress *progress, GError **error);

/**
 * terrane_base_look:
 * @remote: offline
 *
 * The result of terrane_base_resolve(), as far as it is known without fetching anything into the
 * store.
 *
 * Returns: (transfer full)
 * Errors: see the head.
 */
TerraneBase *terrane_base_look (TerraneStore *store, const TerraneProfile *profile, TerranePin *pin,
                                TerraneRemote *remote, unsigned jobs,
                                const TerraneProgress *progress, GError **error);
/** Number of layers of the image that are those of its base image. */
guint terrane_base_count_layers (const TerraneBase *self);
void terrane_base_free (TerraneBase *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneBase, terrane_base_free)

/** Whether terrane_base_resolve() would read nothing. @pin: its key is set, unless it is an image.
 * Errors: codes of %G_IO_ERROR (from libostree). */
gboolean terrane_base_is_stored (TerraneStore *store, TerranePin *pin, gboolean *out_stored,
                                 GError **error);

G_END_DECLS
