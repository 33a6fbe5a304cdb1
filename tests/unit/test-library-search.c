#include "builder/elf/closure.h"

#include "testing.h"

#include <sys/resource.h>

/* A file system without contents: facts are set by hand. */
typedef struct
{
  TerraneTree *tree;
  TerraneElfIndex *index;
  TerraneLibrarySearch *search;
  const TerraneLinker *linker;
} World;

static void
world_clear (World *self)
{
  terrane_library_search_free (self->search);
  terrane_elf_index_free (self->index);
  terrane_tree_free (self->tree);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (World, world_clear)

static TerraneNode *
add_node (World *self, const char *path, const char *target)
{
  const OciEntry entry = { .path = path,
                           .type = target != NULL ? OCI_ENTRY_SYMLINK : OCI_ENTRY_FILE,
                           .target = target,
                           .mode = 0755 };
  TerraneNode *node = NULL;
  g_assert_true (terrane_tree_add (self->tree, &entry, &node, NULL));
  return node;
}

/* @needed: names, separated by spaces */
static TerraneElf *
add_library (World *self, const char *path, const char *soname, const char *needed)
{
  TerraneElf *elf = terrane_elf_new ();
  elf->type = TERRANE_ELF_SHARED;
  elf->bits = 64;
  elf->machine = 62;
  elf->soname = g_strdup (soname);
  if (needed != NULL)
    {
      g_strfreev (elf->needed);
      elf->needed = g_strsplit (needed, " ", -1);
    }
  terrane_elf_index_add (self->index, add_node (self, path, NULL), path, elf);
  return elf;
}

static World
world_new (void)
{
  World self = { .tree = terrane_tree_new (), .index = terrane_elf_index_new_empty () };
  TerraneElf *linker =
      add_library (&self, "lib64/ld-linux-x86-64.so.2", "ld-linux-x86-64.so.2", NULL);
  g_strfreev (linker->search);
  linker->search = g_strsplit ("lib64 usr/lib64", " ", -1);
  return self;
}

static void
begin (World *self, const char *library_path)
{
  const TerraneElfEntry *linker = terrane_elf_index_entries (self->index)->pdata[0];
  self->search = terrane_library_search_new (self->tree, self->index, NULL, library_path, "/work");
  self->linker = terrane_library_search_any_linker (self->search, linker->elf);
  g_assert_true (self->linker->entry == linker);
}

static void
note (G_GNUC_UNUSED TerraneClosure *closure, G_GNUC_UNUSED const TerraneLoaded *loader,
      const char *name, const TerraneLoaded *found, TerraneSearchStep step, gpointer data)
{
  g_string_append_printf (data, "%s=%s%s%s;", name, found != NULL ? found->entry->path : "none",
                          found != NULL ? " by " : "",
                          found != NULL ? terrane_search_step_name (step) : "");
}

static void
assert_loads (World *self, const char *root, const char *expected)
{
  g_autoptr (GString) text = g_string_new (NULL);
  const TerraneElfEntry *entry =
      terrane_elf_index_find (self->index, terrane_tree_lookup (self->tree, root));
  terrane_closure_free (terrane_closure_new (self->search, self->linker, NULL, entry, note, text));
  g_assert_cmpstr (text->str, ==, expected);
}

static void
test_order (void)
{
  g_auto (World) world = world_new ();
  TerraneElf *a = add_library (&world, "opt/a.so", NULL, "libx.so");
  (void) add_library (&world, "usr/lib64/libx.so", NULL, NULL);
  begin (&world, "/env::/none");
  assert_loads (&world, "opt/a.so", "libx.so=usr/lib64/libx.so by the default directories;");
  a->runpath = g_strdup ("$ORIGIN/../run");
  (void) add_library (&world, "run/libx.so", NULL, NULL);
  g_clear_pointer (&world.search, terrane_library_search_free);
  begin (&world, "/env::/none");
  assert_loads (&world, "opt/a.so", "libx.so=run/libx.so by DT_RUNPATH;");
  (void) add_library (&world, "work/libx.so", NULL, NULL); /* an empty element: where it runs */
  g_clear_pointer (&world.search, terrane_library_search_free);
  begin (&world, "/env::/none");
  assert_loads (&world, "opt/a.so", "libx.so=work/libx.so by LD_LIBRARY_PATH;");
  a->rpath = g_steal_pointer (&a->runpath);
  assert_loads (&world, "opt/a.so", "libx.so=run/libx.so by DT_RPATH;");
}

/* ld.so(8): DT_RPATH of those that loaded a file counts too, DT_RUNPATH only for the file
 * itself. */
static void
test_chain (void)
{
  g_auto (World) world = world_new ();
  TerraneElf *a = add_library (&world, "app/a.so", NULL, "libb.so");
  TerraneElf *b = add_library (&world, "app/libs/libb.so", "libb.so", "libc.so");
  (void) add_library (&world, "app/libs/libc.so", "libc.so", NULL);
  begin (&world, NULL);
  a->rpath = g_strdup ("${ORIGIN}/libs");
  assert_loads (&world, "app/a.so",
                "libb.so=app/libs/libb.so by DT_RPATH;libc.so=app/libs/libc.so by DT_RPATH;");
  b->runpath = g_strdup ("/nowhere");
  assert_loads (&world, "app/a.so", "libb.so=app/libs/libb.so by DT_RPATH;libc.so=none;");
  g_clear_pointer (&b->runpath, g_free);
  a->runpath = g_steal_pointer (&a->rpath);
  assert_loads (&world, "app/a.so", "libb.so=app/libs/libb.so by DT_RUNPATH;libc.so=none;");
}

static void
test_names_and_links (void)
{
  g_auto (World) world = world_new ();
  (void) add_library (&world, "app/a.so", NULL, "liblink.so libreal.so.1 ld-linux-x86-64.so.2");
  (void) add_library (&world, "usr/lib64/libreal.so.1.2", "libreal.so.1", NULL);
  (void) add_node (&world, "lib64/liblink.so", "../usr/lib64/libreal.so.1.2");
  begin (&world, NULL);
  assert_loads (&world, "app/a.so",
                "liblink.so=usr/lib64/libreal.so.1.2 by the default directories;"
                "libreal.so.1=usr/lib64/libreal.so.1.2 by an earlier library;"
                "ld-linux-x86-64.so.2=lib64/ld-linux-x86-64.so.2 by an earlier library;");
}

static void
test_passed_over (void)
{
  g_auto (World) world = world_new ();
  (void) add_library (&world, "app/a.so", NULL, "libx.so");
  add_library (&world, "lib64/libx.so", NULL, NULL)->machine = 183;
  (void) add_library (&world, "usr/lib64/libx.so", NULL, NULL);
  begin (&world, NULL);
  assert_loads (&world, "app/a.so", "libx.so=usr/lib64/libx.so by the default directories;");
}

static void
test_hwcaps (void)
{
  g_auto (World) world = world_new ();
  (void) add_library (&world, "app/a.so", NULL, "libx.so");
  (void) add_library (&world, "lib64/libx.so", NULL, NULL);
  (void) add_library (&world, "lib64/glibc-hwcaps/x86-64-v2/libx.so", NULL, NULL);
  begin (&world, NULL);
  assert_loads (&world, "app/a.so",
                "libx.so=lib64/glibc-hwcaps/x86-64-v2/libx.so by the default directories;");
}

/* Whether a library is found in the last of @count directories of a DT_RPATH. */
static gboolean
finds_in_last (guint count, gboolean *out_cut)
{
  g_auto (World) world = world_new ();
  g_autoptr (GString) list = g_string_new ("/none:/none/too::/work");
  g_autoptr (GString) found = g_string_new (NULL);
  TerraneElf *a = add_library (&world, "app/a.so", NULL, "libx.so");
  for (guint i = 0; i < count; i++)
    {
      g_autofree char *path = g_strdup_printf ("rpath/%u/libother.so", i);
      (void) add_node (&world, path, NULL);
      /* The same directory again, or one that is not there, does not count. */
      g_string_append_printf (list, ":/rpath/%u:/rpath/../rpath/%u:$ORIGIN/../rpath/%u:/no/%u", i,
                              i, i, i);
    }
  g_autofree char *library = g_strdup_printf ("rpath/%u/libx.so", count - 1);
  g_autofree char *expected = g_strdup_printf ("libx.so=%s by DT_RPATH;", library);
  (void) add_library (&world, library, NULL, NULL);
  a->rpath = g_strdup (list->str);
  begin (&world, NULL);
  const TerraneElfEntry *entry =
      terrane_elf_index_find (world.index, terrane_tree_lookup (world.tree, "app/a.so"));
  terrane_closure_free (terrane_closure_new (world.search, world.linker, NULL, entry, note, found));
  *out_cut = terrane_library_search_is_cut (world.search, entry);
  return strcmp (found->str, expected) == 0;
}

static void
test_many_directories (void)
{
  gboolean cut = FALSE;
  g_assert_true (finds_in_last (255, &cut) && !cut);
  g_assert_true (finds_in_last (256, &cut) && !cut);
  g_assert_true (!finds_in_last (257, &cut) && cut);
}

/* A chain of libraries that have a DT_RPATH each: the directories of the last ones count. */
static void
test_long_chain (void)
{
  enum
  {
    LIBRARIES = 300
  };
  g_auto (World) world = world_new ();
  for (guint i = 0; i < LIBRARIES; i++)
    {
      g_autofree char *path = g_strdup_printf ("dir%u/lib%u.so", i, i);
      g_autofree char *soname = g_strdup_printf ("lib%u.so", i);
      g_autofree char *needed = g_strdup_printf ("%slib%u.so",
                                                 i == 254   ? "libfirst.so "
                                                 : i == 255 ? "libfirst2.so "
                                                            : "",
                                                 i + 1);
      TerraneElf *elf = add_library (&world, path, soname, needed);
      elf->rpath = g_strdup_printf ("/dir%u:/dir%u", i, i + 1);
    }
  (void) add_library (&world, "dir0/libfirst.so", NULL, NULL);
  (void) add_library (&world, "dir0/libfirst2.so", NULL, NULL);
  begin (&world, NULL);
  const GPtrArray *entries = terrane_elf_index_entries (world.index);
  g_autoptr (GString) text = g_string_new (NULL);
  terrane_closure_free (
      terrane_closure_new (world.search, world.linker, NULL, entries->pdata[1], note, text));
  /* There are 256 directories with lib254, dir0 to dir255. */
  g_assert_nonnull (strstr (text->str, ";lib299.so=dir299/lib299.so by DT_RPATH;"));
  g_assert_nonnull (strstr (text->str, "libfirst.so=dir0/libfirst.so by DT_RPATH;"));
  g_assert_nonnull (strstr (text->str, "libfirst2.so=none;"));
  g_assert_false (terrane_library_search_is_cut (world.search, entries->pdata[1 + 254]));
  g_assert_true (terrane_library_search_is_cut (world.search, entries->pdata[1 + 255]));
}

static void
put_u32 (guint8 *at, guint32 value)
{
  for (int i = 0; i < 4; i++)
    at[i] = (guint8) (value >> (8 * i));
}

/* Two entries, the second for one kind of processor only (sysdeps/generic/dl-cache.h). */
static void
test_linker_cache (void)
{
  static const char strings[] = "libx.so\0/a/libx.so\0/b/libx.so";
  guint8 data[48 + 2 * 24 + sizeof strings] = "glibc-ld.so.cache1.1";
  guint32 base = 48 + 2 * 24;
  put_u32 (data + 20, 2);
  put_u32 (data + 24, sizeof strings);
  for (guint32 i = 0; i < 2; i++)
    {
      guint8 *entry = data + 48 + i * 24;
      put_u32 (entry, 0x0303);
      put_u32 (entry + 4, base);
      put_u32 (entry + 8, base + 8 + 11 * i);
      put_u32 (entry + 20, i == 0 ? 1U << 30 : 0);
    }
  memcpy (data + base, strings, sizeof strings);
  for (gsize len = 0; len <= sizeof data; len++)
    {
      g_autoptr (GBytes) bytes = g_bytes_new (data, len);
      g_autoptr (TerraneLinkerCache) cache = terrane_linker_cache_parse (bytes);
      g_assert_true ((cache != NULL) == (len == sizeof data));
      if (cache == NULL)
        continue;
      g_assert_cmpstr (terrane_linker_cache_find (cache, 64, 62, "libx.so"), ==, "/b/libx.so");
      g_assert_null (terrane_linker_cache_find (cache, 64, 183, "libx.so"));
      g_assert_null (terrane_linker_cache_find (cache, 64, 62, "liby.so"));
    }
}

/* @count entries that share a text of @len bytes: their names begin at @name_at of it. */
static TerraneLinkerCache *
parse_shared (gsize count, gsize len, gsize name_at, gsize path_at)
{
  gsize base = 48 + count * 24;
  g_autofree guint8 *data = g_malloc0 (base + len + 1);
  memcpy (data, "glibc-ld.so.cache1.1", 20);
  put_u32 (data + 20, (guint32) count);
  put_u32 (data + 24, (guint32) len + 1);
  for (gsize i = 0; i < count; i++)
    {
      put_u32 (data + 48 + i * 24, (guint32) i);
      put_u32 (data + 48 + i * 24 + 4, (guint32) (base + name_at));
      put_u32 (data + 48 + i * 24 + 8, (guint32) (base + path_at));
    }
  memset (data + base, 'a', len);
  g_autoptr (GBytes) bytes = g_bytes_new (data, base + len + 1);
  return terrane_linker_cache_parse (bytes);
}

/* NAME_MAX and PATH_MAX of Linux: 255 bytes, and 4096 with the NUL. */
static void
test_linker_cache_lengths (void)
{
  static const struct
  {
    gsize name, path;
    gboolean good;
  } rows[] = { { 255, 4095, TRUE }, { 256, 100, FALSE }, { 100, 4096, FALSE } };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (TerraneLinkerCache) cache =
          parse_shared (4, 5000, 5000 - rows[i].name, 5000 - rows[i].path);
      g_assert_true ((cache != NULL) == rows[i].good);
    }
}

/* 200 000 entries that share a name and a path: 800 MB when each had a copy. */
static void
test_linker_cache_shared (void)
{
  static const rlim_t enough = 256 * 1024 * 1024; /* beyond what the program has already */
  if (g_test_subprocess ())
    {
      struct rlimit limit;
      g_autofree char *statm = NULL;
      g_assert_true (g_file_get_contents ("/proc/self/statm", &statm, NULL, NULL));
      g_assert_cmpint (getrlimit (RLIMIT_AS, &limit), ==, 0);
      limit.rlim_cur = strtoul (statm, NULL, 10) * (rlim_t) sysconf (_SC_PAGESIZE) + enough;
      g_assert_cmpint (setrlimit (RLIMIT_AS, &limit), ==, 0);
      g_autoptr (TerraneLinkerCache) cache = parse_shared (200000, 4095, 3900, 0);
      g_assert_nonnull (cache);
      return;
    }
  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
  g_test_trap_assert_passed ();
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/library-search/order", test_order);
  g_test_add_func ("/library-search/chain", test_chain);
  g_test_add_func ("/library-search/names-and-links", test_names_and_links);
  g_test_add_func ("/library-search/passed-over", test_passed_over);
  g_test_add_func ("/library-search/hwcaps", test_hwcaps);
  g_test_add_func ("/library-search/many-directories", test_many_directories);
  g_test_add_func ("/library-search/long-chain", test_long_chain);
  g_test_add_func ("/library-search/linker-cache", test_linker_cache);
  g_test_add_func ("/library-search/linker-cache/lengths", test_linker_cache_lengths);
  g_test_add_func ("/library-search/linker-cache/shared", test_linker_cache_shared);
  return g_test_run ();
}
