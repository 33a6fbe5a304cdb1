/* Where the images of a build go: outputs and pushes, of one platform or of several. */
#pragma once

#include "builder/build.h"
#include "builder/cli/option-tables.h"

G_BEGIN_DECLS

/* One platform's. */
typedef struct
{
  TerraneProfile *profile;
  TerraneBuild *build; /* (nullable): it could not be made */
  json_t *record;      /* (nullable) */
} TerraneBuilt;

TerraneBuilt *terrane_built_new (void);
void terrane_built_free (gpointer data);

/* What was asked for. Texts may have variables. */
typedef struct
{
  const char *push; /* (nullable): a destination, or "": where the profile says */
  char **outputs;   /* (nullable) */
  const TerranePushArguments *push_options;
} TerraneDelivery;

/** Whether the text of --push can be a destination, as far as it can be told without a profile. */
gboolean terrane_delivery_check_push (const TerraneDelivery *self, GError **error);

/**
 * terrane_delivery_check:
 * @built: (element-type TerraneBuilt): of one profile, one for each platform; nothing is built yet
 *
 * A place that is the same for several platforms gets an image index. Fails where there can be
 * none.
 */
gboolean terrane_delivery_check (const TerraneDelivery *self, const GPtrArray *built,
                                 GError **error);

/** The outputs that are zips for AWS Lambda, which are not terrane_delivery_send()'s.
 * Returns: (transfer full) (nullable): of TerraneZipRequest */
GPtrArray *terrane_delivery_zips (const TerraneDelivery *self, const TerraneBuilt *built,
                                  GError **error);

/**
 * terrane_delivery_send:
 * @built: as above, with all images
 * @document: gets "index", "push" and "pushes" of what all images share
 *
 * No tag and no name of an output is set before all images are where it points to. Records get
 * "push" and "pushes" of their own images.
 */
gboolean terrane_delivery_send (const TerraneDelivery *self, TerraneRemote *remote,
                                const GPtrArray *built, json_t *document, GError **error);

G_END_DECLS
