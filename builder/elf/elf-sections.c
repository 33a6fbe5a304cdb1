#include "builder/elf/elf-sections.h"

#include <gelf.h>
#include <libelf.h>
#include <string.h>

enum
{
  MAX_NAME = 256,
  MAX_SECTIONS = 100000,
  MAX_NAMES = 20, /* of sections that differ */
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

/* @out_byte: (out): the first byte that differs */
static gboolean
same_content (const File *a, const File *b, uint64_t *out_byte)
{
  *out_byte = 0;
  if (a->header.sh_type == SHT_NOBITS)
    return TRUE;
  const Elf_Data *left = elf_rawdata (a->section, NULL), *right = elf_rawdata (b->section, NULL);
  if (left == NULL || right == NULL)
    return left == right;
  const unsigned char *one = left->d_buf, *other = right->d_buf;
  size_t len = one != NULL && other != NULL ? MIN (left->d_size, right->d_size) : 0, i = 0;
  while (i < len && one[i] == other[i])
    i++;
  *out_byte = i;
  return i == left->d_size && i == right->d_size;
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

/* Kinds of differences, in the order of what they tell. */
typedef enum
{
  KIND_CONTENT, /* code and data */
  KIND_TABLE,   /* content that follows from other sections, or from the linker's options */
  KIND_HEADER,
  KIND_DIGEST, /* of all other content */
  KINDS,
} Kind;

static gboolean
starts_with_any (const char *name, const char *const *starts)
{
  for (; *starts != NULL; starts++)
    if (g_str_has_prefix (name, *starts))
      return TRUE;
  return FALSE;
}

static Kind
kind_of (const File *file, const char *name, gboolean in_content)
{
  static const char *const digests[] = { ".note.gnu.build-id", ".gnu_debuglink", NULL };
  static const char *const tables[] = { ".eh_frame", ".gcc_except", ".got", ".plt", NULL };
  if (starts_with_any (name, digests))
    return KIND_DIGEST;
  if (!in_content)
    return KIND_HEADER;
  return file->header.sh_type == SHT_PROGBITS && !starts_with_any (name, tables) ? KIND_CONTENT
                                                                                 : KIND_TABLE;
}

typedef struct
{
  GPtrArray *names[KINDS];
  TerraneElfDifference first[KINDS]; /* without names */
} Found;

static void
note (Found *found, const File *file, char *name, gboolean in_content, uint64_t byte)
{
  Kind kind = kind_of (file, name, in_content);
  if (found->names[kind]->len == 0)
    found->first[kind] = (TerraneElfDifference){ .in_content = in_content,
                                                 .byte = byte,
                                                 .offset = file->header.sh_offset + byte };
  g_ptr_array_add (found->names[kind], name);
}

static void
compare (File *left, File *right, Found *found)
{
  for (unsigned i = 0; i < MAX_SECTIONS; i++)
    {
      gboolean has_left = next (left), has_right = next (right);
      uint64_t byte = 0;
      if (!has_left && !has_right)
        return;
      if (!has_left || !has_right)
        {
          const File *longer = has_left ? left : right;
          note (found, longer, name_of (longer), FALSE, 0);
          return;
        }
      char *name = name_of (left);
      g_autofree char *other = name_of (right);
      gboolean same_name = strcmp (name, other) == 0;
      gboolean same = same_content (left, right, &byte);
      if (same && same_name && same_header (left, right))
        g_free (name);
      else
        note (found, left, name, !same && same_name, byte);
      if (!same_name)
        return; /* the next ones are not the same sections */
    }
}

void
terrane_elf_difference_clear (TerraneElfDifference *self)
{
  g_clear_pointer (&self->sections, g_ptr_array_unref);
}

void
terrane_elf_compare (int a, int b, TerraneElfDifference *out)
{
  g_auto (File) left = { .elf = NULL }, right = { .elf = NULL };
  Found found = { .first = { { .byte = 0 } } };
  *out = (TerraneElfDifference){ .sections = g_ptr_array_new_with_free_func (g_free) };
  if (!file_open (&left, a) || !file_open (&right, b))
    return;
  for (unsigned kind = 0; kind < KINDS; kind++)
    found.names[kind] = g_ptr_array_new ();
  compare (&left, &right, &found);
  for (unsigned kind = 0; kind < KINDS; kind++)
    {
      GPtrArray *names = found.names[kind];
      if (out->sections->len == 0 && out->more == 0 && names->len > 0)
        {
          out->in_content = found.first[kind].in_content;
          out->byte = found.first[kind].byte;
          out->offset = found.first[kind].offset;
        }
      for (guint i = 0; i < names->len; i++)
        if (out->sections->len < MAX_NAMES)
          g_ptr_array_add (out->sections, names->pdata[i]);
        else
          {
            g_free (names->pdata[i]);
            out->more++;
          }
      g_ptr_array_unref (names);
    }
}
