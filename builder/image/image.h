/* An image in the store, made from a profile: layers, configuration, manifest. */
#pragma once

#include "builder/check/finding.h"
#include "builder/image/base.h"
#include "builder/image/image-options.h"

G_BEGIN_DECLS

/* One layer as records and reports show it. */
typedef struct
{
  char *name;      /* of the tree, or "base" */
  char *title;     /* (nullable): the name with some packages, see terrane_layer_title() */
  char **packages; /* (nullable): which of the tree's packages it has, when it has not all */
  OciDigest digest;
  OciDigest diff_id;
  uint64_t size;   /* compressed bytes */
  gboolean reused; /* nothing was read or compressed */
} TerraneImageLayer;

typedef struct
{
  json_t *inputs; /* object: what its key digests */
  OciDescriptor *manifest;
  OciDigest config;
  OciDigest assembled;       /* commit of the whole file system */
  GPtrArray *layers;         /* of TerraneImageLayer, base first */
  gboolean unchanged;        /* nothing had to be assembled */
  json_t *reads;             /* (nullable): what the checks have read, when somebody asked for it */
  gboolean checks_known;     /* @findings are those of another machine */
  TerraneFindings *findings; /* of static checks, as the profile counts them; no errors */
} TerraneImage;

void terrane_image_free (TerraneImage *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneImage, terrane_image_free)

/**
 * terrane_image_build:
 * @base, @trees: taken apart: trees in memory are used up
 * @trees: of TerraneSourceTree, in the profile's order
 *
 * Assembles the image, or finds that exactly this one is in the store. No name is set. With "look"
 * the result has the commit of its file system, and its documents' digests when all layers are
 * known; "manifest" is %NULL otherwise, and findings are those of a stored image.
 *
 * Returns: (transfer full) (nullable)
 */
TerraneImage *terrane_image_build (TerraneStore *store, const TerraneProfile *profile,
                                   TerraneBase *base, GArray *trees,
                                   const TerraneImageOptions *options, GError **error);

/** Digests everything that the image depends on: equal keys are equal images.
 * @trees: of TerraneSourceTree, in the profile's order */
gboolean terrane_image_key (const TerraneProfile *profile, const TerraneBase *base,
                            const GArray *trees, const TerraneImageOptions *options,
                            OciDigest *out_key, GError **error);

/**
 * terrane_image_check:
 * @today: "YYYY-MM-DD"
 *
 * Puts the file system together as terrane_image_build() does, without layers and documents, and
 * checks it. Takes what that takes.
 *
 * Returns: (transfer full) (nullable): all findings, as the profile counts them
 */
TerraneFindings *terrane_image_check (TerraneStore *store, const TerraneProfile *profile,
                                      TerraneBase *base, GArray *trees,
                                      const TerraneImageOptions *options, const char *today,
                                      GError **error);

G_END_DECLS
