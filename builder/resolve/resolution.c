#include "builder/resolve/resolution.h"

#include "builder/resolve/fetch.h"

#include "oci/image-config.h"

TerraneBase *
terrane_resolution_base (TerraneResolution *self, GError **error)
{
  const TerraneResolveOptions *options = self->options;
  if (self->base == NULL && options->shared != NULL
      && !terrane_shared_trees_take_base (options->shared, self->plan->base, &self->base, error))
    return NULL;
  if (self->base == NULL && terrane_fetch_base (options->remote, self->plan, error))
    self->base = terrane_base_resolve (options->store, self->profile, self->plan->base,
                                       options->remote, options->jobs, options->progress, error);
  return self->base;
}

gboolean
terrane_resolution_find_python (TerraneResolution *self, GError **error)
{
  if (self->python_known)
    return TRUE;
  const TerraneBase *base = terrane_resolution_base (self, error);
  if (base == NULL)
    return FALSE;
  g_auto (GStrv) env = base->config != NULL ? oci_image_config_env (base->config) : NULL;
  self->python_known =
      terrane_python_base_find (self->options->store, &base->root.commit,
                                g_environ_getenv (env, "PATH"), &self->python, error);
  return self->python_known;
}

gboolean
terrane_resolution_may_ask (const TerraneResolution *self)
{
  return !self->options->policy.require;
}

/* "../common/a" of two absolute, canonical paths. */
static char *
make_relative (const char *directory, const char *path)
{
  g_auto (GStrv) from = g_strsplit (directory, "/", -1);
  g_auto (GStrv) to = g_strsplit (path, "/", -1);
  GString *text = g_string_new (NULL);
  size_t common = 0;
  while (from[common] != NULL && to[common] != NULL && g_str_equal (from[common], to[common]))
    common++;
  for (size_t i = common; from[i] != NULL; i++)
    if (from[i][0] != '\0')
      g_string_append (text, "../");
  for (size_t i = common; to[i] != NULL; i++)
    g_string_append_printf (text, "%s%s", i > common ? "/" : "", to[i]);
  return g_string_free (text, FALSE);
}

char *
terrane_resolution_path (const TerraneResolution *self, const char *path)
{
  if (g_hash_table_contains (self->profile->absolute, path))
    return g_strdup (path);
  g_autofree char *directory = g_canonicalize_filename (self->profile->directory, NULL);
  g_autofree char *absolute = g_canonicalize_filename (path, NULL);
  return make_relative (directory, absolute);
}
