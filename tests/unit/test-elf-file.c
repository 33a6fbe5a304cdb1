#include "builder/elf/binary-format.h"
#include "builder/elf/elf-file.h"

#include "testing.h"

#include <elf.h>
#include <sys/mman.h>

static TerraneElf *
read_file (const char *path)
{
  g_auto (OciFd) fd = open (path, O_RDONLY | O_CLOEXEC);
  g_autoptr (GError) error = NULL;
  TerraneElf *elf = NULL;
  g_assert_cmpint (fd, >=, 0);
  g_assert_true (terrane_elf_read (fd, &elf, &error));
  return elf;
}

/* Compiles a library. Returns: (transfer full) (nullable): its path, or NULL without gcc */
static char *
compile (const TestDir *dir, const char *name, const char *const *options)
{
  static const char source[] = "int puts (const char *); int f (void) { return puts (\"x\"); }\n";
  g_autofree char *input = test_dir_write (dir, "x.c", source, strlen (source));
  char *output = test_dir_file (dir, name);
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  gboolean ok = FALSE;
  g_ptr_array_add (argv, (gpointer) "gcc");
  for (; *options != NULL; options++)
    g_ptr_array_add (argv, (gpointer) *options);
  g_ptr_array_add (argv, (gpointer) "-o");
  g_ptr_array_add (argv, output);
  g_ptr_array_add (argv, input);
  g_ptr_array_add (argv, NULL);
  g_autofree char *said = test_run_tool ((const char *const *) argv->pdata, &ok);
  if (said != NULL && ok)
    return output;
  g_test_message ("%s", said);
  g_free (output);
  return NULL;
}

static void
assert_same (const TerraneElf *a, const TerraneElf *b)
{
  g_autoptr (OciJsonValue) left = terrane_elf_to_json (a);
  g_autoptr (OciJsonValue) right = terrane_elf_to_json (b);
  g_assert_true (json_equal (left, right));
}

static void
test_library (void)
{
  static const char *const options[] = {
    "-shared", "-fPIC", "-Wl,-soname,libx.so.7,-rpath,$ORIGIN/a:/b,--disable-new-dtags",
    "-Wl,-z,execstack", NULL
  };
  g_auto (TestDir) dir = test_dir_new ();
  g_autofree char *path = compile (&dir, "libx.so", options);
  if (path == NULL)
    return;
  g_autoptr (TerraneElf) elf = read_file (path);
  g_assert_null (elf->broken);
  g_assert_cmpint (elf->type, ==, TERRANE_ELF_SHARED);
  g_assert_cmpstr (elf->soname, ==, "libx.so.7");
  g_assert_cmpstr (elf->rpath, ==, "$ORIGIN/a:/b");
  g_assert_null (elf->runpath);
  g_assert_true (elf->executable_stack);
  g_assert_true (g_strv_contains ((const char *const *) elf->needed, "libc.so.6"));
  g_assert_cmpuint (elf->wants->len, ==, 1);
  const TerraneElfWant *want = elf->wants->pdata[0];
  g_assert_cmpstr (want->library, ==, "libc.so.6");
  g_assert_true (g_str_has_prefix (want->versions[0], "GLIBC_2."));
  g_autoptr (OciJsonValue) json = terrane_elf_to_json (elf);
  g_autoptr (TerraneElf) again = terrane_elf_from_json (json);
  assert_same (elf, again);
}

static void
test_program (void)
{
  static const char *const options[] = { "-Wl,-rpath,/r,--enable-new-dtags", "-nostartfiles",
                                         "-Wl,-e,f", NULL };
  g_auto (TestDir) dir = test_dir_new ();
  g_autofree char *path = compile (&dir, "x", options);
  if (path == NULL)
    return;
  g_autoptr (TerraneElf) elf = read_file (path);
  g_assert_cmpint (elf->type, ==, TERRANE_ELF_EXECUTABLE);
  g_assert_cmpstr (elf->runpath, ==, "/r");
  g_assert_null (elf->rpath);
  g_assert_nonnull (elf->interpreter);
  g_assert_false (elf->executable_stack || elf->text_relocations);
}

/* A file that strip tools leave beside a library is not a library, and not a broken one either. */
static void
test_debug_files (void)
{
  static const char *const options[] = { "-shared", "-fPIC", "-g", NULL };
  g_auto (TestDir) dir = test_dir_new ();
  g_autofree char *path = compile (&dir, "libx.so", options);
  if (path == NULL)
    return;
  g_autofree char *first = test_dir_file (&dir, "first.debug");
  g_autofree char *rest = test_dir_file (&dir, "rest.so");
  g_autofree char *second = test_dir_file (&dir, "second.debug");
  const char *const objcopy[] = { "objcopy", "--only-keep-debug", path, first, NULL };
  const char *const eu_strip[] = { "eu-strip", "-f", second, "-o", rest, path, NULL };
  const char *const *const tools[] = { objcopy, eu_strip };
  const char *const files[] = { first, second };
  for (gsize i = 0; i < G_N_ELEMENTS (tools); i++)
    {
      gboolean ok = FALSE;
      g_autofree char *said = test_run_tool (tools[i], &ok);
      if (said == NULL)
        continue;
      g_assert_true (ok);
      g_autoptr (TerraneElf) elf = read_file (files[i]);
      g_assert_cmpstr (elf->broken, ==, NULL);
      g_assert_cmpint (elf->type, ==, TERRANE_ELF_OTHER);
    }
}

/* Cut off at any byte, a file is fine as long as what is read is there; it is never misread. */
static void
test_cut_off (void)
{
  static const char *const options[] = { "-shared", "-fPIC", NULL };
  g_auto (TestDir) dir = test_dir_new ();
  g_autofree char *path = compile (&dir, "libx.so", options);
  if (path == NULL)
    return;
  g_autoptr (TerraneElf) whole = read_file (path);
  g_auto (OciFd) fd = open (path, O_RDWR | O_CLOEXEC);
  for (off_t len = lseek (fd, 0, SEEK_END); len >= 0; len -= len <= 1024 ? 1 : 97)
    {
      g_autoptr (TerraneElf) elf = NULL;
      g_assert_cmpint (ftruncate (fd, len), ==, 0);
      g_assert_true (terrane_elf_read (fd, &elf, NULL));
      g_assert_true ((elf != NULL) == (len >= 4));
      if (elf != NULL && elf->broken == NULL)
        assert_same (elf, whole);
    }
}

static void
test_others (void)
{
  static const struct
  {
    const char *data;
    gsize len;
    int format; /* -1: no program */
  } rows[] = {
    { "", 0, -1 },
    { "#!/bin/sh\n", 10, -1 },
    { "\x7f"
      "ELF",
      4, TERRANE_BINARY_ELF },
    { "\xcf\xfa\xed\xfe\0\0\0\0", 8, TERRANE_BINARY_MACH_O },
    { "\xca\xfe\xba\xbe\0\0\0\x02", 8, TERRANE_BINARY_MACH_O },
    { "\xca\xfe\xba\xbe\0\0\0\x34", 8, -1 }, /* a Java class */
    { "MZ, says the text", 17, -1 },
  };
  g_auto (TestDir) dir = test_dir_new ();
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *path = test_dir_write (&dir, "x", rows[i].data, rows[i].len);
      g_autoptr (TerraneElf) elf = read_file (path);
      g_assert_cmpint (elf != NULL ? (int) elf->format : -1, ==, rows[i].format);
    }
}

/* A library whose tables name one text of its string table many times. */
typedef struct
{
  gsize text;      /* bytes of the text */
  guint needed;    /* DT_NEEDED */
  gboolean spread; /* of each entry another part of the text */
  guint chains;    /* tables of needed versions; they share the entries */
  guint versions;  /* entries of either */
} Shape;

static void
append_dynamic (GByteArray *bytes, gint64 tag, guint64 value)
{
  const Elf64_Dyn entry = { .d_tag = tag, .d_un.d_val = value };
  g_byte_array_append (bytes, (const guint8 *) &entry, sizeof entry);
}

static void
append_versions (GByteArray *bytes, const Shape *shape)
{
  for (guint i = 0; i < shape->chains; i++)
    {
      const Elf64_Verneed need = { .vn_version = 1,
                                   .vn_cnt = (Elf64_Half) shape->versions,
                                   .vn_file = 1,
                                   .vn_aux = (shape->chains - i) * (guint32) sizeof need,
                                   .vn_next = i + 1 < shape->chains ? sizeof need : 0 };
      g_byte_array_append (bytes, (const guint8 *) &need, sizeof need);
    }
  for (guint i = 0; i < shape->versions; i++)
    {
      const Elf64_Vernaux version = { .vna_name = 1, .vna_next = sizeof version };
      g_byte_array_append (bytes, (const guint8 *) &version, sizeof version);
    }
}

static TerraneElf *
read_shape (const Shape *shape)
{
  Elf64_Ehdr header = { .e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
                                     EV_CURRENT },
                        .e_type = ET_DYN,
                        .e_machine = EM_X86_64,
                        .e_version = EV_CURRENT,
                        .e_phoff = sizeof header,
                        .e_ehsize = sizeof header,
                        .e_phentsize = sizeof (Elf64_Phdr),
                        .e_phnum = 2 };
  Elf64_Phdr segments[2] = { { .p_type = PT_LOAD }, { .p_type = PT_DYNAMIC } };
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  g_byte_array_set_size (bytes, sizeof header + sizeof segments);
  guint versions = bytes->len;
  append_versions (bytes, shape);
  guint strings = bytes->len;
  g_byte_array_set_size (bytes, (guint) ((strings + shape->text + 2 + 7) & ~(gsize) 7));
  memset (bytes->data + strings, 'a', shape->text + 1);
  bytes->data[strings] = '\0';
  memset (bytes->data + strings + shape->text + 1, 0, bytes->len - strings - shape->text - 1);
  guint dynamic = bytes->len;
  for (guint i = 0; i < shape->needed; i++)
    append_dynamic (bytes, DT_NEEDED, 1 + (shape->spread ? i % shape->text : 0));
  append_dynamic (bytes, DT_STRTAB, strings);
  append_dynamic (bytes, DT_STRSZ, shape->text + 2);
  append_dynamic (bytes, DT_VERNEED, versions);
  append_dynamic (bytes, DT_VERNEEDNUM, shape->chains);
  append_dynamic (bytes, DT_NULL, 0);
  segments[0].p_filesz = bytes->len;
  segments[1].p_offset = dynamic;
  segments[1].p_vaddr = dynamic;
  segments[1].p_filesz = bytes->len - dynamic;
  memcpy (bytes->data, &header, sizeof header);
  memcpy (bytes->data + sizeof header, segments, sizeof segments);
  g_auto (TestDir) dir = test_dir_new ();
  g_autofree char *path = test_dir_write (&dir, "libx.so", bytes->data, bytes->len);
  return read_file (path);
}

/* A library that is needed several times is one need. */
static void
test_named_again (void)
{
  const Shape shape = { .text = 9, .needed = 1000, .chains = 2, .versions = 3 };
  g_autoptr (TerraneElf) elf = read_shape (&shape);
  g_assert_cmpstr (elf->broken, ==, NULL);
  g_assert_cmpuint (g_strv_length (elf->needed), ==, 1);
  g_assert_cmpstr (elf->needed[0], ==, "aaaaaaaaa");
  g_assert_cmpuint (elf->wants->len, ==, 2);
  g_assert_cmpuint (g_strv_length (((TerraneElfWant *) elf->wants->pdata[1])->versions), ==, 3);
}

/* Small files that ask for much: what is kept of them is limited, whatever the table. */
static void
test_greedy (void)
{
  static const struct
  {
    Shape shape;
    const char *broken;
  } rows[] = {
    { { .text = 60000, .needed = 20000 }, "*more than 4194304 bytes" },
    { { .text = 60000, .needed = 20000, .spread = TRUE }, "*more than 4194304 bytes" },
    { { .text = 5000, .needed = 5000, .spread = TRUE }, "*more than 4194304 bytes" },
    { { .text = 20000, .chains = 1, .versions = 65535 }, "*more than 4194304 bytes" },
    { { .text = 1, .chains = 300, .versions = 65535 }, "*more than 65536 names" },
    { { .text = 0, .needed = 60000, .chains = 1, .versions = 6000 }, "*more than 65536 names" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (TerraneElf) elf = read_shape (&rows[i].shape);
      gsize kept = 0;
      g_assert_nonnull (elf->broken);
      g_assert_true (g_pattern_match_simple (rows[i].broken, elf->broken));
      for (guint k = 0; k < elf->wants->len; k++)
        kept += g_strv_length (((TerraneElfWant *) elf->wants->pdata[k])->versions);
      g_assert_cmpuint (kept + g_strv_length (elf->needed), <=, 65536);
    }
}

/* A file that is left unread because of its first byte has none of the formats. */
static void
test_first_bytes (void)
{
  static const guint8 starts[][8] = {
    { 0x7f, 'E', 'L', 'F' },
    { 0xce, 0xfa, 0xed, 0xfe },
    { 0xcf, 0xfa, 0xed, 0xfe },
    { 0xfe, 0xed, 0xfa, 0xce },
    { 0xfe, 0xed, 0xfa, 0xcf },
    { 0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 2 },
    { 'M', 'Z' },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (starts); i++)
    {
      g_auto (OciFd) fd = memfd_create ("start", MFD_CLOEXEC);
      guint8 head[128] = { 0 };
      gboolean program = FALSE;
      TerraneBinaryFormat format;
      memcpy (head, starts[i], sizeof starts[i]);
      head[0x3c] = 100; /* where the header of a PE file is */
      memcpy (head + 100, "PE", 2);
      g_assert_cmpint (write (fd, head, sizeof head), ==, sizeof head);
      g_assert_true (terrane_binary_format (fd, &program, &format, NULL) && program);
      g_assert_true (terrane_binary_may_begin (starts[i][0]));
    }
  g_assert_false (terrane_binary_may_begin ('#'));
  g_assert_false (terrane_binary_may_begin (0));
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/elf-file/library", test_library);
  g_test_add_func ("/elf-file/program", test_program);
  g_test_add_func ("/elf-file/debug-files", test_debug_files);
  g_test_add_func ("/elf-file/cut-off", test_cut_off);
  g_test_add_func ("/elf-file/others", test_others);
  g_test_add_func ("/elf-file/named-again", test_named_again);
  g_test_add_func ("/elf-file/greedy", test_greedy);
  g_test_add_func ("/elf-file/first-bytes", test_first_bytes);
  return g_test_run ();
}
