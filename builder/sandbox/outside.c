#include "builder/sandbox/outside.h"

#include "oci/base/error.h"

gboolean
terrane_outside_init (TerraneOutside *self, const TerraneSandbox *sandbox, const char *const *argv,
                      const TerraneOutsideOptions *options, GError **error)
{
  if (sandbox->kind == TERRANE_SANDBOX_PODMAN)
    {
      if (options->port != 0)
        return oci_throw (error, OCI_ERROR_UNSUPPORTED,
                          "--sandbox podman has no way in for the Runtime API; invoke and serve "
                          "need bubblewrap or none");
      self->podman = terrane_elsewhere_new (sandbox, argv, options->files, options->memory_bytes,
                                            options->interactive, options->terminal, error);
      return self->podman != NULL;
    }
  if (sandbox->mounts != NULL && sandbox->mounts->len > 0)
    return oci_throw (error, OCI_ERROR_UNSUPPORTED,
                      "--sandbox none mounts nothing; --mount needs bubblewrap or podman");
  const TerraneBareOptions bare = { .files = options->files,
                                    .terminal = options->terminal,
                                    .has_port = options->port != 0,
                                    .port_variable = options->port_variable };
  self->bare = g_new0 (TerraneBare, 1);
  if (!terrane_bare_init (self->bare, sandbox, argv, &bare, error))
    return FALSE;
  if (self->bare->loader)
    terrane_prefix_filter_init (&self->prefix, self->bare->root.path);
  return TRUE;
}

void
terrane_outside_clear (TerraneOutside *self)
{
  terrane_elsewhere_free (self->podman);
  if (self->bare != NULL)
    terrane_bare_clear (self->bare);
  g_free (self->bare);
  terrane_prefix_filter_clear (&self->prefix);
  *self = (TerraneOutside){ 0 };
}

void
terrane_outside_to_process (const TerraneOutside *self, OciProcess *out_process)
{
  if (self->bare != NULL)
    terrane_bare_to_process (self->bare, out_process);
  else
    terrane_elsewhere_to_process (self->podman, out_process);
}

void
terrane_outside_filter (TerraneOutside *self, const char *bytes, size_t len, GString *out)
{
  if (self->prefix.word == NULL)
    g_string_append_len (out, bytes, (gssize) len);
  else if (len > 0)
    terrane_prefix_filter_take (&self->prefix, bytes, len, out);
  else
    terrane_prefix_filter_finish (&self->prefix, out);
}
