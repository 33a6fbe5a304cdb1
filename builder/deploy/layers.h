/* Publishes zip files as versions of Lambda layers, in one or several regions.
 *
 * Errors: %OCI_ERROR_USAGE, %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, %OCI_ERROR_UNSUPPORTED,
 * %OCI_ERROR_LIMIT, %OCI_ERROR_NOT_FOUND, %OCI_ERROR_EXISTS, %OCI_ERROR_UNREACHABLE,
 * %OCI_ERROR_NETWORK, %OCI_ERROR_TIMEOUT, %OCI_ERROR_DENIED, %OCI_ERROR_IO,
 * %OCI_ERROR_CANCELLED. */
#pragma once

#include "builder/progress.h"

#include "oci/base/json.h"
#include "oci/digest.h"
#include "oci/http/http.h"

G_BEGIN_DECLS

/* A zip file that was examined. */
typedef struct
{
  char *path;
  char *name;      /* of the layer that it will become */
  GBytes *content; /* the file, mapped */
  OciDigest sha256;
  char *code_sha256; /* the same in base64, as Lambda reports it */
} TerraneLayerFile;

/* The layers to publish. */
typedef struct
{
  const char *name;           /* of the layer; several files become NAME-1, NAME-2, … */
  const char *const *regions; /* NULL-terminated, at least one */
  const char *const *files;   /* likewise: zips */
  const char *role;           /* (nullable): to assume for Lambda's calls */
  const char *external_id;    /* (nullable) */
  const char *bucket;         /* (nullable): of S3, to upload files to; may contain "{region}" */
  const char *description;    /* (nullable) */
  const char *license;        /* (nullable) */
  const char *runtime;        /* (nullable): "python3.12" */
  const char *architecture;   /* (nullable): "x86_64", "arm64" */
  const TerraneProgress *progress;
} TerraneLayersOptions;

typedef struct _TerraneLayers TerraneLayers;

/**
 * terrane_layers_new:
 * @client, @options: what they point to must outlive the result
 *
 * Reads the files; each must be a zip that Lambda accepts, according to its directory. Makes no
 * request. Returns: (transfer full)
 *
 * Errors: see the head.
 */
TerraneLayers *terrane_layers_new (OciHttpClient *client, const TerraneLayersOptions *options,
                                   GError **error);
void terrane_layers_free (TerraneLayers *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneLayers, terrane_layers_free)

/** Returns: (transfer none): of TerraneLayerFile */
const GPtrArray *terrane_layers_files (const TerraneLayers *self);

/** Returns: (transfer full): the calls that would be made. Errors: see the head. */
json_t *terrane_layers_plan (const TerraneLayers *self, GError **error);

/** Publishes each file in each region, unless the newest version of the layer is this very file for
 * the same runtime and architecture; then that version is used. Errors: see the head. */
gboolean terrane_layers_publish (TerraneLayers *self, GCancellable *cancellable, GError **error);

/** Returns: (transfer full): what was done, also after a failure, see docs/record.md: {"layers",
 * "layer_arns"} */
json_t *terrane_layers_report (const TerraneLayers *self);

G_END_DECLS
