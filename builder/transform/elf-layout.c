#include "builder/transform/elf-layout.h"

#include <elf.h>
#include <string.h>

enum
{
  MAX_HEADERS = 4096,
};

/* After check_tables() has succeeded, the tables lie inside the file. */
typedef struct
{
  const uint8_t *data;
  size_t size;
  Elf64_Ehdr header;
  size_t names; /* offset of section names, 0 if there are none */
  size_t names_size;
} Layout;

static gboolean
lies_inside (const Layout *self, uint64_t offset, uint64_t len)
{
  return offset <= self->size && len <= self->size - offset;
}

static gboolean
lies_in_segment (const Elf64_Phdr *segment, uint64_t address, uint64_t len)
{
  return address >= segment->p_vaddr && len <= segment->p_filesz
         && address - segment->p_vaddr <= segment->p_filesz - len;
}

static Elf64_Phdr
get_segment (const Layout *self, unsigned index)
{
  Elf64_Phdr segment;
  memcpy (&segment, self->data + self->header.e_phoff + (size_t) index * sizeof segment,
          sizeof segment);
  return segment;
}

static Elf64_Shdr
get_section (const Layout *self, unsigned index)
{
  Elf64_Shdr section;
  memcpy (&section, self->data + self->header.e_shoff + (size_t) index * sizeof section,
          sizeof section);
  return section;
}

static const char *
get_name (const Layout *self, const Elf64_Shdr *section)
{
  const char *names = (const char *) self->data + self->names;
  if (self->names == 0 || section->sh_name >= self->names_size
      || memchr (names + section->sh_name, '\0', self->names_size - section->sh_name) == NULL)
    return "";
  return names + section->sh_name;
}

static gboolean
is_supported (const Layout *self)
{
  const unsigned char *ident = self->header.e_ident;
  return memcmp (ident, ELFMAG, SELFMAG) == 0 && ident[EI_CLASS] == ELFCLASS64
         && ident[EI_DATA] == ELFDATA2LSB
         && (self->header.e_type == ET_DYN || self->header.e_type == ET_EXEC);
}

/* Returns: FALSE if it is not a program or library of a known kind */
static gboolean
layout_init (Layout *self, const uint8_t *data, size_t size)
{
  *self = (Layout){ .data = data, .size = size };
  if (size < sizeof self->header)
    return FALSE;
  memcpy (&self->header, data, sizeof self->header);
  return is_supported (self);
}

/* Returns: what is wrong with the headers, NULL if nothing is; likewise the other checks */
static const char *
check_tables (Layout *self)
{
  const Elf64_Ehdr *header = &self->header;
  if (header->e_phnum == 0 || header->e_phnum > MAX_HEADERS
      || header->e_phentsize != sizeof (Elf64_Phdr)
      || !lies_inside (self, header->e_phoff, (uint64_t) header->e_phnum * sizeof (Elf64_Phdr)))
    return "its program headers are damaged";
  if (header->e_shnum == 0)
    return NULL;
  if (header->e_shentsize != sizeof (Elf64_Shdr) || header->e_shnum >= SHN_LORESERVE
      || !lies_inside (self, header->e_shoff, (uint64_t) header->e_shnum * sizeof (Elf64_Shdr)))
    return "its section headers are damaged";
  if (header->e_shstrndx == SHN_UNDEF)
    return NULL;
  if (header->e_shstrndx >= header->e_shnum)
    return "its section names are damaged";
  Elf64_Shdr names = get_section (self, header->e_shstrndx);
  if (names.sh_type != SHT_STRTAB || !lies_inside (self, names.sh_offset, names.sh_size))
    return "its section names are damaged";
  self->names = names.sh_offset;
  self->names_size = names.sh_size;
  return NULL;
}

/* Checks what the kernel and the dynamic linker refuse. */
static const char *
check_segments (const Layout *self)
{
  gboolean has_load = FALSE;
  for (unsigned i = 0; i < self->header.e_phnum; i++)
    {
      Elf64_Phdr segment = get_segment (self, i);
      if (segment.p_type != PT_LOAD)
        continue;
      has_load = TRUE;
      if (!lies_inside (self, segment.p_offset, segment.p_filesz)
          || segment.p_filesz > segment.p_memsz
          || segment.p_vaddr + segment.p_memsz < segment.p_vaddr)
        return "a segment lies outside of the file";
      if ((segment.p_align & (segment.p_align - 1)) != 0
          || (segment.p_align > 1 && (segment.p_offset - segment.p_vaddr) % segment.p_align != 0))
        return "a segment is not aligned";
    }
  return has_load ? NULL : "it has no segment to load";
}

/* Finds the segment that has the address in the file. */
static gboolean
find_load (const Layout *self, uint64_t address, uint64_t len, Elf64_Phdr *out_segment)
{
  for (unsigned i = 0; i < self->header.e_phnum; i++)
    {
      Elf64_Phdr segment = get_segment (self, i);
      if (segment.p_type != PT_LOAD || !lies_in_segment (&segment, address, len))
        continue;
      *out_segment = segment;
      return TRUE;
    }
  return FALSE;
}

static gboolean
find_segment (const Layout *self, uint32_t type, Elf64_Phdr *out_segment)
{
  for (unsigned i = 0; i < self->header.e_phnum; i++)
    {
      *out_segment = get_segment (self, i);
      if (out_segment->p_type == type)
        return TRUE;
    }
  return FALSE;
}

/* Returns what is wrong with one entry. */
typedef const char *(*DynamicFunc) (const Layout *self, Elf64_Dyn entry);

static const char *
check_dynamic (const Layout *self, DynamicFunc func)
{
  Elf64_Phdr dynamic, load;
  const char *problem = NULL;
  if (!find_segment (self, PT_DYNAMIC, &dynamic))
    return NULL;
  if (!lies_inside (self, dynamic.p_offset, dynamic.p_filesz)
      || !find_load (self, dynamic.p_vaddr, dynamic.p_filesz, &load)
      || dynamic.p_offset - load.p_offset != dynamic.p_vaddr - load.p_vaddr)
    return "its dynamic section is in no segment";
  for (uint64_t at = 0; problem == NULL && dynamic.p_filesz - at >= sizeof (Elf64_Dyn);
       at += sizeof (Elf64_Dyn))
    {
      Elf64_Dyn entry;
      memcpy (&entry, self->data + dynamic.p_offset + at, sizeof entry);
      if (entry.d_tag == DT_NULL)
        break;
      problem = func (self, entry);
    }
  return problem;
}

static gboolean
is_table (int64_t tag)
{
  return tag == DT_STRTAB || tag == DT_SYMTAB || tag == DT_HASH || tag == DT_GNU_HASH;
}

static const char *
check_mapped (const Layout *self, Elf64_Dyn entry)
{
  Elf64_Phdr load;
  return !is_table (entry.d_tag) || find_load (self, entry.d_un.d_ptr, 1, &load)
             ? NULL
             : "a table of its dynamic section is in no segment";
}

/* Linkers put these into read-only segments. patchelf moves a section that has to grow into a new
 * segment, which is writable. */
static const char *
check_read_only (const Layout *self, Elf64_Dyn entry)
{
  Elf64_Phdr load;
  return is_table (entry.d_tag) && find_load (self, entry.d_un.d_ptr, 1, &load)
                 && (load.p_flags & PF_W) != 0
             ? "patched by patchelf"
             : NULL;
}

static const char *
check_patched (const Layout *self)
{
  if (self->header.e_phoff != sizeof (Elf64_Ehdr))
    return "patched by patchelf"; /* its program headers were moved */
  /* In programs with fixed addresses the new segment comes first, and has the header. */
  for (unsigned i = 0; i < self->header.e_phnum; i++)
    {
      Elf64_Phdr segment = get_segment (self, i);
      if (segment.p_type == PT_LOAD && segment.p_offset == 0 && segment.p_filesz > 0
          && (segment.p_flags & (PF_W | PF_X)) == PF_W)
        return "patched by patchelf";
    }
  return check_dynamic (self, check_read_only);
}

static uint64_t
end_of_headers_and_segments (const Layout *self)
{
  const Elf64_Ehdr *header = &self->header;
  uint64_t sections = header->e_shoff + (uint64_t) header->e_shnum * sizeof (Elf64_Shdr);
  uint64_t end = header->e_phoff + (uint64_t) header->e_phnum * sizeof (Elf64_Phdr);
  if (header->e_shnum > 0)
    end = MAX (end, sections);
  for (unsigned i = 0; i < header->e_phnum; i++)
    {
      Elf64_Phdr segment = get_segment (self, i);
      if (segment.p_type == PT_LOAD)
        end = MAX (end, segment.p_offset + segment.p_filesz);
    }
  return end;
}

static gboolean
is_symbols (const Elf64_Shdr *section, const char *name)
{
  return (section->sh_flags & SHF_ALLOC) == 0
         && (section->sh_type == SHT_SYMTAB || g_str_has_prefix (name, ".debug")
             || g_str_has_prefix (name, ".zdebug"));
}

/* Whether the section has no content in the file, as in a debug file. */
static gboolean
is_missing (const Elf64_Shdr *section, const char *name)
{
  return section->sh_type == SHT_NOBITS
         && ((section->sh_flags & SHF_EXECINSTR) != 0 || strcmp (name, ".dynamic") == 0);
}

/* Whether linkers and compilers made the section for linkers and debuggers, and a running program
 * does not read it. */
static gboolean
is_by_toolchain (const Elf64_Shdr *section, const char *name)
{
  static const char *const starts[] = { ".debug",     ".zdebug",
                                        ".gnu_debug", ".gnu.build.attributes",
                                        ".gnu.lto_",  ".gnu.warning.",
                                        ".comment",   ".stab",
                                        ".gdb_index", NULL };
  switch (section->sh_type)
    {
    case SHT_SYMTAB:
    case SHT_STRTAB:
    case SHT_SYMTAB_SHNDX:
    case SHT_NOTE:
    case SHT_REL:
    case SHT_RELA:
    case SHT_GROUP:
      return TRUE;
    default:
      break;
    }
  /* Types of processors and of systems describe the other sections, as .ARM.attributes does. */
  gboolean is_special = section->sh_type >= SHT_LOOS && section->sh_type < SHT_LOUSER;
  for (size_t i = 0; starts[i] != NULL; i++)
    is_special = is_special || g_str_has_prefix (name, starts[i]);
  return is_special;
}

static const char *
check_sections (const Layout *self, gboolean *out_symbols)
{
  uint64_t end = end_of_headers_and_segments (self);
  gboolean payload = FALSE;
  *out_symbols = FALSE;
  for (unsigned i = 0; i < self->header.e_shnum; i++)
    {
      Elf64_Shdr section = get_section (self, i);
      const char *name = get_name (self, &section);
      if (is_missing (&section, name))
        return "a file of debug information";
      if (section.sh_type == SHT_NOBITS || section.sh_type == SHT_NULL)
        continue;
      if (!lies_inside (self, section.sh_offset, section.sh_size))
        return "a section lies outside of the file";
      end = MAX (end, section.sh_offset + section.sh_size);
      *out_symbols = *out_symbols || is_symbols (&section, name);
      payload = payload
                || ((section.sh_flags & SHF_ALLOC) == 0 && section.sh_size > 0
                    && !is_by_toolchain (&section, name));
    }
  /* Programs that unpack themselves find their data there; strip would remove it. */
  if (payload && *out_symbols)
    return "with data in a section of its own";
  return self->size > end ? "with data after its sections" : NULL;
}

TerraneStripVerdict
terrane_elf_may_strip (const uint8_t *data, size_t size, const char **out_reason)
{
  Layout layout;
  gboolean symbols = FALSE;
  *out_reason = NULL;
  if (!layout_init (&layout, data, size))
    return TERRANE_STRIP_NOTHING;
  const char *reason = check_tables (&layout);
  const char *sections = reason == NULL ? check_sections (&layout, &symbols) : NULL;
  if (reason == NULL && sections == NULL && !symbols)
    return TERRANE_STRIP_NOTHING;
  if (reason == NULL)
    reason = check_segments (&layout);
  if (reason == NULL)
    reason = check_dynamic (&layout, check_mapped);
  if (reason == NULL)
    reason = check_patched (&layout);
  if (reason == NULL)
    reason = sections;
  *out_reason = reason;
  return reason == NULL ? TERRANE_STRIPPABLE : TERRANE_STRIP_REFUSED;
}

/* Only the position of the sections may change. */
static gboolean
same_header (const Elf64_Ehdr *a, const Elf64_Ehdr *b)
{
  Elf64_Ehdr one = *a, other = *b;
  one.e_shoff = other.e_shoff = 0;
  one.e_shnum = other.e_shnum = 0;
  one.e_shstrndx = other.e_shstrndx = 0;
  return memcmp (&one, &other, sizeof one) == 0;
}

static gboolean
same_content (const Layout *a, const Layout *b, const Elf64_Phdr *segment)
{
  uint64_t start = segment->p_offset, end = start + segment->p_filesz;
  start = MAX (start, sizeof (Elf64_Ehdr)); /* the header is compared separately */
  return end <= start || memcmp (a->data + start, b->data + start, end - start) == 0;
}

static gboolean
find_section (const Layout *self, uint32_t type, Elf64_Shdr *out_section)
{
  for (unsigned i = 0; i < self->header.e_shnum; i++)
    {
      *out_section = get_section (self, i);
      if (out_section->sh_type == type)
        return TRUE;
    }
  return FALSE;
}

/* The bytes are part of a segment; this compares where debuggers and linkers look for them. */
static gboolean
same_dynamic_symbols (const Layout *a, const Layout *b)
{
  Elf64_Shdr one, other;
  if (!find_section (a, SHT_DYNSYM, &one))
    return TRUE;
  return find_section (b, SHT_DYNSYM, &other) && one.sh_offset == other.sh_offset
         && one.sh_size == other.sh_size && one.sh_addr == other.sh_addr;
}

static const char *
compare (const Layout *a, const Layout *b)
{
  if (!same_header (&a->header, &b->header))
    return "its header changed";
  for (unsigned i = 0; i < a->header.e_phnum; i++)
    {
      Elf64_Phdr one = get_segment (a, i), other = get_segment (b, i);
      if (memcmp (&one, &other, sizeof one) != 0)
        return "its program headers changed";
    }
  for (unsigned i = 0; i < a->header.e_phnum; i++)
    {
      Elf64_Phdr one = get_segment (a, i);
      if (one.p_type == PT_LOAD && !same_content (a, b, &one))
        return "what is loaded changed";
    }
  return same_dynamic_symbols (a, b) ? NULL : "its dynamic symbols changed";
}

gboolean
terrane_elf_same_when_loaded (const uint8_t *original, size_t original_size,
                              const uint8_t *stripped, size_t stripped_size,
                              const char **out_difference)
{
  Layout a, b;
  gboolean symbols;
  const char *problem = NULL;
  if (!layout_init (&a, original, original_size) || !layout_init (&b, stripped, stripped_size))
    problem = "it is no longer a program";
  if (problem == NULL)
    problem = check_tables (&a);
  if (problem == NULL)
    problem = check_tables (&b);
  if (problem == NULL)
    problem = check_segments (&a);
  if (problem == NULL)
    problem = check_segments (&b);
  if (problem == NULL)
    problem = check_sections (&b, &symbols);
  if (problem == NULL)
    problem = check_dynamic (&b, check_mapped);
  if (problem == NULL)
    problem = compare (&a, &b);
  *out_difference = problem;
  return problem == NULL;
}

static char *
format_id (const uint8_t *bytes, size_t len)
{
  GString *text = g_string_new (NULL);
  for (size_t i = 0; i < len; i++)
    g_string_append_printf (text, "%02x", bytes[i]);
  return g_string_free (text, FALSE);
}

static uint64_t
align4 (uint64_t number)
{
  return (number + 3) & ~UINT64_C (3);
}

/* Notes follow each other: lengths, type, name, content, each padded to four bytes. */
static char *
find_id (const uint8_t *data, uint64_t size)
{
  uint64_t at = 0;
  while (at <= size && size - at >= sizeof (Elf64_Nhdr))
    {
      Elf64_Nhdr note;
      memcpy (&note, data + at, sizeof note);
      at += sizeof note;
      uint64_t name = align4 (note.n_namesz), content = align4 (note.n_descsz);
      if (name > size - at || note.n_descsz > size - at - name)
        return NULL;
      if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == sizeof ELF_NOTE_GNU
          && memcmp (data + at, ELF_NOTE_GNU, sizeof ELF_NOTE_GNU) == 0 && note.n_descsz >= 2
          && note.n_descsz <= TERRANE_BUILD_ID_MAX)
        return format_id (data + at + name, note.n_descsz);
      at += name + content;
    }
  return NULL;
}

char *
terrane_elf_build_id (const uint8_t *data, size_t size)
{
  Layout layout;
  char *id = NULL;
  if (!layout_init (&layout, data, size) || check_tables (&layout) != NULL)
    return NULL;
  for (unsigned i = 0; i < layout.header.e_phnum && id == NULL; i++)
    {
      Elf64_Phdr segment = get_segment (&layout, i);
      if (segment.p_type == PT_NOTE && lies_inside (&layout, segment.p_offset, segment.p_filesz))
        id = find_id (data + segment.p_offset, segment.p_filesz);
    }
  return id;
}
