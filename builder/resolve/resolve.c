#include "builder/resolve/resolve.h"

#include "builder/error.h"
#include "builder/profile/lock-change.h"
#include "builder/resolve/fetch.h"
#include "builder/resolve/source-resolver.h"
#include "builder/version.h"

#include "oci/gzip-writer.h"
#include "oci/image-config.h"

#include <string.h>

static const TerraneSourceResolver *
resolver_of (TerraneSourceKind kind)
{
  switch (kind)
    {
    case TERRANE_SOURCE_ARCHIVE:
      return &terrane_resolver_archive;
    case TERRANE_SOURCE_DIRECTORY:
      return &terrane_resolver_directory;
    case TERRANE_SOURCE_IMAGE:
      return &terrane_resolver_image;
    case TERRANE_SOURCE_WHEELS:
      return &terrane_resolver_wheels;
    case TERRANE_SOURCE_OSTREE:
      return &terrane_resolver_ostree;
    default:
      g_assert_not_reached ();
    }
}

TerraneBase *
terrane_resolution_base (TerraneResolution *self, GError **error)
{
  const TerraneResolveOptions *options = self->options;
  if (self->base == NULL && terrane_fetch_base (options->remote, self->profile, error))
    self->base = terrane_base_resolve (options->store, self->profile, options->remote,
                                       options->jobs, options->progress, error);
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

/* Whether a URL of a lock is @asked, which has no query. */
static gboolean
is_same_url (const json_t *locked, const json_t *asked)
{
  const char *before = json_string_value (locked), *now = json_string_value (asked);
  size_t length = before != NULL ? strcspn (before, "?#") : 0;
  return before != NULL && now != NULL && strlen (now) == length
         && strncmp (before, now, length) == 0;
}

/* Whether everything that @part says is said by @whole too. */
static gboolean
contains (const json_t *whole, const json_t *part)
{
  const char *key;
  json_t *value;
  size_t i;
  if (json_is_object (part) && json_is_object (whole))
    {
      json_object_foreach ((json_t *) part, key, value)
      {
        const json_t *other = json_object_get (whole, key);
        gboolean same = strcmp (key, "url") == 0 ? is_same_url (other, value)
                                                 : other != NULL && contains (other, value);
        if (!same)
          return FALSE;
      }
      return TRUE;
    }
  if (json_is_array (part) && json_is_array (whole))
    {
      if (json_array_size (part) != json_array_size (whole))
        return FALSE;
      json_array_foreach (part, i, value)
      {
        if (!contains (json_array_get (whole, i), value))
          return FALSE;
      }
      return TRUE;
    }
  return whole != NULL && json_equal (whole, part);
}

static gboolean
is_updated (const TerraneLockPolicy *policy, const char *name)
{
  return policy->update
         && (policy->update_names == NULL || g_strv_contains (policy->update_names, name));
}

/* Only what @question has of @entry, as the answers of a lock are no difference by themselves; all
 * of it when the question is about another kind of source. */
static json_t *
restrict_to (json_t *entry, const json_t *question)
{
  const char *key;
  json_t *value;
  json_t *result = json_object ();
  json_object_foreach ((json_t *) question, key, value)
  {
    (void) value;
    json_t *member = json_object_get (entry, key);
    if (member != NULL)
      oci_json_set (result, key, json_incref (member));
  }
  if (json_object_size (result) == 0)
    (void) json_object_update (result, entry);
  return result;
}

static gboolean
resolve_source (TerraneResolution *self, TerraneSourceSpec *spec, GPtrArray *changes,
                GError **error)
{
  const TerraneResolveOptions *options = self->options;
  const TerraneSourceResolver *resolver = resolver_of (spec->kind);
  const char *tree = spec == self->profile->base ? NULL : spec->name;
  g_autoptr (OciJsonValue) before =
      json_incref ((json_t *) terrane_lock_get (options->lock, self->platform, tree));
  g_autoptr (OciJsonValue) entry = resolver->ask (self, spec, error);
  if (entry == NULL)
    return FALSE;
  gboolean same = before != NULL && contains (before, entry);
  if (!same && !terrane_resolution_may_ask (self))
    {
      g_autoptr (OciJsonValue) asked = before != NULL ? restrict_to (before, entry) : NULL;
      terrane_lock_describe_change (spec->name, asked, entry, changes);
      self->base_is_stale = self->base_is_stale || tree == NULL;
      return TRUE;
    }
  if (!resolver->answer (self, spec,
                         same && !is_updated (&options->policy, spec->name) ? before : NULL, entry,
                         error))
    return FALSE;
  if (before == NULL || !json_equal (before, entry))
    terrane_lock_describe_change (spec->name, before, entry, changes);
  terrane_lock_set (options->lock, self->platform, tree, entry);
  return TRUE;
}

/* Trees that the profile no longer has. */
static void
drop_others (TerraneResolution *self, GPtrArray *changes)
{
  TerraneLock *lock = self->options->lock;
  g_auto (GStrv) names = terrane_lock_trees (lock, self->platform);
  for (char **name = names; *name != NULL; name++)
    {
      gboolean known = FALSE;
      for (guint i = 0; i < self->profile->trees->len && !known; i++)
        known = g_str_equal (((TerraneSourceSpec *) self->profile->trees->pdata[i])->name, *name);
      if (known)
        continue;
      terrane_lock_describe_change (*name, terrane_lock_get (lock, self->platform, *name), NULL,
                                    changes);
      terrane_lock_remove (lock, self->platform, *name);
    }
}

/* A lock promises digests, which also depend on who makes the layers. */
static gboolean
check_assembler (const TerraneResolveOptions *options, GError **error)
{
  const char *assembler = terrane_lock_maker (options->lock, "assembler");
  if (assembler == NULL || g_str_equal (assembler, TERRANE_ASSEMBLER_VERSION)
      || (options->policy.update && options->policy.update_names == NULL))
    return TRUE;
  g_autofree char *quoted = oci_quote (assembler);
  return oci_throw (error, OCI_ERROR_USAGE,
                    "%s: the lock is for images of assembler version %s, and this terrane makes "
                    "those of version " TERRANE_ASSEMBLER_VERSION
                    ", which have other digests: build with the terrane that made the lock, or "
                    "make the lock anew with --update-lock",
                    terrane_lock_file (options->lock), quoted);
}

static void
check_compressor (const TerraneResolveOptions *options, GPtrArray *changes)
{
  g_autofree char *here = oci_gzip_writer_identity ();
  const char *locked = terrane_lock_maker (options->lock, "compressor");
  gboolean exists = terrane_lock_exists (options->lock);
  if (exists && terrane_lock_maker (options->lock, "assembler") == NULL)
    g_ptr_array_add (changes, g_strdup ("assembler: nothing → " TERRANE_ASSEMBLER_VERSION));
  if (exists && locked == NULL)
    g_ptr_array_add (changes, g_strdup_printf ("compressor: nothing → %s", here));
  if (locked != NULL && !g_str_equal (locked, here))
    {
      g_ptr_array_add (changes, g_strdup_printf ("compressor: %s → %s", locked, here));
      terrane_progress_warn (options->progress,
                             "%s was made with another compressor, %s, this is %s: digests of "
                             "layers may differ, their diffIDs do not",
                             terrane_lock_file (options->lock), locked, here);
    }
  terrane_lock_set_maker (options->lock, "compressor", here);
  terrane_lock_set_maker (options->lock, "assembler", TERRANE_ASSEMBLER_VERSION);
}

static gboolean
fail_stale (const TerraneResolution *self, const GPtrArray *changes, GError **error)
{
  GString *text = g_string_new (NULL);
  for (guint i = 0; i < changes->len; i++)
    g_string_append_printf (text, "\n  %s", (const char *) changes->pdata[i]);
  g_set_error (error, TERRANE_ERROR, TERRANE_ERROR_STALE,
               "%s does not match the profile for %s:%s\n  refresh it with: terrane lock %s",
               terrane_lock_file (self->options->lock), self->platform, text->str,
               self->profile->path);
  g_string_free (text, TRUE);
  return FALSE;
}

/* Scripts that wheels bring start the image's Python; where the base has none, a tree has. */
static gboolean
find_interpreters (TerraneResolution *self, GError **error)
{
  for (guint i = 0; i < self->profile->trees->len; i++)
    {
      TerraneSourceSpec *spec = self->profile->trees->pdata[i];
      if (spec->kind != TERRANE_SOURCE_WHEELS)
        continue;
      if (!terrane_resolution_find_python (self, error))
        return FALSE;
      gboolean same = self->python.python_major == spec->wheels->python_major
                      && self->python.python_minor == spec->wheels->python_minor;
      spec->interpreter = same && self->python.interpreter != NULL
                              ? g_strdup (self->python.interpreter)
                              : g_strdup_printf ("/usr/bin/python%u.%u", spec->wheels->python_major,
                                                 spec->wheels->python_minor);
    }
  return TRUE;
}

static gboolean
resolve_sources (TerraneResolution *self, GPtrArray *changes, GError **error)
{
  if (!resolve_source (self, self->profile->base, changes, error))
    return FALSE;
  for (guint i = 0; i < self->profile->trees->len; i++)
    if (!resolve_source (self, self->profile->trees->pdata[i], changes, error))
      return FALSE;
  drop_others (self, changes);
  return TRUE;
}

gboolean
terrane_resolve (TerraneProfile *profile, const TerraneResolveOptions *options,
                 TerraneBase **out_base, GPtrArray *out_changes, GError **error)
{
  g_autofree char *platform = oci_platform_text (&profile->platform);
  TerraneResolution self = { .options = options, .profile = profile, .platform = platform };
  guint before = out_changes->len;
  oci_layout_set_unpack_limits (terrane_store_layout (options->store), &profile->limits.unpacked);
  if (options->policy.require && !terrane_lock_exists (options->lock))
    {
      g_set_error (error, TERRANE_ERROR, TERRANE_ERROR_STALE,
                   "there is no %s; make it with: terrane lock %s",
                   terrane_lock_file (options->lock), profile->path);
      return FALSE;
    }
  if (!check_assembler (options, error))
    return FALSE;
  check_compressor (options, out_changes);
  gboolean ok = resolve_sources (&self, out_changes, error);
  if (ok && options->policy.require && out_changes->len > before)
    ok = fail_stale (&self, out_changes, error);
  if (ok && out_base != NULL)
    ok = terrane_resolution_base (&self, error) != NULL && find_interpreters (&self, error);
  if (ok && out_base != NULL)
    *out_base = g_steal_pointer (&self.base);
  terrane_base_free (self.base);
  terrane_python_base_clear (&self.python);
  return ok;
}
