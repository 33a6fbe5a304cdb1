#include "builder/resolve/resolution.h"

#include "builder/resolve/fetch.h"

#include "oci/image-config.h"

#include <string.h>

TerraneBase *
terrane_resolution_base (TerraneResolution *self, GError **error)
{
  const TerraneResolveOptions *options = self->options;
  if (self->base == NULL && options->shared != NULL
      && !terrane_shared_trees_take_base (options->shared, self->plan->base, &self->base, error))
    return NULL;
  if (self->base == NULL && options->look)
    self->base = terrane_base_look (options->store, self->profile, self->plan->base,
                                    options->remote, options->jobs, options->progress, error);
  else if (self->base == NULL && terrane_fetch_base (options->remote, self->plan, error))
    self->base = terrane_base_resolve (options->store, self->profile, self->plan->base,
                                       options->remote, options->jobs, options->progress, error);
  return self->base;
}

static gboolean
read_version (const char *text, unsigned *out_major, unsigned *out_minor)
{
  g_auto (GStrv) parts = g_strsplit (text, ".", 3);
  guint64 major = 0, minor = 0;
  if (parts[0] == NULL || parts[1] == NULL
      || !g_ascii_string_to_unsigned (parts[0], 10, 0, G_MAXUINT16, &major, NULL)
      || !g_ascii_string_to_unsigned (parts[1], 10, 0, G_MAXUINT16, &minor, NULL))
    return FALSE;
  *out_major = (unsigned) major;
  *out_minor = (unsigned) minor;
  return TRUE;
}

/* Takes the lock's information about a base that is not in the store. */
static gboolean
take_python (TerraneResolution *self, const json_t *entry)
{
  TerranePythonBase *python = &self->python;
  const char *version = json_string_value (json_object_get (entry, "python"));
  const char *libc = json_string_value (json_object_get (entry, "libc"));
  const char *space = libc != NULL ? strchr (libc, ' ') : NULL;
  if (version == NULL || !read_version (version, &python->python_major, &python->python_minor))
    return FALSE;
  if (space != NULL && read_version (space + 1, &python->libc_major, &python->libc_minor))
    python->libc = g_str_has_prefix (libc, "musl") ? TERRANE_LIBC_MUSL : TERRANE_LIBC_GLIBC;
  return TRUE;
}

/* For a base that is not in the store: from the lock, if that is about the same base. */
static gboolean
find_locked_python (TerraneResolution *self, GError **error)
{
  const TerraneLock *lock = self->options->lock;
  const json_t *locked = terrane_lock_get (lock, self->platform, NULL);
  g_auto (GStrv) names = terrane_lock_trees (lock, self->platform);
  gboolean same = locked != NULL && self->plan->base->entry != NULL
                  && json_equal (locked, self->plan->base->entry);
  for (char **name = names; same && *name != NULL; name++)
    if (take_python (self, terrane_lock_get (lock, self->platform, *name)))
      return TRUE;
  return oci_throw (error, OCI_ERROR_NOT_FOUND, "the base is not in the store");
}

gboolean
terrane_resolution_base_is_read (const TerraneResolution *self)
{
  return self->base->here || self->plan->base->is_taken || self->python_seen;
}

static const char *
search_path (const TerraneBase *base, char **env)
{
  return base->config != NULL ? g_environ_getenv (env, "PATH") : NULL;
}

/* Only files that changed are not in the store: mostly, its Python is that of the base before it.
 */
gboolean
terrane_resolution_see_python (TerraneResolution *self, GError **error)
{
  TerraneBase *base = self->base;
  g_auto (GStrv) env = base->config != NULL ? oci_image_config_env (base->config) : NULL;
  g_auto (TerranePythonBase) python = { 0 };
  g_autoptr (GError) local = NULL;
  if (terrane_resolution_base_is_read (self) || base->root.tree == NULL)
    return TRUE;
  if (terrane_python_base_find_in (self->options->store, base->root.tree, search_path (base, env),
                                   &python, &local))
    {
      terrane_python_base_clear (&self->python);
      self->python = python;
      python = (TerranePythonBase){ 0 };
      self->python_seen = self->python_known = TRUE;
      return TRUE;
    }
  if (g_error_matches (local, OCI_ERROR, OCI_ERROR_NOT_FOUND))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

gboolean
terrane_resolution_find_python (TerraneResolution *self, GError **error)
{
  if (self->python_known)
    return TRUE;
  const TerraneBase *base = terrane_resolution_base (self, error);
  if (base == NULL || !terrane_resolution_see_python (self, error))
    return FALSE;
  if (self->python_known)
    return TRUE;
  if (!terrane_resolution_base_is_read (self))
    {
      self->python_known = find_locked_python (self, error);
      return self->python_known;
    }
  g_auto (GStrv) env = base->config != NULL ? oci_image_config_env (base->config) : NULL;
  self->python_known = terrane_python_base_find (self->options->store, &base->root.commit,
                                                 search_path (base, env), &self->python, error);
  return self->python_known;
}

gboolean
terrane_resolution_may_ask (const TerraneResolution *self)
{
  return !self->options->policy.require && !self->quiet;
}

/* Returns "../common/a" for two absolute, canonical paths. */
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
