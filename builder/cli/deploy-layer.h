/* terrane deploy --layer: zips as versions of a layer of AWS Lambda. */
#pragma once

#include "builder/cli/command.h"
#include "builder/cli/option-tables.h"

G_BEGIN_DECLS

typedef struct
{
  char *name;        /* (nullable): then everything else is empty as well */
  char **regions;    /* (nullable): several in one with commas */
  char *bucket;      /* (nullable) */
  char *description; /* (nullable) */
  char *license;     /* (nullable) */
} TerraneLayerArguments;

/** For a TerraneLayerArguments. */
extern const TerraneOption terrane_layer_options[];

/* What deploy's other options say. */
typedef struct
{
  const TerraneLayerArguments *arguments;
  const char *role;        /* (nullable): to take on for Lambda's calls */
  const char *external_id; /* (nullable) */
  const char *record;      /* (nullable): the file */
  gboolean dry_run;
  const TerraneRemoteArguments *remote;
} TerraneLayerRun;

/** Publishes the zips @files. */
gboolean terrane_deploy_layer (const TerraneGlobal *global, const TerraneLayerRun *run,
                               char **files, GError **error);

G_END_DECLS
