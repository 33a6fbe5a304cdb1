/* An image in the store, made from a profile: layers, configuration, manifest.
 *
 * Errors: %TERRANE_ERROR_REFUSED, %OCI_ERROR_USAGE, %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT,
 * %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_LIMIT, %OCI_ERROR_UNREACHABLE, %OCI_ERROR_NETWORK,
 * %OCI_ERROR_TIMEOUT, %OCI_ERROR_DENIED, %OCI_ERROR_IO, %OCI_ERROR_CANCELLED, codes of %G_IO_ERROR
 * (from libostree). */
#pragma once

#include "builder/check/finding.h"
#include "builder/image/base.h"
#include "builder/image/image-options.h"

G_BEGIN_DECLS

/* One layer, for records and reports. */
typedef struct
{
  char *name;      /* of the tree, or "base" */
  char *title;     /* (nullable): the name with some packages, see terrane_layer_title() */
  char **packages; /* (nullable): its packages, if it does not have all of the tree's */
  OciDigest digest;
  OciDigest diff_id;
  uint64_t size;   /* compressed bytes */
  gboolean reused; /* nothing was read or compressed */
  gboolean stayed; /* its bytes are not here: only the cache has said what they contain */
} TerraneImageLayer;

typedef struct
{
  json_t *inputs; /* object: everything that its key digests */
  OciDescriptor *manifest;
  OciDigest config;
  OciDigest assembled;       /* commit of the whole file system */
  GPtrArray *layers;         /* of TerraneImageLayer, base first */
  gboolean stayed;           /* at least one of them did */
  gboolean unchanged;        /* nothing had to be assembled */
  json_t *reads;             /* (nullable): what the checks have read, if requested */
  gboolean checks_known;     /* @findings were made by another machine */
  TerraneFindings *findings; /* of static checks, with the severities of the profile; no errors */
} TerraneImage;

void terrane_image_free (TerraneImage *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneImage, terrane_image_free)

/**
 * terrane_image_build:
 * @base, @trees: consumed: trees in memory are moved
 * @trees: of TerraneSourceTree, in the profile's order
 *
 * Assembles the image, unless exactly this one is in the store. Sets no name. With "look" the
 * result has the commit of its file system, and the digests of its documents if all layers are
 * known; otherwise "manifest" is %NULL, and findings are those of a stored image.
 *
 * Returns: (transfer full)
 * Errors: see the head.
 */
TerraneImage *terrane_image_build (TerraneStore *store, const TerraneProfile *profile,
                                   TerraneBase *base, GArray *trees,
                                   const TerraneImageOptions *options, GError **error);

/**
 * terrane_image_key:
 * Digests everything that the image depends on: equal keys mean equal images.
 * @trees: of TerraneSourceTree, in the profile's order
 *
 * Errors: %OCI_ERROR_FORMAT.
 */
gboolean terrane_image_key (const TerraneProfile *profile, const TerraneBase *base,
                            const GArray *trees, const TerraneImageOptions *options,
                            OciDigest *out_key, GError **error);

/**
 * terrane_image_check:
 * @today: "YYYY-MM-DD"
 *
 * Assembles the file system like terrane_image_build(), without layers and documents, and checks
 * it. Consumes the same arguments.
 *
 * Returns: (transfer full): all findings, with the severities of the profile
 * Errors: see the head.
 */
TerraneFindings *terrane_image_check (TerraneStore *store, const TerraneProfile *profile,
                                      TerraneBase *base, GArray *trees,
                                      const TerraneImageOptions *options, const char *today,
                                      GError **error);

G_END_DECLS
