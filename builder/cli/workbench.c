#include "builder/cli/workbench.h"

#include "builder/remote/mirror.h"

TerraneStore *
terrane_workbench_open_store (const TerraneGlobal *global, TerraneStoreAccess access,
                              GError **error)
{
  g_autofree char *path = terrane_store_default_path (global->store);
  return terrane_store_open (path, access, error);
}

TerraneRemote *
terrane_workbench_new_remote (const TerraneWorkbench *self, const TerraneRemoteArguments *arguments,
                              unsigned transfers, TerraneStore *store)
{
  const TerraneRemoteOptions options = {
    .insecure = arguments != NULL && arguments->tls_verify == TERRANE_CHOICE_FALSE,
    .offline = self->global->offline,
    .timeout_ms = arguments != NULL ? arguments->timeout_ms : 0,
    .jobs = transfers > 0 ? transfers : TERRANE_REMOTE_JOBS,
    .progress = self->progress,
  };
  return terrane_remote_new (store, &options);
}

gboolean
terrane_workbench_open (const TerraneGlobal *global, const TerraneRemoteArguments *arguments,
                        unsigned transfers, TerraneWorkbench *out, GError **error)
{
  *out = (TerraneWorkbench){ .global = global, .jobs = MAX (g_get_num_processors (), 1U) };
  out->store = terrane_workbench_open_store (global, TERRANE_STORE_SHARED, error);
  if (out->store == NULL)
    return FALSE;
  terrane_workbench_set_jobs (out, 0);
  out->terminal = terrane_terminal_new (&global->output);
  out->progress = terrane_terminal_progress (out->terminal);
  out->remote = terrane_workbench_new_remote (out, arguments, transfers, out->store);
  return TRUE;
}

void
terrane_workbench_set_jobs (TerraneWorkbench *self, unsigned jobs)
{
  self->jobs = jobs > 0 ? jobs : self->jobs;
  terrane_store_set_jobs (self->store, self->jobs);
}

gboolean
terrane_workbench_use_mirror (const TerraneWorkbench *self, const char *directory, GError **error)
{
  return directory == NULL || terrane_remote_set_mirror (self->remote, directory, error);
}

void
terrane_workbench_close (TerraneWorkbench *self)
{
  g_clear_pointer (&self->remote, terrane_remote_free);
  g_clear_pointer (&self->terminal, terrane_terminal_free);
  g_clear_pointer (&self->store, terrane_store_free);
}

TerraneOpenImage *
terrane_workbench_open_image (const TerraneWorkbench *self, const char *image, const char *platform,
                              TerraneImageWant want, GError **error)
{
  OciPlatform wanted;
  if (platform != NULL && !oci_platform_parse (platform, &wanted, error))
    return NULL;
  const TerraneOpenOptions options = { .want = want,
                                       .platform = platform != NULL ? &wanted : NULL,
                                       .jobs = self->jobs };
  return terrane_image_open (self->remote, image, &options, error);
}

void
terrane_workbench_show (const TerraneWorkbench *self, json_t *document,
                        void (*print) (const json_t *document))
{
  terrane_terminal_finish_phase (self->terminal);
  if (self->global->output.json)
    terrane_print_json (document);
  else
    print (document);
}
