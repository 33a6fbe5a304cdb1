#include "builder/check/linker-cache.h"

#include <elf.h>
#include <stdint.h>
#include <string.h>

#define OLD_MAGIC "ld.so-1.7.0"
#define NEW_MAGIC "glibc-ld.so.cache1.1"

/* Sizes of the C structures in the file, and where their members are. */
enum
{
  OLD_HEADER_BYTES = 16,
  OLD_COUNT_AT = 12,
  OLD_ENTRY_BYTES = 12,
  HEADER_BYTES = 48,
  COUNT_AT = 20,
  ENTRY_BYTES = 24,
  ENTRY_KEY_AT = 4,
  ENTRY_VALUE_AT = 8,
  ENTRY_HWCAP_AT = 16,
};

/* What kind of library an entry is. */
enum
{
  FLAG_LIBC6 = 0x0003,
  FLAG_X86_64 = 0x0300,
  FLAG_X32 = 0x0800,
  FLAG_AARCH64 = 0x0a00,
};

struct _TerraneLinkerCache
{
  GHashTable *paths; /* "FLAGS NAME" -> path */
};

static uint32_t
read_u32 (const uint8_t *at)
{
  return (uint32_t) at[0] | (uint32_t) at[1] << 8 | (uint32_t) at[2] << 16 | (uint32_t) at[3] << 24;
}

/* The part in the new format; older files have the old format before it. */
static const uint8_t *
find_new_format (const uint8_t *data, gsize *size)
{
  gsize skip = 0;
  if (*size >= OLD_HEADER_BYTES && memcmp (data, OLD_MAGIC, strlen (OLD_MAGIC)) == 0)
    {
      gsize count = read_u32 (data + OLD_COUNT_AT);
      if (count > *size / OLD_ENTRY_BYTES)
        return NULL;
      skip = (OLD_HEADER_BYTES + count * OLD_ENTRY_BYTES + 7) & ~(gsize) 7;
    }
  if (skip > *size || *size - skip < HEADER_BYTES
      || memcmp (data + skip, NEW_MAGIC, strlen (NEW_MAGIC)) != 0)
    return NULL;
  *size -= skip;
  return data + skip;
}

static const char *
get_string (const uint8_t *data, gsize size, uint32_t offset)
{
  const char *text = offset < size ? (const char *) data + offset : NULL;
  return text != NULL && memchr (text, '\0', size - offset) != NULL
                 && g_utf8_validate (text, -1, NULL)
             ? text
             : NULL;
}

static gboolean
add_entries (GHashTable *paths, const uint8_t *data, gsize size, gboolean special)
{
  gsize count = read_u32 (data + COUNT_AT);
  if (count > (size - HEADER_BYTES) / ENTRY_BYTES)
    return FALSE;
  for (gsize i = 0; i < count; i++)
    {
      const uint8_t *entry = data + HEADER_BYTES + i * ENTRY_BYTES;
      const char *name = get_string (data, size, read_u32 (entry + ENTRY_KEY_AT));
      const char *path = get_string (data, size, read_u32 (entry + ENTRY_VALUE_AT));
      gboolean for_some =
          read_u32 (entry + ENTRY_HWCAP_AT) != 0 || read_u32 (entry + ENTRY_HWCAP_AT + 4) != 0;
      if (name == NULL || path == NULL)
        return FALSE;
      if (for_some != special)
        continue;
      g_autofree char *key = g_strdup_printf ("%x %s", read_u32 (entry), name);
      if (!g_hash_table_contains (paths, key)) /* the first one wins */
        g_hash_table_insert (paths, g_steal_pointer (&key), g_strdup (path));
    }
  return TRUE;
}

TerraneLinkerCache *
terrane_linker_cache_parse (GBytes *bytes)
{
  gsize size = 0;
  const uint8_t *data = g_bytes_get_data (bytes, &size);
  data = data != NULL ? find_new_format (data, &size) : NULL;
  if (data == NULL)
    return NULL;
  g_autoptr (TerraneLinkerCache) self = g_new0 (TerraneLinkerCache, 1);
  self->paths = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  if (!add_entries (self->paths, data, size, FALSE) || !add_entries (self->paths, data, size, TRUE))
    return NULL;
  return g_steal_pointer (&self);
}

void
terrane_linker_cache_free (TerraneLinkerCache *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->paths);
  g_free (self);
}

const char *
terrane_linker_cache_find (const TerraneLinkerCache *self, unsigned bits, unsigned machine,
                           const char *name)
{
  unsigned flags = FLAG_LIBC6;
  if (machine == EM_X86_64)
    flags |= bits == 64 ? FLAG_X86_64 : FLAG_X32;
  else if (machine == EM_AARCH64)
    flags |= FLAG_AARCH64;
  g_autofree char *key = g_strdup_printf ("%x %s", flags, name);
  return g_hash_table_lookup (self->paths, key);
}
