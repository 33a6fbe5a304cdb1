#include "builder/image/source-image.h"

/* Returns the prefix for errors: messages about registries name the image themselves. */
static char *
place (const TerraneSourceSpec *spec)
{
  return g_str_has_prefix (spec->image, OCI_REFERENCE_SCHEME)
             ? g_strconcat (spec->where, ".image", NULL)
             : g_strconcat (spec->where, ".image: ", spec->image, NULL);
}

/* Here the profile is the cause. */
static gboolean
check_platform (const TerraneSourceContext *self, const TerraneOpenImage *image, GError **error)
{
  if (oci_image_check_platform (image->config, &self->profile->platform, NULL))
    return TRUE;
  g_autofree char *actual = oci_image_describe_platform (image->config);
  g_autofree char *wanted = oci_platform_text (&self->profile->platform);
  return oci_throw (error, OCI_ERROR_USAGE, "the image is for %s, the profile's platform is %s",
                    actual, wanted);
}

TerraneOpenImage *
terrane_source_image_open (const TerraneSourceContext *self, const TerranePin *pin, GError **error)
{
  const TerraneSourceSpec *spec = pin->spec;
  g_autofree char *where = place (spec);
  OCI_PREFIX (error, "%s", where);
  const TerraneOpenOptions options = {
    .want = TERRANE_IMAGE_DOCUMENTS,
    .platform = &self->profile->platform,
    .any_platform = TRUE,
    .look = self->look,
    .pinned = pin->has_digest ? &pin->digest : NULL,
    .jobs = self->jobs,
  };
  g_autoptr (TerraneOpenImage) image =
      terrane_image_open (self->remote, spec->image, &options, error);
  return image != NULL && check_platform (self, image, error) ? g_steal_pointer (&image) : NULL;
}

static gboolean
check_special (const TerraneImageFiles *files, GError **error)
{
  const char *special = terrane_layer_audit_special (files->audit);
  g_autofree char *path = g_strconcat ("/", special, NULL);
  g_autofree char *quoted = oci_quote (path);
  return special == NULL
         || oci_throw (error, OCI_ERROR_UNSUPPORTED,
                       "%s is a device, fifo or socket, which the store cannot hold; leave such "
                       "entries out with \"special\": \"skip\"",
                       quoted);
}

gboolean
terrane_source_image_files (const TerraneSourceContext *self, const TerranePin *pin,
                            TerraneOpenImage *image, gboolean with_tree,
                            TerraneImageFiles *out_files, GError **error)
{
  const TerraneSourceSpec *spec = pin->spec;
  {
    g_autofree char *where = place (spec);
    OCI_PREFIX (error, "%s", where);
    if (!terrane_store_begin_write (self->store, error)
        || !terrane_open_image_complete (image, self->remote, error))
      return FALSE;
  }
  return terrane_image_files (self->store, image, with_tree, self->jobs, self->progress, out_files,
                              error)
         && (spec->skip_special || check_special (out_files, error));
}

char *
terrane_source_image_name (const TerraneOpenImage *image)
{
  const OciTransport *transport = image->transport;
  const OciReference *reference = transport->reference;
  if (reference == NULL) /* a position in an archive is not a name */
    return transport->name != NULL && transport->name[0] == '@' ? NULL : g_strdup (transport->name);
  return g_strconcat (reference->host, "/", reference->repository,
                      reference->tag != NULL ? ":" : NULL, reference->tag, NULL);
}
