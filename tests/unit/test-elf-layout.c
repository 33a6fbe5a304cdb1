#include "builder/transform/elf-layout.h"

#include "testing.h"

#include <elf.h>

/* A library as linkers make them: headers, a read-only segment with tables, one with the dynamic
 * section, and a symbol table after all of it. */
typedef struct
{
  Elf64_Ehdr header;
  Elf64_Phdr segments[4]; /* tables, dynamic section, PT_DYNAMIC, PT_NOTE */
  char strings[16];
  Elf64_Sym symbols[2];
  struct
  {
    Elf64_Nhdr header;
    char name[4];
    uint8_t id[4];
  } note;
  Elf64_Dyn dynamic[3];
  char names[48];
  Elf64_Sym table[2];
  Elf64_Shdr sections[5]; /* none, .dynsym, .dynamic, .symtab, .shstrtab */
} Library;

static void
library_init (Library *self)
{
  memset (self, 0, sizeof *self);
  memcpy (self->header.e_ident, ELFMAG, SELFMAG);
  self->header.e_ident[EI_CLASS] = ELFCLASS64;
  self->header.e_ident[EI_DATA] = ELFDATA2LSB;
  self->header.e_ident[EI_VERSION] = EV_CURRENT;
  self->header.e_type = ET_DYN;
  self->header.e_machine = EM_AARCH64;
  self->header.e_phoff = G_STRUCT_OFFSET (Library, segments);
  self->header.e_phentsize = sizeof (Elf64_Phdr);
  self->header.e_phnum = G_N_ELEMENTS (self->segments);
  self->header.e_shoff = G_STRUCT_OFFSET (Library, sections);
  self->header.e_shentsize = sizeof (Elf64_Shdr);
  self->header.e_shnum = G_N_ELEMENTS (self->sections);
  self->header.e_shstrndx = 4;
  const uint64_t dynamic = G_STRUCT_OFFSET (Library, dynamic);
  self->segments[0] = (Elf64_Phdr){
    .p_type = PT_LOAD, .p_flags = PF_R, .p_filesz = dynamic, .p_memsz = dynamic, .p_align = 0x1000
  };
  self->segments[1] = (Elf64_Phdr){ .p_type = PT_LOAD,
                                    .p_flags = PF_R | PF_W,
                                    .p_offset = dynamic,
                                    .p_vaddr = 0x1000 + dynamic,
                                    .p_filesz = sizeof self->dynamic,
                                    .p_memsz = sizeof self->dynamic + 64,
                                    .p_align = 0x1000 };
  self->segments[2] = self->segments[1];
  self->segments[2].p_type = PT_DYNAMIC;
  self->segments[3] = (Elf64_Phdr){ .p_type = PT_NOTE,
                                    .p_offset = G_STRUCT_OFFSET (Library, note),
                                    .p_filesz = sizeof self->note };
  self->note.header = (Elf64_Nhdr){ .n_namesz = 4, .n_descsz = 4, .n_type = NT_GNU_BUILD_ID };
  memcpy (self->note.name, "GNU", 4);
  memcpy (self->note.id, "\x01\xab\xff\x10", 4);
  self->dynamic[0].d_tag = DT_STRTAB;
  self->dynamic[0].d_un.d_ptr = G_STRUCT_OFFSET (Library, strings);
  self->dynamic[1].d_tag = DT_SYMTAB;
  self->dynamic[1].d_un.d_ptr = G_STRUCT_OFFSET (Library, symbols);
  memcpy (self->names, "\0.dynsym\0.dynamic\0.symtab\0.shstrtab", 36);
  self->sections[1] = (Elf64_Shdr){ .sh_name = 1,
                                    .sh_type = SHT_DYNSYM,
                                    .sh_flags = SHF_ALLOC,
                                    .sh_offset = G_STRUCT_OFFSET (Library, symbols),
                                    .sh_size = sizeof self->symbols };
  self->sections[2] = (Elf64_Shdr){ .sh_name = 9,
                                    .sh_type = SHT_DYNAMIC,
                                    .sh_flags = SHF_ALLOC,
                                    .sh_offset = dynamic,
                                    .sh_size = sizeof self->dynamic };
  self->sections[3] = (Elf64_Shdr){ .sh_name = 18,
                                    .sh_type = SHT_SYMTAB,
                                    .sh_offset = G_STRUCT_OFFSET (Library, table),
                                    .sh_size = sizeof self->table };
  self->sections[4] = (Elf64_Shdr){ .sh_name = 26,
                                    .sh_type = SHT_STRTAB,
                                    .sh_offset = G_STRUCT_OFFSET (Library, names),
                                    .sh_size = sizeof self->names };
}

static void
assert_verdict (const Library *library, size_t size, TerraneStripVerdict want, const char *reason)
{
  const char *got = NULL;
  g_assert_cmpint (terrane_elf_may_strip ((const uint8_t *) library, size, &got), ==, want);
  g_assert_cmpstr (got, ==, reason);
}

#define REFUSED(library, reason)                                                                   \
  assert_verdict (&(library), sizeof (library), TERRANE_STRIP_REFUSED, reason)

static void
test_may_strip (void)
{
  Library library;
  library_init (&library);
  assert_verdict (&library, sizeof library, TERRANE_STRIPPABLE, NULL);
  library.sections[3].sh_type = SHT_PROGBITS; /* no symbols left */
  assert_verdict (&library, sizeof library, TERRANE_STRIP_NOTHING, NULL);
  library_init (&library);
  library.header.e_type = ET_REL;
  assert_verdict (&library, sizeof library, TERRANE_STRIP_NOTHING, NULL);
  library_init (&library);
  library.header.e_ident[EI_CLASS] = ELFCLASS32;
  assert_verdict (&library, sizeof library, TERRANE_STRIP_NOTHING, NULL);
  assert_verdict (&library, 3, TERRANE_STRIP_NOTHING, NULL);
}

static void
test_patched (void)
{
  Library library;
  library_init (&library);
  library.dynamic[0].d_un.d_ptr = library.segments[1].p_vaddr; /* strings where one may write */
  REFUSED (library, "patched by patchelf");
  library_init (&library);
  library.header.e_phoff += 8; /* the program headers moved */
  memmove ((char *) library.segments + 8, library.segments, sizeof library.segments);
  REFUSED (library, "patched by patchelf");
  library_init (&library);
  library.segments[0].p_flags = PF_R | PF_W; /* the ELF header where one may write */
  REFUSED (library, "patched by patchelf");
}

static void
test_appended (void)
{
  struct
  {
    Library library;
    char more[8];
  } file = { 0 };
  library_init (&file.library);
  assert_verdict (&file.library, sizeof file, TERRANE_STRIP_REFUSED,
                  "with data after its sections");
}

/* As staticx and others put what they unpack into programs: strip would take it away. */
static void
test_payload (void)
{
  Library library;
  library_init (&library);
  library.sections[2].sh_flags = 0;
  library.sections[2].sh_type = SHT_PROGBITS;
  REFUSED (library, "with data in a section of its own");
  library.sections[2].sh_type = SHT_LOUSER;
  REFUSED (library, "with data in a section of its own");
  library.sections[2].sh_size = 0;
  assert_verdict (&library, sizeof library, TERRANE_STRIPPABLE, NULL);
  static const char *const known[] = { ".debug_x", ".comment", ".zdebug_", ".stabstr" };
  for (size_t i = 0; i < G_N_ELEMENTS (known); i++)
    {
      library_init (&library);
      library.sections[2].sh_flags = 0;
      library.sections[2].sh_type = SHT_PROGBITS;
      memset (library.names + 9, 0, strlen (".dynamic"));
      memcpy (library.names + 9, known[i], strlen (known[i]));
      assert_verdict (&library, sizeof library, TERRANE_STRIPPABLE, NULL);
    }
}

static void
test_damaged (void)
{
  Library library;
  library_init (&library);
  library.segments[1].p_align = 3;
  REFUSED (library, "a segment is not aligned");
  library_init (&library);
  library.segments[1].p_vaddr += 8; /* the trap of stripped, patched libraries */
  REFUSED (library, "a segment is not aligned");
  library_init (&library);
  library.segments[1].p_filesz = library.segments[1].p_memsz = UINT64_MAX - 8;
  REFUSED (library, "a segment lies outside of the file");
  library_init (&library);
  library.segments[2].p_vaddr += 0x100000;
  REFUSED (library, "its dynamic section is in no segment");
  library_init (&library);
  library.dynamic[1].d_un.d_ptr = UINT64_MAX;
  REFUSED (library, "a table of its dynamic section is in no segment");
  library_init (&library);
  library.header.e_phnum = 0;
  REFUSED (library, "its program headers are damaged");
  library_init (&library);
  library.header.e_shoff = UINT64_MAX - 4;
  REFUSED (library, "its section headers are damaged");
  library_init (&library);
  library.header.e_shstrndx = 77;
  REFUSED (library, "its section names are damaged");
  library_init (&library);
  library.sections[3].sh_size = UINT64_MAX;
  REFUSED (library, "a section lies outside of the file");
  library_init (&library);
  library.sections[2].sh_type = SHT_NOBITS;
  REFUSED (library, "a file of debug information");
}

static void
assert_same (const Library *a, const Library *b, const char *want)
{
  const char *difference = NULL;
  gboolean same = terrane_elf_same_when_loaded ((const uint8_t *) a, sizeof *a, (const uint8_t *) b,
                                                sizeof *b, &difference);
  g_assert_cmpstr (difference, ==, want);
  g_assert_cmpint (same, ==, want == NULL);
}

static void
test_same_when_loaded (void)
{
  Library a, b;
  library_init (&a);
  library_init (&b);
  assert_same (&a, &b, NULL);
  memset (b.table, 7, sizeof b.table); /* not loaded */
  b.sections[3].sh_type = SHT_PROGBITS;
  b.header.e_shstrndx = 0; /* no names */
  assert_same (&a, &b, NULL);
  library_init (&b);
  b.strings[3] = 'x';
  assert_same (&a, &b, "what is loaded changed");
  library_init (&b);
  b.segments[1].p_memsz++;
  assert_same (&a, &b, "its program headers changed");
  library_init (&b);
  b.header.e_entry = 1;
  assert_same (&a, &b, "its header changed");
  library_init (&b);
  b.sections[1].sh_type = SHT_PROGBITS;
  assert_same (&a, &b, "its dynamic symbols changed");
  library_init (&b);
  b.segments[1].p_align = 5;
  assert_same (&a, &b, "a segment is not aligned");
  library_init (&b);
  b.header.e_ident[0] = 'x';
  assert_same (&a, &b, "it is no longer a program");
}

static void
test_build_id (void)
{
  Library library;
  library_init (&library);
  g_autofree char *id = terrane_elf_build_id ((const uint8_t *) &library, sizeof library);
  g_assert_cmpstr (id, ==, "01abff10");
  library.note.header.n_descsz = UINT32_MAX;
  g_assert_null (terrane_elf_build_id ((const uint8_t *) &library, sizeof library));
  library_init (&library);
  library.note.header.n_namesz = UINT32_MAX;
  g_assert_null (terrane_elf_build_id ((const uint8_t *) &library, sizeof library));
}

/* Every prefix of a file, and every byte of it inverted: an answer, whichever, and no crash. */
static void
test_hostile (void)
{
  Library library;
  const char *text;
  library_init (&library);
  for (size_t size = 0; size < sizeof library; size++)
    {
      g_autofree uint8_t *copy = g_memdup2 (&library, MAX (size, 1));
      (void) terrane_elf_may_strip (copy, size, &text);
      g_autofree char *id = terrane_elf_build_id (copy, size);
      g_assert_false (terrane_elf_same_when_loaded ((const uint8_t *) &library, sizeof library,
                                                    copy, MIN (size, 600), &text));
    }
  for (size_t i = 0; i < sizeof library; i++)
    {
      g_autofree uint8_t *copy = g_memdup2 (&library, sizeof library);
      copy[i] ^= 0xff;
      (void) terrane_elf_may_strip (copy, sizeof library, &text);
      g_autofree char *id = terrane_elf_build_id (copy, sizeof library);
      (void) terrane_elf_same_when_loaded ((const uint8_t *) &library, sizeof library, copy,
                                           sizeof library, &text);
    }
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/elf-layout/may-strip", test_may_strip);
  g_test_add_func ("/elf-layout/patched", test_patched);
  g_test_add_func ("/elf-layout/appended", test_appended);
  g_test_add_func ("/elf-layout/payload", test_payload);
  g_test_add_func ("/elf-layout/damaged", test_damaged);
  g_test_add_func ("/elf-layout/same-when-loaded", test_same_when_loaded);
  g_test_add_func ("/elf-layout/build-id", test_build_id);
  g_test_add_func ("/elf-layout/hostile", test_hostile);
  return g_test_run ();
}
