/* Profiles: accepted ones have what the header promises. */
#include "fuzz.h"

#include "builder/profile/profile.h"

static void
check_source (const TerraneSourceSpec *spec)
{
  g_assert_nonnull (spec->where);
  g_assert_nonnull (spec->name);
  g_assert_nonnull (spec->prefix);
  g_assert_true (spec->kind != TERRANE_SOURCE_DIRECTORY || spec->directory != NULL);
  g_assert_true (spec->kind != TERRANE_SOURCE_IMAGE || spec->image != NULL);
  g_assert_true (spec->kind != TERRANE_SOURCE_ARCHIVE
                 || (spec->archives != NULL && spec->archives->len > 0));
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) raw = g_bytes_new_static (data, MIN (size, FUZZ_MAX_BYTES));
  g_autoptr (TerraneProfile) profile = terrane_profile_parse ("dir/p.json", raw, NULL, &error);
  FUZZ_CHECK (profile != NULL, error);
  if (profile == NULL)
    return 0;
  g_assert_nonnull (profile->name);
  g_assert_nonnull (profile->platform.architecture);
  check_source (profile->base);
  for (guint i = 0; i < profile->trees->len; i++)
    check_source (profile->trees->pdata[i]);
  return 0;
}
