/* Checks zips with the managed runtime of Lambda that replaces the image's base. */
#pragma once

#include "builder/check/finding.h"
#include "builder/facts/python-base.h"
#include "builder/profile/profile.h"
#include "builder/progress.h"
#include "builder/zip/request.h"

#include "oci/image-config.h"

G_BEGIN_DECLS

/* The files of a zip, with their paths in it. */
typedef struct
{
  const TerraneZipRequest *request;
  TerraneTree *tree;
} TerraneZipTree;

typedef struct
{
  TerraneStore *store;
  const TerraneProfile *profile;
  const TerraneProfileTexts *texts; /* of its environment */
  const OciImageConfig *config;     /* of the image */
  TerraneTree *base;                /* its files; consumed by terrane_zip_runtime_check() */
  gboolean aws;                     /* whether it is AWS's: terrane_zip_runtime_is_aws() */
  TerraneTree *rest;                /* trees that are in no zip, with their paths in the image */
  const GArray *zips;               /* of TerraneZipTree */
  json_t *of_base;                  /* array: terrane_zip_runtime_check() adds names */
  const TerraneProgress *progress;
} TerraneZipRuntime;

/** Returns: (transfer full) (nullable): "python3.12" for the base's Python */
char *terrane_zip_runtime_name (const TerranePythonBase *python);

/** Whether @base contains AWS's runtime. */
gboolean terrane_zip_runtime_is_aws (TerraneTree *base);

/** Returns: (transfer full): object of strings: the variables that the function needs, with paths
 * as they are on Lambda: those of the profile's config.env, without those that Lambda reserves,
 * and without the search paths of a base that is not AWS's */
json_t *terrane_zip_runtime_environment (const TerraneZipRuntime *self);

/**
 * terrane_zip_runtime_check:
 * @python: of the base
 *
 * Checks whether the content of the zips finds its libraries, modules and data once it is unpacked:
 * applies the checks of images to such a file system. The base represents the runtime; if it is not
 * AWS's, libraries taken from it are in a warning and in @self->of_base, and only the version of
 * the C library is compared.
 *
 * Errors: %TERRANE_ERROR_REFUSED, %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, %OCI_ERROR_LIMIT,
 *   %OCI_ERROR_IO.
 */
gboolean terrane_zip_runtime_check (const TerraneZipRuntime *self, const TerranePythonBase *python,
                                    GError **error);

G_END_DECLS
