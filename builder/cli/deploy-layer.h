/* terrane deploy --layer: publishes zips as versions of a layer of AWS Lambda. */
#pragma once

#include "builder/cli/command.h"
#include "builder/cli/option-tables.h"

G_BEGIN_DECLS

typedef struct
{
  char *name;        /* (nullable): NULL if everything else is empty, too */
  char **regions;    /* (nullable): possibly several separated by commas */
  char *bucket;      /* (nullable) */
  char *description; /* (nullable) */
  char *license;     /* (nullable) */
} TerraneLayerArguments;

/** For a TerraneLayerArguments. */
extern const TerraneOption terrane_layer_options[];

/* Values of deploy's other options. */
typedef struct
{
  const TerraneLayerArguments *arguments;
  const char *role;        /* (nullable): to assume for Lambda's calls */
  const char *external_id; /* (nullable) */
  const char *record;      /* (nullable): the file */
  gboolean dry_run;
  const TerraneRemoteArguments *remote;
} TerraneLayerRun;

/** Publishes the zips @files. Errors: %OCI_ERROR_USAGE, %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT,
 * %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_LIMIT, %OCI_ERROR_NOT_FOUND, %OCI_ERROR_EXISTS,
 * %OCI_ERROR_UNREACHABLE, %OCI_ERROR_NETWORK, %OCI_ERROR_TIMEOUT, %OCI_ERROR_DENIED,
 * %OCI_ERROR_IO, %OCI_ERROR_CANCELLED. */
gboolean terrane_deploy_layer (const TerraneGlobal *global, const TerraneLayerRun *run,
                               char **files, GError **error);

G_END_DECLS
