#include "builder/elf/elf-sections.h"

#include <gelf.h>
#include <libelf.h>
#include <string.h>

enum
{
  MAX_NAME = 256,
  MAX_SECTIONS = 100000,
};

typedef struct
{
  Elf *elf;
  size_t names; /* index of the section that contains them */
  Elf_Scn *section;
  GElf_Shdr header;
} File;

static void
file_clear (File *self)
{
  (void) elf_end (self->elf); /* for a file that is not ELF: NULL, or something to free */
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (File, file_clear)

static gboolean
file_open (File *self, int fd)
{
  (void) elf_version (EV_CURRENT); /* this libelf knows its own version */
  self->elf = elf_begin (fd, ELF_C_READ_MMAP, NULL);
  return self->elf != NULL && elf_kind (self->elf) == ELF_K_ELF
         && elf_getshdrstrndx (self->elf, &self->names) == 0;
}

static gboolean
next (File *self)
{
  self->section = elf_nextscn (self->elf, self->section);
  return self->section != NULL && gelf_getshdr (self->section, &self->header) != NULL;
}

static char *
name_of (const File *self)
{
  const char *name = elf_strptr (self->elf, self->names, self->header.sh_name);
  g_autofree char *start = g_strndup (name != NULL ? name : "", MAX_NAME);
  return g_utf8_make_valid (start, -1);
}

static gboolean
same_content (const File *a, const File *b)
{
  if (a->header.sh_type == SHT_NOBITS)
    return TRUE;
  const Elf_Data *left = elf_rawdata (a->section, NULL), *right = elf_rawdata (b->section, NULL);
  if (left == NULL || right == NULL || left->d_size != right->d_size)
    return left == right;
  return left->d_size == 0
         || (left->d_buf != NULL && right->d_buf != NULL
             && memcmp (left->d_buf, right->d_buf, left->d_size) == 0);
}

/* The offset of a section in the file follows from those before it. */
static gboolean
same_header (const File *a, const File *b)
{
  return a->header.sh_type == b->header.sh_type && a->header.sh_flags == b->header.sh_flags
         && a->header.sh_size == b->header.sh_size && a->header.sh_addr == b->header.sh_addr
         && a->header.sh_link == b->header.sh_link && a->header.sh_info == b->header.sh_info
         && a->header.sh_addralign == b->header.sh_addralign
         && a->header.sh_entsize == b->header.sh_entsize;
}

char *
terrane_elf_first_difference (int a, int b)
{
  g_auto (File) left = { .elf = NULL }, right = { .elf = NULL };
  if (!file_open (&left, a) || !file_open (&right, b))
    return NULL;
  for (unsigned i = 0; i < MAX_SECTIONS; i++)
    {
      gboolean has_left = next (&left), has_right = next (&right);
      if (!has_left && !has_right)
        return NULL;
      if (!has_left || !has_right)
        return name_of (has_left ? &left : &right);
      g_autofree char *name = name_of (&left), *other = name_of (&right);
      if (strcmp (name, other) != 0 || !same_header (&left, &right)
          || !same_content (&left, &right))
        return g_steal_pointer (&name);
    }
  return NULL;
}
