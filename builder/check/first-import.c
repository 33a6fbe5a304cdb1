#include "builder/check/first-import.h"

#include "oci/base/text-hash.h"

#include <string.h>

/* The library that a file gets for a name. */
typedef struct
{
  const TerraneElfEntry *loader;
  const TerraneElfEntry *library;
  const char *name; /* of the loader's */
} Need;

struct _TerraneFirstImports
{
  const TerraneImageView *view;
  GHashTable *standard; /* name -> Need with a module of the standard library as loader */
  GHashTable *noted;    /* "LOADER NAME" */
  GPtrArray *others;    /* of Need: of other modules, and of libraries that they load */
};

TerraneFirstImports *
terrane_first_imports_new (const TerraneImageView *view)
{
  TerraneFirstImports *self = g_new0 (TerraneFirstImports, 1);
  self->view = view;
  self->standard = g_hash_table_new_full (oci_text_hash, g_str_equal, NULL, g_free);
  self->noted = g_hash_table_new_full (oci_text_hash, g_str_equal, g_free, NULL);
  self->others = g_ptr_array_new_with_free_func (g_free);
  return self;
}

void
terrane_first_imports_free (TerraneFirstImports *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->standard);
  g_hash_table_unref (self->noted);
  g_ptr_array_unref (self->others);
  g_free (self);
}

/* Whether it is where every Python has them. */
static gboolean
is_standard (const TerraneRoot *root)
{
  const TerraneNode *parent = root->entry->node->parent;
  return parent->name != NULL && strcmp (parent->name, "lib-dynload") == 0;
}

static Need *
need_new (const TerraneElfEntry *loader, const char *name, const TerraneElfEntry *library)
{
  Need *need = g_new0 (Need, 1);
  *need = (Need){ .loader = loader, .library = library, .name = name };
  return need;
}

void
terrane_first_imports_note (TerraneFirstImports *self, const TerraneRoot *root,
                            const TerraneLoaded *loader, const char *name,
                            const TerraneLoaded *found)
{
  if (root->role != TERRANE_ROOT_MODULE || found == NULL)
    return;
  if (is_standard (root))
    {
      if (!g_hash_table_contains (self->standard, name))
        g_hash_table_insert (self->standard, (gpointer) name,
                             need_new (root->entry, name, found->entry));
      return;
    }
  if (!root->required)
    return;
  char *key = g_strdup_printf ("%p %s", (const void *) loader->entry, name);
  if (g_hash_table_add (self->noted, key))
    g_ptr_array_add (self->others, need_new (loader->entry, name, found->entry));
}

/* "_sqlite3" Returns: (transfer full) */
static char *
name_of_module (const TerraneElfEntry *entry)
{
  const char *name = entry->node->name;
  return g_strndup (name, strcspn (name, "."));
}

static void
report (const TerraneFirstImports *self, const Need *need, const Need *standard,
        TerraneFindings *findings)
{
  g_autofree char *module = name_of_module (standard->loader);
  g_autofree char *quoted = oci_quote (need->name), *import = oci_quote (module);
  g_autofree char *mine = terrane_image_view_quote (self->view, need->library->node);
  g_autofree char *theirs = terrane_image_view_quote (self->view, standard->library->node);
  g_autofree char *message = g_strdup_printf (
      "for %s it gets %s, which ships with it, only in a process that has none yet: after Python's "
      "module %s was imported it gets %s",
      quoted, mine, import, theirs);
  const TerraneFinding finding = {
    .id = "elf.shadowed-library",
    .severity = TERRANE_SEVERITY_NOTE,
    .path = need->loader->path,
    .tree = terrane_image_view_tree (self->view, need->loader->node),
    .message = message,
    .fix = "import it before that module, or let validate.imports try both orders, or give the "
           "library a name of its own",
    .cause = standard->library->path,
  };
  terrane_findings_add (findings, &finding);
}

/* Libraries that are installed with Python fit it. */
static gboolean
is_other (const Need *need, const Need *standard)
{
  int tree = standard->loader->node->tree_number;
  return need->loader->node->tree_number != tree && need->library->node->tree_number != tree
         && !oci_digest_equal (&standard->library->node->object, &need->library->node->object);
}

void
terrane_first_imports_report (const TerraneFirstImports *self, TerraneFindings *findings)
{
  for (guint i = 0; i < self->others->len; i++)
    {
      const Need *need = self->others->pdata[i];
      const Need *standard = g_hash_table_lookup (self->standard, need->name);
      if (standard != NULL && is_other (need, standard))
        report (self, need, standard, findings);
    }
}
