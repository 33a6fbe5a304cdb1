/* closure-probe STORE COMMIT: what every program and library of a commit loads, for comparison with
 * ld.so --list. Prints {FILE: {NAME: FILE or null}}. */
#include "builder/facts/programs.h"
#include "builder/store/commit.h"
#include "builder/store/object.h"
#include "builder/store/open.h"

#include <stdio.h>

static void
on_need (G_GNUC_UNUSED TerraneClosure *closure, G_GNUC_UNUSED const TerraneLoaded *loader,
         const char *name, const TerraneLoaded *found, G_GNUC_UNUSED TerraneSearchStep step,
         gpointer data)
{
  oci_json_set (data, name, found != NULL ? oci_json_text (found->entry->path) : json_null ());
}

/* Each file by itself, as ld.so --list sees it. */
static json_t *
list (TerraneStore *store, TerraneTree *tree, GError **error)
{
  g_autoptr (TerraneElfIndex) index = terrane_elf_index_new (store, tree, error);
  const TerraneNode *node = terrane_tree_follow (tree, "etc/ld.so.cache");
  g_auto (OciFd) fd = -1;
  size_t size = 0;
  if (index == NULL || node == NULL || !terrane_object_open (store, &node->object, &fd, error))
    return NULL;
  g_autofree char *data = g_malloc (node->size);
  if (!oci_read_full (fd, data, node->size, &size, error))
    return NULL;
  g_autoptr (GBytes) bytes = g_bytes_new_take (g_steal_pointer (&data), size);
  g_autoptr (TerraneLibrarySearch) search =
      terrane_library_search_new (tree, index, terrane_linker_cache_parse (bytes), NULL, NULL);
  const GPtrArray *entries = terrane_elf_index_entries (index);
  json_t *result = json_object ();
  for (guint i = 0; i < entries->len; i++)
    {
      const TerraneElfEntry *entry = entries->pdata[i];
      const TerraneLinker *linker = terrane_library_search_any_linker (search, entry->elf);
      json_t *needs = json_object ();
      if (linker != NULL && entry->elf->type != TERRANE_ELF_OTHER)
        terrane_closure_free (terrane_closure_new (search, linker, NULL, entry, on_need, needs));
      oci_json_set (result, entry->path, needs);
    }
  return result;
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  OciDigest commit;
  if (argc != 3 || !oci_digest_parse_hex (argv[2], &commit, NULL))
    return 2;
  g_autoptr (TerraneStore) store = terrane_store_open (argv[1], TERRANE_STORE_SHARED, &error);
  g_autoptr (TerraneTree) tree =
      store != NULL ? terrane_commit_load (store, &commit, &error) : NULL;
  g_autoptr (OciJsonValue) result = tree != NULL ? list (store, tree, &error) : NULL;
  if (result == NULL)
    {
      (void) fprintf (stderr, "%s\n", error != NULL ? error->message : "no ld.so.cache");
      return 1;
    }
  g_autofree char *text = oci_json_dump_pretty (result);
  (void) fputs (text, stdout);
  return 0;
}
