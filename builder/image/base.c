#include "builder/image/base.h"

#include "builder/image/source-image.h"
#include "builder/store/cache.h"

guint
terrane_base_count_layers (const TerraneBase *self)
{
  return self->manifest != NULL ? self->manifest->layers->len : 0;
}

void
terrane_base_free (TerraneBase *self)
{
  if (self == NULL)
    return;
  oci_manifest_free (self->manifest);
  oci_image_config_free (self->config);
  terrane_source_tree_clear (&self->root);
  terrane_image_files_clear (&self->files);
  g_free (self->name);
  g_free (self);
}

static gboolean
open_image (TerraneBase *base, const TerraneSourceContext *context, const TerranePin *pin,
            GError **error)
{
  g_autoptr (TerraneOpenImage) image = terrane_source_image_open (context, pin, error);
  if (image == NULL
      || !terrane_source_image_files (context, pin, image, FALSE, &base->files, error))
    return FALSE;
  base->root.commit = base->files.commit;
  base->manifest_digest = image->descriptor->digest;
  base->manifest = g_steal_pointer (&image->manifest);
  base->config = g_steal_pointer (&image->config);
  base->name = terrane_source_image_name (image);
  return TRUE;
}

static gboolean
look_at_image (TerraneBase *base, const TerraneSourceContext *context, const TerranePin *pin,
               GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autoptr (TerraneOpenImage) image = terrane_source_image_open (context, pin, &local);
  if (image == NULL)
    {
      if (g_error_matches (local, OCI_ERROR, OCI_ERROR_NOT_FOUND))
        return TRUE;
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  if (!terrane_image_files_find (context->store, &image->descriptor->digest, &base->files, error))
    return FALSE;
  base->known = base->files.audit != NULL;
  base->stored = base->known;
  base->root.commit = base->files.commit;
  base->manifest_digest = image->descriptor->digest;
  base->manifest = g_steal_pointer (&image->manifest);
  base->config = g_steal_pointer (&image->config);
  base->name = terrane_source_image_name (image);
  return TRUE;
}

TerraneBase *
terrane_base_look (TerraneStore *store, const TerraneProfile *profile, TerranePin *pin,
                   TerraneRemote *remote, unsigned jobs, const TerraneProgress *progress,
                   GError **error)
{
  const TerraneSourceContext context = { .store = store,
                                         .remote = remote,
                                         .profile = profile,
                                         .look = TRUE,
                                         .jobs = jobs,
                                         .progress = progress };
  g_autoptr (TerraneBase) self = g_new0 (TerraneBase, 1);
  if (pin->open != NULL)
    return g_steal_pointer (&self);
  gboolean ok = pin->spec->kind == TERRANE_SOURCE_IMAGE
                    ? look_at_image (self, &context, pin, error)
                    : terrane_source_tree_look (store, pin, jobs, &self->root, &self->stored,
                                                &self->known, error);
  self->here = self->stored;
  if (ok && self->known && !self->stored)
    ok = terrane_commit_find (store, &self->root.commit, &self->here, error);
  return ok ? g_steal_pointer (&self) : NULL;
}

TerraneBase *
terrane_base_resolve (TerraneStore *store, const TerraneProfile *profile, TerranePin *pin,
                      TerraneRemote *remote, unsigned jobs, const TerraneProgress *progress,
                      GError **error)
{
  const TerraneSourceContext context = {
    .store = store, .remote = remote, .profile = profile, .jobs = jobs, .progress = progress
  };
  const TerraneSourceTreeOptions options = { .jobs = jobs, .progress = progress };
  g_autoptr (TerraneBase) self = g_new0 (TerraneBase, 1);
  gboolean ok = pin->spec->kind == TERRANE_SOURCE_IMAGE
                    ? open_image (self, &context, pin, error)
                    : terrane_source_tree_make (store, pin, &options, &self->root, error);
  self->known = self->stored = self->here = ok;
  return ok ? g_steal_pointer (&self) : NULL;
}

gboolean
terrane_base_is_stored (TerraneStore *store, TerranePin *pin, gboolean *out_stored, GError **error)
{
  OciDigest commit;
  if (pin->spec->kind != TERRANE_SOURCE_IMAGE)
    return terrane_source_tree_is_stored (store, pin, out_stored, error);
  g_autoptr (OciJsonValue) entry = terrane_cache_get (store, TERRANE_CACHE_UNPACKED, &pin->digest);
  const char *text = terrane_cache_text (entry, "commit");
  *out_stored = text != NULL && oci_digest_parse_hex (text, &commit, NULL);
  return !*out_stored || terrane_commit_find (store, &commit, out_stored, error);
}
