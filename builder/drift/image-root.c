#include "builder/drift/image-root.h"

#include "builder/image/base.h"
#include "builder/resolve/plan.h"
#include "builder/source/ostree.h"
#include "builder/store/commit.h"

#include <string.h>

void
terrane_image_root_free (TerraneImageRoot *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->tree, terrane_tree_free);
  g_clear_pointer (&self->config, oci_image_config_free);
  g_strfreev (self->names);
  g_free (self);
}

TerraneImageView
terrane_image_root_view (const TerraneImageRoot *self, TerraneStore *store)
{
  return (TerraneImageView){ .store = store,
                             .tree = self->tree,
                             .config = self->config,
                             .names = (const char *const *) self->names };
}

/* Returns: (transfer none) (nullable): the digest of an image base in the lock */
static const char *
locked_base (const TerraneInventoryContext *context)
{
  const json_t *entry = terrane_lock_get (context->lock, context->platform, NULL);
  return json_string_value (json_object_get (entry, "digest"));
}

/* An image of another platform, or with a base other than the lock's, tells nothing about the next
 * build. */
static gboolean
is_current (const TerraneInventoryContext *context, const TerraneOpenImage *image)
{
  OciPlatform platform;
  const json_t *base =
      json_object_get (image->manifest->annotations, "org.opencontainers.image.base.digest");
  const char *locked = locked_base (context);
  if (!oci_image_config_platform (image->config, &platform))
    return FALSE;
  g_autofree char *text = oci_platform_text (&platform);
  return strcmp (text, context->platform) == 0
         && (locked == NULL || g_strcmp0 (json_string_value (base), locked) == 0);
}

static TerraneImageRoot *
find_image (const TerraneInventoryContext *context, GError **error)
{
  g_auto (TerraneImageFiles) files = { 0 };
  g_autofree char *name = g_strconcat (context->profile->name, ":latest", NULL);
  const TerraneOpenOptions options = { .want = TERRANE_IMAGE_DOCUMENTS,
                                       .platform = &context->profile->platform,
                                       .any_platform = TRUE,
                                       .jobs = context->jobs };
  g_autoptr (TerraneOpenImage) image = terrane_image_open (context->offline, name, &options, error);
  if (image == NULL)
    return NULL;
  if (!is_current (context, image))
    {
      oci_throw (error, OCI_ERROR_NOT_FOUND, "the image %s has another base or platform", name);
      return NULL;
    }
  if (!terrane_open_image_complete (image, context->offline, error)
      || !terrane_image_files (context->store, image, TRUE, context->jobs, context->progress,
                               &files, error))
    return NULL;
  TerraneImageRoot *self = g_new0 (TerraneImageRoot, 1);
  self->is_image = TRUE;
  self->names = terrane_image_layer_names (image->manifest);
  const TerraneImageView view =
      terrane_image_files_view (&files, context->store, image->config, self->names);
  (void) view; /* it sets the layer numbers of the nodes */
  self->tree = g_steal_pointer (&files.tree);
  self->config = g_steal_pointer (&image->config);
  return self;
}

/* Whether reading the source needs no network. */
static gboolean
is_here (const TerraneSourceSpec *spec)
{
  if (spec->kind == TERRANE_SOURCE_OSTREE)
    return !terrane_ostree_is_remote (spec);
  for (guint i = 0; spec->kind == TERRANE_SOURCE_ARCHIVE && i < spec->archives->len; i++)
    if (((const TerraneArchiveFile *) spec->archives->pdata[i])->path == NULL)
      return FALSE;
  return TRUE;
}

/* A local source is read like in a build; any other must have been read before. */
static gboolean
check_stored (const TerraneInventoryContext *context, TerranePin *pin, GError **error)
{
  gboolean stored = FALSE;
  if (pin->spec->kind == TERRANE_SOURCE_IMAGE || is_here (pin->spec))
    return terrane_store_begin_write (context->store, error);
  if (!terrane_source_tree_is_stored (context->store, pin, &stored, error))
    return FALSE;
  return stored || oci_throw (error, OCI_ERROR_NOT_FOUND, "the base has not been read yet");
}

static TerraneImageRoot *
find_base (const TerraneInventoryContext *context, GError **error)
{
  static const char *const names[] = { "base", NULL };
  const json_t *entry = terrane_lock_get (context->lock, context->platform, NULL);
  const char *digest = locked_base (context);
  const char *commit = json_string_value (json_object_get (entry, "commit"));
  g_autoptr (TerranePlan) plan = terrane_plan_new (context->profile);
  TerranePin *pin = plan->base;
  pin->has_digest = digest != NULL && g_str_has_prefix (pin->spec->image, OCI_REFERENCE_SCHEME)
                    && oci_digest_parse (digest, &pin->digest, NULL);
  if (commit != NULL)
    pin->has_digest = oci_digest_parse_hex (commit, &pin->digest, NULL);
  if (!check_stored (context, pin, error))
    return NULL;
  g_autoptr (TerraneBase) base =
      terrane_base_resolve (context->store, context->profile, pin, context->offline, context->jobs,
                            context->progress, error);
  if (base == NULL)
    return NULL;
  g_autoptr (TerraneImageRoot) self = g_new0 (TerraneImageRoot, 1);
  self->names = g_strdupv ((char **) names);
  self->config = base->config != NULL
                     ? g_steal_pointer (&base->config)
                     : oci_image_config_new ("linux", context->profile->platform.architecture);
  self->tree = terrane_commit_load (context->store, &base->root.commit, error);
  return self->tree != NULL ? g_steal_pointer (&self) : NULL;
}

TerraneImageRoot *
terrane_image_root_find (const TerraneInventoryContext *context, GError **error)
{
  TerraneImageRoot *self = find_image (context, NULL); /* otherwise the base is used */
  return self != NULL ? self : find_base (context, error);
}
