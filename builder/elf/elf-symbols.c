#include "builder/elf/elf-symbols.h"

#include "oci/base/text-hash.h"

#include <gelf.h>
#include <libelf.h>
#include <string.h>

enum
{
  MAX_SYMBOLS = 1024 * 1024, /* libgdal has about 40 000 */
  MAX_NAME = 64 * 1024,
  MAX_TEXT = 64 * 1024 * 1024, /* of all names; symbols of hostile files may share one long name */
};

void
terrane_elf_symbols_free (TerraneElfSymbols *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->defined);
  g_hash_table_unref (self->wanted);
  g_free (self);
}

/* @text: (inout): bytes of names so far */
static void
take_symbol (TerraneElfSymbols *self, Elf *elf, size_t strings, const GElf_Sym *symbol,
             size_t *text)
{
  unsigned binding = GELF_ST_BIND (symbol->st_info);
  unsigned visibility = GELF_ST_VISIBILITY (symbol->st_other);
  const char *name = elf_strptr (elf, strings, symbol->st_name);
  if (name == NULL || name[0] == '\0' || binding == STB_LOCAL)
    return;
  size_t len = strnlen (name, MAX_NAME);
  *text += len;
  if (len == MAX_NAME)
    return;
  if (symbol->st_shndx == SHN_UNDEF)
    {
      if (binding != STB_WEAK)
        g_hash_table_add (self->wanted, g_strdup (name));
    }
  else if (visibility == STV_DEFAULT || visibility == STV_PROTECTED)
    g_hash_table_add (self->defined, g_strdup (name));
}

static gboolean
read_table (TerraneElfSymbols *self, Elf *elf, Elf_Scn *section, const GElf_Shdr *header)
{
  Elf_Data *data = elf_getdata (section, NULL);
  if (data == NULL || header->sh_entsize == 0)
    return FALSE;
  uint64_t count = header->sh_size / header->sh_entsize;
  size_t text = 0;
  for (uint64_t i = 1; i < MIN (count, MAX_SYMBOLS); i++)
    {
      GElf_Sym symbol;
      if (gelf_getsym (data, (int) i, &symbol) == NULL || text > MAX_TEXT)
        return FALSE;
      take_symbol (self, elf, header->sh_link, &symbol, &text);
    }
  return TRUE;
}

TerraneElfSymbols *
terrane_elf_symbols_read (int fd)
{
  gboolean found = FALSE;
  (void) elf_version (EV_CURRENT); /* this libelf knows its own version */
  Elf *elf = elf_begin (fd, ELF_C_READ_MMAP, NULL);
  if (elf == NULL || elf_kind (elf) != ELF_K_ELF)
    {
      (void) elf_end (elf);
      return NULL;
    }
  g_autoptr (TerraneElfSymbols) self = g_new0 (TerraneElfSymbols, 1);
  self->defined = g_hash_table_new_full (oci_text_hash, g_str_equal, g_free, NULL);
  self->wanted = g_hash_table_new_full (oci_text_hash, g_str_equal, g_free, NULL);
  for (Elf_Scn *section = elf_nextscn (elf, NULL); section != NULL && !found;
       section = elf_nextscn (elf, section))
    {
      GElf_Shdr header;
      if (gelf_getshdr (section, &header) != NULL && header.sh_type == SHT_DYNSYM)
        found = read_table (self, elf, section, &header);
    }
  (void) elf_end (elf);
  return found ? g_steal_pointer (&self) : NULL;
}
