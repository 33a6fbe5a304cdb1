/* Zips as versions of Lambda layers, in each of several regions. */
#pragma once

#include "builder/progress.h"

#include "oci/base/json.h"
#include "oci/digest.h"
#include "oci/http/http.h"

G_BEGIN_DECLS

/* A zip that was looked at. */
typedef struct
{
  char *path;
  char *name;      /* of the layer that it becomes */
  GBytes *content; /* the file, mapped */
  OciDigest sha256;
  char *code_sha256; /* the same in base64, as Lambda reports it */
} TerraneLayerFile;

/* What is to be done. */
typedef struct
{
  const char *name;           /* of the layer; several files become NAME-1, NAME-2, … */
  const char *const *regions; /* NULL-terminated, at least one */
  const char *const *files;   /* likewise: zips */
  const char *role;           /* (nullable): to take on for Lambda's calls */
  const char *external_id;    /* (nullable) */
  const char *bucket;      /* (nullable): of S3, that files go through; may have "{region}" in it */
  const char *description; /* (nullable) */
  const char *license;     /* (nullable) */
  const char *runtime;     /* (nullable): "python3.12" */
  const char *architecture; /* (nullable): "x86_64", "arm64" */
  const TerraneProgress *progress;
} TerraneLayersOptions;

typedef struct _TerraneLayers TerraneLayers;

/**
 * terrane_layers_new:
 * @client, @options: what they point to must outlive the result
 *
 * Reads the files: each is a zip that Lambda would take, by its own directory. Asks nothing yet.
 *
 * Returns: (transfer full) (nullable)
 */
TerraneLayers *terrane_layers_new (OciHttpClient *client, const TerraneLayersOptions *options,
                                   GError **error);
void terrane_layers_free (TerraneLayers *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneLayers, terrane_layers_free)

/** Returns: (transfer none): of TerraneLayerFile */
const GPtrArray *terrane_layers_files (const TerraneLayers *self);

/** The calls that would be made. Returns: (transfer full) */
json_t *terrane_layers_plan (const TerraneLayers *self, GError **error);

/**
 * terrane_layers_publish:
 *
 * Publishes each file in each region, unless the layer's newest version there is this very file
 * for the same runtime and architecture: that one is taken.
 */
gboolean terrane_layers_publish (TerraneLayers *self, GCancellable *cancellable, GError **error);

/** What was done, also after a failure, see docs/record.md. Returns: (transfer full):
 * {"layers", "layer_arns"} */
json_t *terrane_layers_report (const TerraneLayers *self);

G_END_DECLS
