/* What zips find on Lambda: a managed runtime instead of the image's base. */
#pragma once

#include "builder/check/finding.h"
#include "builder/facts/python-base.h"
#include "builder/profile/profile.h"
#include "builder/progress.h"
#include "builder/zip/request.h"

#include "oci/image-config.h"

G_BEGIN_DECLS

/* A zip's files, where they are in it. */
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
  TerraneTree *base;                /* its files; terrane_zip_runtime_check() uses them up */
  gboolean aws;                     /* whether it is AWS's: terrane_zip_runtime_is_aws() */
  TerraneTree *rest;                /* trees that are in no zip, where the image has them */
  const GArray *zips;               /* of TerraneZipTree */
  const TerraneProgress *progress;
} TerraneZipRuntime;

/** "python3.12" by the base's Python. Returns: (transfer full) (nullable) */
char *terrane_zip_runtime_name (const TerranePythonBase *python);

/** Whether @base has AWS's runtime in it. */
gboolean terrane_zip_runtime_is_aws (TerraneTree *base);

/** The variables that the function must have, with paths as they are on Lambda: those of the
 * profile's config.env, without those that Lambda keeps for itself, and without the search paths
 * that go with a base that is not AWS's. Returns: (transfer full): object of strings */
json_t *terrane_zip_runtime_environment (const TerraneZipRuntime *self);

/**
 * terrane_zip_runtime_check:
 * @python: of the base
 *
 * Whether what is in the zips finds its libraries, modules and data once it is unpacked: the checks
 * of images, on a file system that is put together so. The base stands for the runtime; where it is
 * not AWS's, what is taken from it is in a warning, and the C library is compared by number.
 */
gboolean terrane_zip_runtime_check (const TerraneZipRuntime *self, const TerranePythonBase *python,
                                    GError **error);

G_END_DECLS
