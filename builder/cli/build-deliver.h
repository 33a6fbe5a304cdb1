/* Delivers the images of a build, for one platform or several: outputs and pushes.
 *
 * Errors: %OCI_ERROR_USAGE, %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, %OCI_ERROR_UNSUPPORTED,
 * %OCI_ERROR_LIMIT, %OCI_ERROR_NOT_FOUND, %OCI_ERROR_UNREACHABLE, %OCI_ERROR_NETWORK,
 * %OCI_ERROR_TIMEOUT, %OCI_ERROR_DENIED, %OCI_ERROR_IO, %OCI_ERROR_CANCELLED. */
#pragma once

#include "builder/build.h"
#include "builder/cli/option-tables.h"

G_BEGIN_DECLS

/* The build for one platform. */
typedef struct
{
  TerraneProfile *profile;
  TerraneBuild *build; /* (nullable): NULL if it failed */
  json_t *record;      /* (nullable) */
} TerraneBuilt;

/** Returns: (transfer full): without any member set */
TerraneBuilt *terrane_built_new (void);
void terrane_built_free (gpointer data);
/** Drops its build and its record. */
void terrane_built_forget (TerraneBuilt *self);

/* The request. Texts may contain variables. */
typedef struct
{
  const char *push; /* (nullable): a destination, or "" for that of the profile */
  char **outputs;   /* (nullable) */
  const TerranePushArguments *push_options;
} TerraneDelivery;

/** Whether the text of --push can be a destination, as far as is known without a profile. Errors:
 * %OCI_ERROR_USAGE, %OCI_ERROR_FORMAT, %OCI_ERROR_UNSUPPORTED. */
gboolean terrane_delivery_check_push (const TerraneDelivery *self, GError **error);

/**
 * terrane_delivery_check:
 * @built: (element-type TerraneBuilt): of one profile, one for each platform; nothing is built yet
 *
 * A destination that is the same for several platforms gets an image index. Fails if there can be
 * none.
 *
 * Errors: see the head.
 */
gboolean terrane_delivery_check (const TerraneDelivery *self, const GPtrArray *built,
                                 GError **error);

/** Returns: (transfer full): of TerraneZipRequest: the outputs that are zips for AWS Lambda, which
 * terrane_delivery_send() ignores. Errors: %OCI_ERROR_USAGE, %OCI_ERROR_FORMAT, %OCI_ERROR_IO. */
GPtrArray *terrane_delivery_zips (const TerraneDelivery *self, const TerraneBuilt *built,
                                  GError **error);

/** Returns: (transfer full) (nullable): the only registry that gets the images, so that their
 * layers may stay in it; %NULL if their bytes are needed here. @built: as for
 * terrane_delivery_check() */
char *terrane_delivery_registry (const TerraneDelivery *self, const GPtrArray *built);

/**
 * terrane_delivery_send:
 * @built: likewise, with all images
 * @document: receives "index", "push" and "pushes" for all images together
 *
 * Sets tags and names of outputs only after all images that they refer to have arrived. Records get
 * "push" and "pushes" of their own images.
 *
 * Errors: see the head.
 */
gboolean terrane_delivery_send (const TerraneDelivery *self, TerraneRemote *remote,
                                const GPtrArray *built, json_t *document, GError **error);

G_END_DECLS
