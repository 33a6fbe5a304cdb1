#include "builder/remote/push-look.h"

#include "builder/remote/remote-private.h"

#define ACCEPT_MANIFEST                                                                            \
  "Accept: " OCI_MEDIA_TYPE_MANIFEST ", " OCI_MEDIA_TYPE_DOCKER_MANIFEST ", " OCI_MEDIA_TYPE_INDEX \
  ", " OCI_MEDIA_TYPE_DOCKER_LIST

static void
look_clear (gpointer data)
{
  g_free (((TerranePushLook *) data)->from);
}

GArray *
terrane_push_looks_new (void)
{
  GArray *looks = g_array_new (FALSE, TRUE, sizeof (TerranePushLook));
  g_array_set_clear_func (looks, look_clear);
  return looks;
}

static gboolean
has_blob (OciRegistry *registry, const OciDigest *digest, GCancellable *cancellable,
          gboolean *out_has, GError **error)
{
  OciDigestText text;
  OciDigestHex hex;
  OciRegistryAnswer answer = OCI_REGISTRY_UNKNOWN;
  g_autofree char *below = g_strconcat ("blobs/", oci_digest_text (digest, text), NULL);
  g_autofree char *path = oci_registry_path (registry, below);
  g_autofree char *what =
      g_strdup_printf ("looking for the blob sha256:%.12s…", oci_digest_hex (digest, hex));
  const OciRegistryQuestion question = { .path = path, .what = what };
  *out_has = FALSE;
  if (!oci_registry_ask (registry, &question, cancellable, &answer, NULL, error))
    return FALSE;
  *out_has = answer == OCI_REGISTRY_EXISTS;
  return TRUE;
}

/* Whether the tag names @manifest, by the header of the answer. */
static gboolean
names_manifest (OciRegistry *registry, const char *tag, const OciDigest *manifest,
                GCancellable *cancellable, gboolean *out_names, GError **error)
{
  OciDigest named;
  OciDigestText text;
  OciRegistryAnswer answer = OCI_REGISTRY_UNKNOWN;
  g_autoptr (OciHttpResponse) response = NULL;
  g_autofree char *below =
      g_strconcat ("manifests/", tag != NULL ? tag : oci_digest_text (manifest, text), NULL);
  g_autofree char *path = oci_registry_path (registry, below);
  const OciRegistryQuestion question = { .path = path,
                                         .accept = ACCEPT_MANIFEST,
                                         .what = "looking for the manifest" };
  if (!oci_registry_ask (registry, &question, cancellable, &answer, &response, error))
    return FALSE;
  *out_names = answer == OCI_REGISTRY_EXISTS && oci_registry_response_digest (response, &named)
               && oci_digest_equal (&named, manifest);
  return TRUE;
}

/* A repository that may have the blob is asked, since a failed mount becomes an upload. */
static gboolean
find_mount (TerraneRemote *self, const OciReference *destination, const char *mount_from,
            TerranePushLook *look, GCancellable *cancellable, GError **error)
{
  gboolean has = FALSE;
  g_autoptr (GError) local = NULL;
  g_autofree char *repository =
      terrane_remote_choose_source (self, &look->digest, destination, mount_from);
  if (repository == NULL || g_str_equal (repository, destination->repository))
    return TRUE;
  g_autoptr (OciReference) source = oci_reference_copy (destination);
  g_free (source->repository);
  source->repository = g_strdup (repository);
  OciRegistry *registry =
      terrane_remote_open_registry (self, source, OCI_REGISTRY_PULL, cancellable, error);
  if (registry == NULL)
    return FALSE;
  if (!has_blob (registry, &look->digest, cancellable, &has, &local))
    {
      if (!g_error_matches (local, OCI_ERROR, OCI_ERROR_CANCELLED))
        return TRUE; /* without permission to read, mounting is not possible either */
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  if (has)
    {
      look->action = TERRANE_PUSH_MOUNT;
      look->from = g_steal_pointer (&repository);
    }
  return TRUE;
}

gboolean
terrane_remote_look_push (TerraneRemote *self, const OciReference *destination,
                          const char *mount_from, const OciDigest *manifest, GArray *looks,
                          gboolean *out_unchanged, GError **error)
{
  *out_unchanged = FALSE;
  if (self->options.offline)
    return oci_throw (error, OCI_ERROR_USAGE, "--offline: %s is not asked what it has",
                      destination->host);
  g_auto (TerraneOperation) operation = terrane_operation_begin (self);
  GCancellable *cancellable = terrane_operation_cancellable (&operation);
  OCI_PREFIX (error, OCI_REFERENCE_SCHEME "%s/%s", destination->host, destination->repository);
  OciRegistry *registry =
      terrane_remote_open_registry (self, destination, OCI_REGISTRY_PULL, cancellable, error);
  if (registry == NULL
      || (manifest != NULL
          && !names_manifest (registry, destination->tag, manifest, cancellable, out_unchanged,
                              error)))
    return FALSE;
  for (guint i = 0; i < looks->len; i++)
    {
      TerranePushLook *look = &g_array_index (looks, TerranePushLook, i);
      gboolean has = *out_unchanged;
      if (!has && !has_blob (registry, &look->digest, cancellable, &has, error))
        return FALSE;
      look->action = has ? TERRANE_PUSH_EXISTS : TERRANE_PUSH_UPLOAD;
      if (!has && !find_mount (self, destination, mount_from, look, cancellable, error))
        return FALSE;
    }
  return TRUE;
}
