/* Locks, which people edit and git merges. */
#include "fuzz.h"

#include "builder/profile/lock-change.h"
#include "builder/profile/lock.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);
  g_autoptr (GError) error = NULL;
  g_autoptr (TerraneLock) lock = terrane_lock_parse ("app.lock.json", bytes, &error);
  if ((lock == NULL) == (error == NULL))
    abort ();
  if (lock == NULL)
    return 0;
  g_auto (GStrv) platforms = terrane_lock_platforms (lock);
  g_autoptr (GPtrArray) lines = g_ptr_array_new_with_free_func (g_free);
  for (char **platform = platforms; *platform != NULL; platform++)
    {
      g_auto (GStrv) trees = terrane_lock_trees (lock, *platform);
      const json_t *base = terrane_lock_get (lock, *platform, NULL);
      OciDigest digest = terrane_lock_digest (lock, *platform);
      OciDigest again = terrane_lock_digest (lock, *platform);
      if (!oci_digest_equal (&digest, &again))
        abort ();
      for (char **tree = trees; *tree != NULL; tree++)
        terrane_lock_describe_change (*tree, base, terrane_lock_get (lock, *platform, *tree),
                                      lines);
      guint before = lines->len;
      terrane_lock_describe_change ("base", base, base, lines);
      if (lines->len != before)
        abort ();
    }
  return 0;
}
