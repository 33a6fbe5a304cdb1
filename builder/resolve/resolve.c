#include "builder/resolve/resolve.h"

#include "builder/error.h"
#include "builder/profile/lock-change.h"
#include "builder/resolve/source-resolver.h"
#include "builder/version.h"

#include "oci/gzip-writer.h"

#include <string.h>

/* Whether a URL in a lock is @asked, which has no query. */
static gboolean
is_same_url (const json_t *locked, const json_t *asked)
{
  const char *before = json_string_value (locked), *now = json_string_value (asked);
  size_t length = before != NULL ? strcspn (before, "?#") : 0;
  return before != NULL && now != NULL && strlen (now) == length
         && strncmp (before, now, length) == 0;
}

/* Whether @whole contains everything in @part. */
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

/* Returns the part of @entry that @question has, since answers of a lock alone are not a
 * difference; everything if the question is about another kind of source. */
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

/* Whether the answer needs a request, or something that is not in the store. */
static gboolean
needs_others (const TerraneSourceSpec *spec, const GError *error)
{
  const TerraneSourceSpec *asked = spec->compile_in != NULL ? spec->compile_in : spec;
  if (g_error_matches (error, OCI_ERROR, OCI_ERROR_CANCELLED))
    return FALSE;
  if (asked->kind == TERRANE_SOURCE_IMAGE) /* also an archive that was not read */
    return (g_error_matches (error, OCI_ERROR, OCI_ERROR_NOT_FOUND)
            || g_error_matches (error, OCI_ERROR, OCI_ERROR_DENIED))
           && !g_str_has_prefix (asked->image, "oci:");
  if (asked->kind == TERRANE_SOURCE_OSTREE)
    return strstr (asked->ostree_repository, "://") != NULL;
  return asked->kind == TERRANE_SOURCE_WHEELS
         && (g_error_matches (error, OCI_ERROR, OCI_ERROR_NOT_FOUND)
             || g_error_matches (error, OCI_ERROR, OCI_ERROR_DENIED)
             || g_error_matches (error, OCI_ERROR, OCI_ERROR_UNREACHABLE));
}

static const char *
open_reason (const TerraneResolution *self, const TerraneSourceSpec *spec)
{
  if (spec->kind == TERRANE_SOURCE_WHEELS)
    return self->python_known ? "the lock does not name all of its wheels: a build looks for them"
                              : "the base is not in the store, and its Python is not known";
  return "the lock does not say which one it is: a build finds that out";
}

/* Finds the answers that are known without requests, and leaves the others open. @entry: receives
 * them */
static gboolean
look_at (TerraneResolution *self, const TerraneSourceResolver *resolver, TerranePin *pin,
         const json_t *locked, json_t *entry, GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autoptr (OciJsonValue) tried = json_deep_copy (entry);
  if (resolver->answer (self, pin, locked, tried, &local))
    return json_object_update (entry, tried) == 0;
  if (!needs_others (pin->spec, local))
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  pin->open = g_strdup (open_reason (self, pin->spec));
  g_clear_pointer (&pin->recipes, terrane_recipe_set_free);
  gboolean stale = self->base_is_stale;
  self->quiet = TRUE;
  (void) resolver->answer (self, pin, locked, entry, NULL); /* it may not be able to answer */
  self->quiet = FALSE;
  self->base_is_stale = stale; /* open sources are not compared */
  return TRUE;
}

/* The question itself may need a base that is not available: then that of the lock is used. */
static json_t *
ask (TerraneResolution *self, const TerraneSourceResolver *resolver, TerranePin *pin,
     const json_t *before, GError **error)
{
  g_autoptr (GError) local = NULL;
  json_t *entry = resolver->ask (self, pin->spec, &local);
  if (entry != NULL)
    return entry;
  if (!self->options->look || !needs_others (pin->spec, local))
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return NULL;
    }
  pin->open = g_strdup (open_reason (self, pin->spec));
  return before != NULL ? json_deep_copy (before) : json_object ();
}

static gboolean
answer (TerraneResolution *self, const TerraneSourceResolver *resolver, TerranePin *pin,
        const json_t *locked, json_t *entry, GError **error)
{
  if (pin->open != NULL)
    return TRUE;
  return self->options->look ? look_at (self, resolver, pin, locked, entry, error)
                             : resolver->answer (self, pin, locked, entry, error);
}

static gboolean
resolve_source (TerraneResolution *self, TerranePin *pin, GPtrArray *changes, GError **error)
{
  const TerraneSourceSpec *spec = pin->spec;
  const TerraneResolveOptions *options = self->options;
  const TerraneSourceResolver *resolver = terrane_source_resolver_of (spec->kind);
  const char *tree = spec == self->profile->base ? NULL : spec->name;
  g_autoptr (OciJsonValue) before =
      json_incref ((json_t *) terrane_lock_get (options->lock, self->platform, tree));
  g_autoptr (OciJsonValue) entry = ask (self, resolver, pin, before, error);
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
  if (!answer (self, resolver, pin,
               same && !is_updated (&options->policy, spec->name) ? before : NULL, entry, error))
    return FALSE;
  if (before == NULL || !json_equal (before, entry))
    terrane_lock_describe_change (spec->name, before, entry, changes);
  pin->entry = g_steal_pointer (&entry);
  return TRUE;
}

/* Removes trees that the profile no longer has. */
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

/* A lock promises digests, which also depend on the versions that make the layers. */
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
                    "renew the lock with --update-lock",
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

/* Scripts in wheels start the image's Python; if the base has none, a tree has it. */
static gboolean
find_interpreters (TerraneResolution *self, GError **error)
{
  for (guint i = 0; i < self->plan->trees->len; i++)
    {
      const TerranePin *pin = self->plan->trees->pdata[i];
      if (pin->wheels == NULL)
        continue;
      if (!terrane_resolution_find_python (self, error))
        return FALSE;
      const TerranePythonTarget *target = &pin->wheels->target;
      gboolean same = self->python.python_major == target->python_major
                      && self->python.python_minor == target->python_minor;
      pin->wheels->interpreter = same && self->python.interpreter != NULL
                                     ? g_strdup (self->python.interpreter)
                                     : g_strdup_printf ("/usr/bin/python%u.%u",
                                                        target->python_major, target->python_minor);
    }
  return TRUE;
}

/* The Python that starts scripts in wheels is part of their trees' keys. */
static gboolean
leave_wheels_open (TerraneResolution *self)
{
  for (guint i = 0; i < self->plan->trees->len; i++)
    {
      TerranePin *pin = self->plan->trees->pdata[i];
      if (pin->wheels != NULL && pin->open == NULL)
        pin->open = g_strdup ("the base is not in the store, and its Python is not known");
    }
  return TRUE;
}

static gboolean
resolve_sources (TerraneResolution *self, GPtrArray *changes, GError **error)
{
  if (!resolve_source (self, self->plan->base, changes, error))
    return FALSE;
  for (guint i = 0; i < self->plan->trees->len; i++)
    if (!resolve_source (self, self->plan->trees->pdata[i], changes, error))
      return FALSE;
  terrane_plan_fill_lock (self->plan, self->options->lock);
  drop_others (self, changes);
  return TRUE;
}

static gboolean
check_exists (const TerraneProfile *profile, const TerraneResolveOptions *options, GError **error)
{
  if (!options->policy.require || terrane_lock_exists (options->lock))
    return TRUE;
  g_set_error (error, TERRANE_ERROR, TERRANE_ERROR_STALE,
               "there is no %s; make it with: terrane lock %s", terrane_lock_file (options->lock),
               profile->path);
  return FALSE;
}

TerranePlan *
terrane_resolve (const TerraneProfile *profile, const TerraneResolveOptions *options,
                 TerraneBase **out_base, GPtrArray *out_changes, GError **error)
{
  g_autoptr (TerranePlan) plan = terrane_plan_new (profile);
  TerraneResolution self = { .options = options,
                             .profile = profile,
                             .plan = plan,
                             .platform = plan->platform,
                             .reads_base = out_base != NULL };
  guint before = out_changes->len;
  oci_layout_set_unpack_limits (terrane_store_layout (options->store), &profile->limits.unpacked);
  if (!check_exists (profile, options, error) || !check_assembler (options, error))
    return NULL;
  check_compressor (options, out_changes);
  gboolean ok = resolve_sources (&self, out_changes, error);
  if (ok && options->policy.require && out_changes->len > before)
    ok = fail_stale (&self, out_changes, error);
  if (ok && out_base != NULL)
    ok = terrane_resolution_base (&self, error) != NULL
         && terrane_resolution_see_python (&self, error)
         && (terrane_resolution_base_is_read (&self) ? find_interpreters (&self, error)
                                                     : leave_wheels_open (&self));
  if (ok && out_base != NULL)
    *out_base = g_steal_pointer (&self.base);
  terrane_base_free (self.base);
  terrane_python_base_clear (&self.python);
  return ok ? g_steal_pointer (&plan) : NULL;
}
