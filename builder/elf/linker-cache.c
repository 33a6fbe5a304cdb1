#include "builder/elf/linker-cache.h"

#include "oci/base/text-hash.h"

#include <elf.h>
#include <stdint.h>
#include <string.h>

#define OLD_MAGIC "ld.so-1.7.0"
#define NEW_MAGIC "glibc-ld.so.cache1.1"

/* Sizes of the C structures in the file, and offsets of their members. */
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

enum
{
  MAX_NAME = 256, /* including NUL; NAME_MAX and PATH_MAX: nothing longer can be opened */
  MAX_PATH = 4096,
};

/* Kind of library of an entry. */
enum
{
  FLAG_LIBC6 = 0x0003,
  FLAG_X86_64 = 0x0300,
  FLAG_X32 = 0x0800,
  FLAG_AARCH64 = 0x0a00,
};

/* Entries may share their texts, so nothing is copied: both refer to the bytes of the file. */
typedef struct
{
  uint32_t flags;
  const char *name;
  const char *path;
} Entry;

struct _TerraneLinkerCache
{
  GBytes *bytes;
  GArray *list;        /* of Entry; does not grow while the set exists */
  GHashTable *entries; /* set of Entry */
};

static guint
hash_entry (gconstpointer key)
{
  const Entry *entry = key;
  return oci_text_hash (entry->name) ^ entry->flags;
}

static gboolean
equal_entries (gconstpointer a, gconstpointer b)
{
  const Entry *left = a, *right = b;
  return left->flags == right->flags && strcmp (left->name, right->name) == 0;
}

static uint32_t
read_u32 (const uint8_t *at)
{
  return (uint32_t) at[0] | (uint32_t) at[1] << 8 | (uint32_t) at[2] << 16 | (uint32_t) at[3] << 24;
}

/* Finds the part in the new format; older files have the old format before it. */
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

/* Returns: (nullable): a text of less than @max bytes */
static const char *
get_string (const uint8_t *data, gsize size, uint32_t offset, gsize max)
{
  const char *text = offset < size ? (const char *) data + offset : "";
  gsize room = offset < size ? MIN (size - offset, max) : 0;
  gsize len = strnlen (text, room);
  return len < room && g_utf8_validate (text, (gssize) len, NULL) ? text : NULL;
}

static gboolean
add_entries (GArray *list, const uint8_t *data, gsize size, gboolean special)
{
  gsize count = read_u32 (data + COUNT_AT);
  if (count > (size - HEADER_BYTES) / ENTRY_BYTES)
    return FALSE;
  for (gsize i = 0; i < count; i++)
    {
      const uint8_t *from = data + HEADER_BYTES + i * ENTRY_BYTES;
      const Entry entry = {
        .flags = read_u32 (from),
        .name = get_string (data, size, read_u32 (from + ENTRY_KEY_AT), MAX_NAME),
        .path = get_string (data, size, read_u32 (from + ENTRY_VALUE_AT), MAX_PATH),
      };
      gboolean for_some =
          read_u32 (from + ENTRY_HWCAP_AT) != 0 || read_u32 (from + ENTRY_HWCAP_AT + 4) != 0;
      if (entry.name == NULL || entry.path == NULL)
        return FALSE;
      if (for_some == special)
        g_array_append_val (list, entry);
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
  self->bytes = g_bytes_ref (bytes);
  self->list = g_array_new (FALSE, FALSE, sizeof (Entry));
  self->entries = g_hash_table_new (hash_entry, equal_entries);
  if (!add_entries (self->list, data, size, FALSE) || !add_entries (self->list, data, size, TRUE))
    return NULL;
  for (guint i = 0; i < self->list->len; i++)
    {
      Entry *entry = &g_array_index (self->list, Entry, i);
      if (!g_hash_table_contains (self->entries, entry)) /* the first one wins */
        g_hash_table_add (self->entries, entry);
    }
  return g_steal_pointer (&self);
}

void
terrane_linker_cache_free (TerraneLinkerCache *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->entries);
  g_array_unref (self->list);
  g_bytes_unref (self->bytes);
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
  const Entry key = { .flags = flags, .name = name };
  const Entry *entry = g_hash_table_lookup (self->entries, &key);
  return entry != NULL ? entry->path : NULL;
}
