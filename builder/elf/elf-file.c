#include "builder/elf/elf-file.h"

#include "builder/elf/binary-format.h"

#include "oci/base/fd.h"
#include "oci/base/text-hash.h"

#include <gelf.h>
#include <libelf.h>
#include <string.h>
#include <sys/stat.h>

enum
{
  MAX_SEGMENTS = 1024,
  MAX_ENTRIES = 64 * 1024, /* of one table; libc has some hundred */
  MAX_TEXT_BYTES = 64 * 1024,
  /* For all tables together: many entries may share one long name, and many chains their
   * entries. */
  MAX_NAMES = 64 * 1024,
  MAX_NAMES_BYTES = 4 * 1024 * 1024,
  MAX_NEEDED = 4096,
  MAX_LINKER_BYTES = 16 * 1024 * 1024,
  MIN_LIST = 2, /* directories in a list of them */
  MAX_LIST = 64,
};

typedef struct
{
  Elf *elf;
  uint64_t size;
  TerraneElf *facts;
  GArray *loads; /* of GElf_Phdr */
  const char *strings;
  uint64_t strings_size;
  unsigned names;    /* number of names read */
  gsize names_bytes; /* of those that were read */
} Reader;

/* The relevant entries of the dynamic section; addresses, 0 if absent. */
typedef struct
{
  uint64_t strtab, strsz, verneed, verneed_count, verdef, verdef_count;
  uint64_t soname, rpath, runpath;
  gboolean has_soname, has_rpath, has_runpath;
  GArray *needed; /* of uint64_t */
} Dynamic;

static gboolean G_GNUC_PRINTF (2, 3) broken (Reader *self, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_free (self->facts->broken);
  self->facts->broken = g_strdup_vprintf (format, args);
  va_end (args);
  return FALSE;
}

static gboolean
in_file (const Reader *self, uint64_t offset, uint64_t size)
{
  return offset <= self->size && size <= self->size - offset;
}

/* Finds the file offset of @address, and the number of bytes of its segment that follow. */
static gboolean
find_address (const Reader *self, uint64_t address, uint64_t *out_offset, uint64_t *out_size)
{
  for (guint i = 0; i < self->loads->len; i++)
    {
      const GElf_Phdr *load = &g_array_index (self->loads, GElf_Phdr, i);
      if (address < load->p_vaddr || address - load->p_vaddr >= load->p_filesz)
        continue;
      *out_offset = load->p_offset + (address - load->p_vaddr);
      *out_size = load->p_filesz - (address - load->p_vaddr);
      return TRUE;
    }
  return FALSE;
}

static Elf_Data *
get_chunk (const Reader *self, uint64_t offset, uint64_t size, Elf_Type type)
{
  return in_file (self, offset, size)
             ? elf_getdata_rawchunk (self->elf, (int64_t) offset, size, type)
             : NULL;
}

/* Limits the total work for one file, whatever its tables say. */
static gboolean
count_name (Reader *self)
{
  if (self->names++ < MAX_NAMES)
    return TRUE;
  return broken (self, "its tables have more than %d names", MAX_NAMES);
}

/* Returns: (transfer full) (nullable): the string at @offset of the string table */
static char *
get_string (Reader *self, uint64_t offset)
{
  gsize room = offset < self->strings_size ? self->strings_size - offset : 0;
  const char *text = room > 0 ? self->strings + offset : "";
  gsize len = strnlen (text, MIN (room, MAX_TEXT_BYTES));
  if (len == room || len == MAX_TEXT_BYTES || !g_utf8_validate (text, (gssize) len, NULL))
    {
      (void) broken (self, "a name in its string table is not readable");
      return NULL;
    }
  self->names_bytes += len;
  if (self->names_bytes > MAX_NAMES_BYTES)
    {
      (void) broken (self, "the names in its tables have more than %d bytes", MAX_NAMES_BYTES);
      return NULL;
    }
  return g_strndup (text, len);
}

static gboolean
read_interpreter (Reader *self, const GElf_Phdr *segment)
{
  Elf_Data *data = segment->p_filesz < MAX_TEXT_BYTES
                       ? get_chunk (self, segment->p_offset, segment->p_filesz, ELF_T_BYTE)
                       : NULL;
  if (data == NULL || data->d_size == 0)
    return broken (self, "the name of its dynamic linker lies outside of the file");
  g_autofree char *text = g_strndup (data->d_buf, data->d_size);
  if (!g_utf8_validate (text, -1, NULL))
    return broken (self, "the name of its dynamic linker is not UTF-8");
  g_free (self->facts->interpreter); /* the last one counts */
  self->facts->interpreter = g_steal_pointer (&text);
  return TRUE;
}

/* Keeps the relevant parts of the program headers. */
static gboolean
read_segments (Reader *self, const GElf_Ehdr *header, GElf_Phdr *out_dynamic)
{
  size_t count = 0;
  /* libelf does not count headers after the end of the file. */
  if (elf_getphdrnum (self->elf, &count) != 0 || count > MAX_SEGMENTS || count < header->e_phnum)
    return broken (self, "the table of program headers is damaged");
  for (size_t i = 0; i < count; i++)
    {
      GElf_Phdr segment;
      if (gelf_getphdr (self->elf, (int) i, &segment) == NULL)
        return broken (self, "the table of program headers is cut off");
      if (segment.p_type == PT_LOAD)
        {
          if (!in_file (self, segment.p_offset, segment.p_filesz))
            return broken (self,
                           "it is cut off: a segment ends at byte %" G_GUINT64_FORMAT
                           ", the file has %" G_GUINT64_FORMAT,
                           (uint64_t) (segment.p_offset + segment.p_filesz), self->size);
          g_array_append_val (self->loads, segment);
        }
      else if (segment.p_type == PT_DYNAMIC)
        *out_dynamic = segment;
      else if (segment.p_type == PT_GNU_STACK)
        self->facts->executable_stack = (segment.p_flags & PF_X) != 0;
      else if (segment.p_type == PT_INTERP && !read_interpreter (self, &segment))
        return FALSE;
    }
  return TRUE;
}

static void
take_entry (Reader *self, Dynamic *dynamic, const GElf_Dyn *entry)
{
  uint64_t value = entry->d_un.d_val;
  switch (entry->d_tag)
    {
    case DT_NEEDED:
      g_array_append_val (dynamic->needed, value);
      break;
    case DT_STRTAB:
      dynamic->strtab = value;
      break;
    case DT_STRSZ:
      dynamic->strsz = value;
      break;
    case DT_SONAME:
      dynamic->soname = value;
      dynamic->has_soname = TRUE;
      break;
    case DT_RPATH:
      dynamic->rpath = value;
      dynamic->has_rpath = TRUE;
      break;
    case DT_RUNPATH:
      dynamic->runpath = value;
      dynamic->has_runpath = TRUE;
      break;
    case DT_VERNEED:
      dynamic->verneed = value;
      break;
    case DT_VERNEEDNUM:
      dynamic->verneed_count = value;
      break;
    case DT_VERDEF:
      dynamic->verdef = value;
      break;
    case DT_VERDEFNUM:
      dynamic->verdef_count = value;
      break;
    case DT_TEXTREL:
      self->facts->text_relocations = TRUE;
      break;
    case DT_FLAGS:
      self->facts->text_relocations |= (value & DF_TEXTREL) != 0;
      break;
    case DT_FLAGS_1:
      self->facts->no_default_library = (value & DF_1_NODEFLIB) != 0;
      break;
    default:
      break;
    }
}

static gboolean
read_entries (Reader *self, const GElf_Phdr *segment, Dynamic *dynamic)
{
  Elf_Data *data = get_chunk (self, segment->p_offset, segment->p_filesz, ELF_T_DYN);
  if (data == NULL)
    return broken (self, "its dynamic section lies outside of the file");
  for (int i = 0; i < MAX_ENTRIES; i++)
    {
      GElf_Dyn entry;
      if (gelf_getdyn (data, i, &entry) == NULL || entry.d_tag == DT_NULL)
        return TRUE;
      take_entry (self, dynamic, &entry);
    }
  return broken (self, "its dynamic section has more than %d entries", MAX_ENTRIES);
}

/* Returns: (transfer full): the string at @offset of the string table if @present */
static gboolean
take_string (Reader *self, gboolean present, uint64_t offset, char **out_text)
{
  if (!present)
    return TRUE;
  *out_text = get_string (self, offset);
  return *out_text != NULL;
}

/* A library that is named twice is loaded once. */
static gboolean
read_needed (Reader *self, const GArray *offsets)
{
  g_autoptr (GPtrArray) needed = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GHashTable) seen = g_hash_table_new (oci_text_hash, g_str_equal);
  for (guint i = 0; i < offsets->len; i++)
    {
      g_autofree char *name =
          count_name (self) ? get_string (self, g_array_index (offsets, uint64_t, i)) : NULL;
      if (name == NULL)
        return FALSE;
      if (g_hash_table_contains (seen, name))
        continue;
      if (needed->len >= MAX_NEEDED)
        return broken (self, "it needs more than %d libraries", MAX_NEEDED);
      g_hash_table_add (seen, name);
      g_ptr_array_add (needed, g_steal_pointer (&name));
    }
  g_ptr_array_add (needed, NULL);
  g_strfreev (self->facts->needed);
  self->facts->needed = (char **) g_ptr_array_steal (needed, NULL);
  return TRUE;
}

static gboolean
read_names (Reader *self, const Dynamic *dynamic)
{
  TerraneElf *facts = self->facts;
  uint64_t offset = 0, room = 0;
  if (!find_address (self, dynamic->strtab, &offset, &room) || dynamic->strsz > room)
    return broken (self, "its string table lies outside of the file");
  Elf_Data *data = get_chunk (self, offset, dynamic->strsz, ELF_T_BYTE);
  if (data == NULL || data->d_buf == NULL)
    return broken (self, "its string table cannot be read");
  self->strings = data->d_buf;
  self->strings_size = data->d_size;
  return read_needed (self, dynamic->needed)
         && take_string (self, dynamic->has_soname, dynamic->soname, &facts->soname)
         && take_string (self, dynamic->has_runpath, dynamic->runpath, &facts->runpath)
         && take_string (self, dynamic->has_rpath && !dynamic->has_runpath, dynamic->rpath,
                         &facts->rpath);
}

/* Returns the data of a version table, which extends to the end of the segment. */
static Elf_Data *
get_table (Reader *self, uint64_t address, Elf_Type type)
{
  uint64_t offset = 0, size = 0;
  return find_address (self, address, &offset, &size) ? get_chunk (self, offset, size, type) : NULL;
}

/* Tables are chains of relative offsets: a step must be a multiple of four and end in the table. */
static gboolean
step (uint64_t *offset, uint64_t by)
{
  *offset += by;
  return by > 0 && by % 4 == 0 && *offset <= INT32_MAX;
}

static gboolean
read_wanted_versions (Reader *self, Elf_Data *data, uint64_t offset, unsigned count,
                      GPtrArray *versions)
{
  for (unsigned i = 0; i < count; i++)
    {
      GElf_Vernaux version;
      if (!count_name (self))
        return FALSE;
      if (gelf_getvernaux (data, (int) offset, &version) == NULL)
        return broken (self, "its table of needed versions is cut off");
      char *name =
          (version.vna_flags & VER_FLG_WEAK) == 0 ? get_string (self, version.vna_name) : NULL;
      if (name != NULL)
        g_ptr_array_add (versions, name);
      if (self->facts->broken != NULL)
        return FALSE;
      if (i + 1 < count && !step (&offset, version.vna_next))
        return broken (self, "its table of needed versions is damaged");
    }
  g_ptr_array_add (versions, NULL);
  return TRUE;
}

static gboolean
read_wants (Reader *self, uint64_t address, uint64_t count)
{
  Elf_Data *data = count > 0 ? get_table (self, address, ELF_T_VNEED) : NULL;
  uint64_t offset = 0;
  if (count > MAX_ENTRIES || (count > 0 && data == NULL))
    return broken (self, "its table of needed versions lies outside of the file");
  for (uint64_t i = 0; i < count; i++)
    {
      GElf_Verneed need;
      g_autoptr (GPtrArray) versions = g_ptr_array_new_with_free_func (g_free);
      if (!count_name (self))
        return FALSE;
      if (gelf_getverneed (data, (int) offset, &need) == NULL)
        return broken (self, "its table of needed versions is cut off");
      uint64_t first = offset;
      g_autofree char *library = get_string (self, need.vn_file);
      if (library == NULL || !step (&first, need.vn_aux)
          || !read_wanted_versions (self, data, first, need.vn_cnt, versions))
        return self->facts->broken == NULL
               && broken (self, "its table of needed versions is damaged");
      terrane_elf_add_want (self->facts, g_steal_pointer (&library),
                            (char **) g_ptr_array_steal (versions, NULL));
      if (i + 1 < count && !step (&offset, need.vn_next))
        return broken (self, "its table of needed versions is damaged");
    }
  return TRUE;
}

static gboolean
read_definitions (Reader *self, uint64_t address, uint64_t count)
{
  Elf_Data *data = count > 0 ? get_table (self, address, ELF_T_VDEF) : NULL;
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  uint64_t offset = 0;
  if (count > MAX_ENTRIES || (count > 0 && data == NULL))
    return broken (self, "its table of versions lies outside of the file");
  for (uint64_t i = 0; i < count; i++)
    {
      GElf_Verdef definition;
      GElf_Verdaux name;
      if (!count_name (self))
        return FALSE;
      if (gelf_getverdef (data, (int) offset, &definition) == NULL)
        return broken (self, "its table of versions is cut off");
      uint64_t first = offset;
      if (!step (&first, definition.vd_aux) || gelf_getverdaux (data, (int) first, &name) == NULL)
        return broken (self, "its table of versions is damaged");
      char *text = get_string (self, name.vda_name);
      if (text == NULL)
        return FALSE;
      g_ptr_array_add (names, text);
      if (i + 1 < count && !step (&offset, definition.vd_next))
        return broken (self, "its table of versions is damaged");
    }
  g_ptr_array_add (names, NULL);
  g_strfreev (self->facts->defines);
  self->facts->defines = (char **) g_ptr_array_steal (names, NULL);
  return TRUE;
}

/* "/lib/x86_64-linux-gnu/" NUL "/usr/lib/x86_64-linux-gnu/" NUL …: returns the length of the
 * directory at @text, 0 if there is none. */
static gsize
directory_length (const char *text, gsize room)
{
  gsize len = strnlen (text, MIN (room, (gsize) 128));
  return len > 2 && len < room && text[0] == '/' && text[len - 1] == '/'
                 && g_strstr_len (text, (gssize) len, "/lib") != NULL
             ? len
             : 0;
}

/* A dynamic linker contains the list of the directories that it searches last. */
static void
find_search_list (Reader *self)
{
  Elf_Data *data =
      self->size <= MAX_LINKER_BYTES ? get_chunk (self, 0, self->size, ELF_T_BYTE) : NULL;
  const char *bytes = data != NULL ? data->d_buf : NULL;
  for (gsize i = 1; bytes != NULL && i < data->d_size; i++)
    {
      if (bytes[i] != '/' || bytes[i - 1] != '\0')
        continue;
      g_autoptr (GPtrArray) list = g_ptr_array_new_with_free_func (g_free);
      gsize at = i;
      for (gsize len;
           list->len < MAX_LIST && (len = directory_length (bytes + at, data->d_size - at)) > 0;
           at += len + 1)
        g_ptr_array_add (list, g_strndup (bytes + at + 1, len - 2));
      if (list->len < MIN_LIST)
        continue;
      g_ptr_array_add (list, NULL);
      g_strfreev (self->facts->search);
      self->facts->search = (char **) g_ptr_array_steal (list, NULL);
      return;
    }
}

static gboolean
read_dynamic (Reader *self, const GElf_Phdr *segment)
{
  g_autoptr (GArray) needed = g_array_new (FALSE, FALSE, sizeof (uint64_t));
  Dynamic dynamic = { .needed = needed };
  if (!read_entries (self, segment, &dynamic) || !read_names (self, &dynamic)
      || !read_wants (self, dynamic.verneed, dynamic.verneed != 0 ? dynamic.verneed_count : 0)
      || !read_definitions (self, dynamic.verdef, dynamic.verdef != 0 ? dynamic.verdef_count : 0))
    return FALSE;
  if (self->facts->soname != NULL && g_str_has_prefix (self->facts->soname, "ld"))
    find_search_list (self);
  return TRUE;
}

/* A file of debug information has its library's headers, without the content: code and .dynamic
 * take no space in it (objcopy --only-keep-debug, eu-strip -f). */
static gboolean
is_debug_file (const Reader *self)
{
  size_t names = 0;
  if (elf_getshdrstrndx (self->elf, &names) != 0)
    return FALSE;
  for (Elf_Scn *section = elf_nextscn (self->elf, NULL); section != NULL;
       section = elf_nextscn (self->elf, section))
    {
      GElf_Shdr header;
      if (gelf_getshdr (section, &header) == NULL || header.sh_type != SHT_NOBITS)
        continue;
      const char *name = elf_strptr (self->elf, names, header.sh_name);
      if ((header.sh_flags & SHF_EXECINSTR) != 0 || g_strcmp0 (name, ".dynamic") == 0)
        return TRUE;
    }
  return FALSE;
}

static void
read_elf (Reader *self)
{
  GElf_Ehdr header;
  GElf_Phdr dynamic = { 0 };
  TerraneElf *facts = self->facts;
  if (elf_kind (self->elf) != ELF_K_ELF || gelf_getehdr (self->elf, &header) == NULL)
    {
      (void) broken (self, "its header is damaged or cut off");
      return;
    }
  facts->bits = header.e_ident[EI_CLASS] == ELFCLASS64 ? 64 : 32;
  facts->machine = header.e_machine;
  gboolean native = header.e_ident[EI_DATA] == ELFDATA2LSB;
  if ((header.e_type != ET_EXEC && header.e_type != ET_DYN) || is_debug_file (self))
    return;
  facts->type = header.e_type == ET_EXEC ? TERRANE_ELF_EXECUTABLE : TERRANE_ELF_SHARED;
  if (!native || !read_segments (self, &header, &dynamic))
    return;
  if (facts->interpreter != NULL)
    facts->type = TERRANE_ELF_EXECUTABLE;
  if (dynamic.p_type == PT_DYNAMIC && dynamic.p_filesz > 0)
    (void) read_dynamic (self, &dynamic); /* reports what is broken itself */
}

gboolean
terrane_elf_read (int fd, TerraneElf **out_elf, GError **error)
{
  TerraneBinaryFormat format = TERRANE_BINARY_ELF;
  gboolean program = FALSE;
  struct stat info;
  *out_elf = NULL;
  if (!terrane_binary_format (fd, &program, &format, error))
    return FALSE;
  if (!program)
    return TRUE;
  if (fstat (fd, &info) < 0)
    return oci_throw_errno (error, "reading a program");
  g_autoptr (TerraneElf) facts = terrane_elf_new ();
  facts->format = format;
  if (format == TERRANE_BINARY_ELF)
    {
      g_autoptr (GArray) loads = g_array_new (FALSE, FALSE, sizeof (GElf_Phdr));
      Reader reader = { .size = (uint64_t) info.st_size, .facts = facts, .loads = loads };
      (void) elf_version (EV_CURRENT); /* this libelf knows its own version */
      reader.elf = elf_begin (fd, ELF_C_READ_MMAP, NULL);
      if (reader.elf != NULL)
        read_elf (&reader);
      else
        (void) broken (&reader, "its header is damaged or cut off");
      (void) elf_end (reader.elf);
    }
  *out_elf = g_steal_pointer (&facts);
  return TRUE;
}
