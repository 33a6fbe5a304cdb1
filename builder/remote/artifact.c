#include "builder/remote/artifact.h"

#include "builder/remote/remote-private.h"

/* @repository: its tag would be another key of the kept registries. Returns: (transfer none)
 * (nullable) */
static OciRegistry *
open_repository (TerraneRemote *self, const OciReference *repository, GCancellable *cancellable,
                 GError **error)
{
  const OciReference bare = { .host = repository->host, .repository = repository->repository };
  return terrane_remote_open_registry (self, &bare, OCI_REGISTRY_PULL, cancellable, error);
}

OciManifest *
terrane_remote_fetch_artifact (TerraneRemote *self, const OciReference *repository, const char *tag,
                               const char *type, const char *config_type, GError **error)
{
  g_auto (TerraneOperation) operation = terrane_operation_begin (self);
  GCancellable *cancellable = terrane_operation_cancellable (&operation);
  OciRegistry *registry = open_repository (self, repository, cancellable, error);
  if (registry == NULL || !terrane_store_begin_write (self->store, error))
    return NULL;
  return oci_registry_fetch_artifact (registry, terrane_store_layout (self->store), tag, type,
                                      config_type, cancellable, error);
}

gboolean
terrane_remote_fetch_artifact_layer (TerraneRemote *self, const OciReference *repository,
                                     const OciDescriptor *layer, GError **error)
{
  OciLayout *layout = terrane_store_layout (self->store);
  gboolean found = FALSE;
  if (!oci_layout_find_blob (layout, &layer->digest, &found, NULL, error))
    return FALSE;
  if (found && oci_layout_verify_blob (layout, layer, NULL))
    return TRUE;
  g_auto (TerraneOperation) operation = terrane_operation_begin (self);
  GCancellable *cancellable = terrane_operation_cancellable (&operation);
  OciRegistry *registry = open_repository (self, repository, cancellable, error);
  return registry != NULL
         && oci_registry_fetch_blob (registry, layout, layer, terrane_remote_on_transfer, self,
                                     cancellable, error);
}
