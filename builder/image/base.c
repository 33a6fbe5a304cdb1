#include "builder/image/base.h"

#include "builder/image/import.h"

void
terrane_base_free (TerraneBase *self)
{
  if (self == NULL)
    return;
  oci_manifest_free (self->manifest);
  oci_image_config_free (self->config);
  terrane_stored_tree_clear (&self->root);
  g_free (self->name);
  g_free (self);
}

static gboolean
resolve_image (TerraneBase *base, const TerraneImport *import, const TerranePin *pin,
               GError **error)
{
  g_auto (TerraneImportedImage) image = { 0 };
  if (!terrane_import_image (import, pin, &image, error)
      || !terrane_import_flatten (import, &image, pin->spec->skip_special, &base->root, error))
    return FALSE;
  base->manifest_digest = image.digest;
  base->manifest = g_steal_pointer (&image.manifest);
  base->config = g_steal_pointer (&image.config);
  base->name = g_steal_pointer (&image.name);
  return TRUE;
}

TerraneBase *
terrane_base_resolve (TerraneStore *store, const TerraneProfile *profile, TerranePin *pin,
                      TerraneRemote *remote, unsigned jobs, const TerraneProgress *progress,
                      GError **error)
{
  const TerraneImport import = {
    .store = store, .remote = remote, .profile = profile, .jobs = jobs, .progress = progress
  };
  const TerraneTreeOptions options = { .jobs = jobs, .progress = progress };
  g_autoptr (TerraneBase) self = g_new0 (TerraneBase, 1);
  gboolean ok = pin->spec->kind == TERRANE_SOURCE_IMAGE
                    ? resolve_image (self, &import, pin, error)
                    : terrane_tree_resolve_source (store, pin, &options, &self->root, error);
  return ok ? g_steal_pointer (&self) : NULL;
}
