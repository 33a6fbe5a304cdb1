#include "builder/resolve/plan.h"

TerranePlan *
terrane_plan_new (const TerraneProfile *profile)
{
  TerranePlan *self = g_new0 (TerranePlan, 1);
  self->profile = profile;
  self->platform = g_strconcat (profile->os, "/", profile->architecture, NULL);
  self->base = terrane_pin_new (profile->base, TRUE);
  self->trees = g_ptr_array_new_with_free_func ((GDestroyNotify) terrane_pin_free);
  for (guint i = 0; i < profile->trees->len; i++)
    g_ptr_array_add (self->trees, terrane_pin_new (profile->trees->pdata[i], FALSE));
  return self;
}

void
terrane_plan_fill_lock (const TerranePlan *self, TerraneLock *lock)
{
  if (self->base->entry != NULL)
    terrane_lock_set (lock, self->platform, NULL, self->base->entry);
  for (guint i = 0; i < self->trees->len; i++)
    {
      const TerranePin *pin = self->trees->pdata[i];
      if (pin->entry != NULL)
        terrane_lock_set (lock, self->platform, pin->spec->name, pin->entry);
    }
}

void
terrane_plan_set_lock (TerranePlan *self, const OciDigest *digest)
{
  OciDigestHex hex;
  terrane_profile_texts_clear (&self->texts);
  terrane_profile_texts_init (&self->texts, self->profile, oci_digest_hex (digest, hex));
}

void
terrane_plan_free (TerranePlan *self)
{
  if (self == NULL)
    return;
  g_free (self->platform);
  terrane_pin_free (self->base);
  g_ptr_array_unref (self->trees);
  terrane_profile_texts_clear (&self->texts);
  g_free (self);
}
