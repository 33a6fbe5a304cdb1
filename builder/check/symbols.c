#include "builder/check/symbols.h"

#include "builder/check/elf-symbols.h"
#include "builder/store/object.h"

#include <string.h>

enum
{
  MAX_SHOWN = 4,
};

/* A file that needs a name which several files have. */
typedef struct
{
  const TerraneElfEntry *entry;
  const TerraneElfEntry *gets; /* by its own search */
  const char *name;
  gboolean required;
  gboolean module;   /* it is in the process that modules share */
  GPtrArray *others; /* of TerraneElfEntry: what is loaded with it */
} Consumer;

typedef struct
{
  const TerraneImageView *view;
  TerranePrograms *programs;
  TerraneFindings *findings;
  GHashTable *groups;   /* DT_SONAME -> GPtrArray of TerraneElfEntry, two or more */
  GHashTable *loaded;   /* set of TerraneElfEntry: of a group, and loaded by a module */
  GHashTable *known;    /* set of "ENTRY ENTRY NAME": consumers that are listed */
  GPtrArray *consumers; /* of Consumer */
  GHashTable *symbols;  /* TerraneElfEntry -> TerraneElfSymbols or NULL */
  GError *error;
} Check;

static void
consumer_free (gpointer data)
{
  Consumer *consumer = data;
  g_ptr_array_unref (consumer->others);
  g_free (consumer);
}

static void
symbols_free (gpointer data)
{
  terrane_elf_symbols_free (data);
}

static gboolean
keep_group (G_GNUC_UNUSED gpointer key, gpointer value, G_GNUC_UNUSED gpointer data)
{
  const GPtrArray *entries = value;
  const TerraneElfEntry *first = entries->pdata[0];
  for (guint i = 1; i < entries->len; i++)
    if (!oci_digest_equal (&first->node->object,
                           &((const TerraneElfEntry *) entries->pdata[i])->node->object))
      return FALSE;
  return TRUE; /* one file, or the same content several times: nothing to choose */
}

static void
find_groups (Check *self)
{
  const GPtrArray *entries = terrane_elf_index_entries (terrane_programs_index (self->programs));
  for (guint i = 0; i < entries->len; i++)
    {
      TerraneElfEntry *entry = entries->pdata[i];
      const char *name = entry->elf->soname;
      if (name == NULL || entry->elf->broken != NULL || entry->elf->type != TERRANE_ELF_SHARED
          || !terrane_programs_fits (self->programs, entry))
        continue;
      GPtrArray *group = g_hash_table_lookup (self->groups, name);
      if (group == NULL)
        {
          group = g_ptr_array_new ();
          g_hash_table_insert (self->groups, entry->elf->soname, group);
        }
      g_ptr_array_add (group, entry);
    }
  (void) g_hash_table_foreach_remove (self->groups, keep_group, NULL); /* how many is not needed */
}

static void
on_need (const TerraneRoot *root, const TerraneClosure *closure, const TerraneLoaded *loader,
         const char *name, const TerraneLoaded *found, G_GNUC_UNUSED TerraneSearchStep step,
         gpointer data)
{
  Check *self = data;
  if (found == NULL || root->role == TERRANE_ROOT_LIBRARY
      || !g_hash_table_contains (self->groups, name))
    return;
  gboolean module = root->role == TERRANE_ROOT_MODULE;
  if (module)
    g_hash_table_add (self->loaded, (gpointer) found->entry);
  g_autofree char *key = g_strdup_printf ("%p %p %d %s", (const void *) loader->entry,
                                          (const void *) found->entry, module, name);
  if (!g_hash_table_add (self->known, g_steal_pointer (&key)))
    return;
  Consumer *consumer = g_new0 (Consumer, 1);
  *consumer = (Consumer){ .entry = loader->entry,
                          .gets = found->entry,
                          .name = name,
                          .required = root->required,
                          .module = module,
                          .others = g_ptr_array_new () };
  /* What is needed beside this name, for symbols that more than one library has. */
  for (char *const *other = loader->entry->elf->needed; *other != NULL; other++)
    {
      const TerraneLoaded *loaded =
          strcmp (*other, name) != 0 ? terrane_closure_lookup (closure, *other) : NULL;
      if (loaded != NULL)
        g_ptr_array_add (consumer->others, (gpointer) loaded->entry);
    }
  g_ptr_array_add (self->consumers, consumer);
}

/* Returns: (transfer none) (nullable) */
static const TerraneElfSymbols *
get_symbols (Check *self, const TerraneElfEntry *entry)
{
  gpointer known = NULL;
  g_auto (OciFd) fd = -1;
  if (g_hash_table_lookup_extended (self->symbols, entry, NULL, &known))
    return known;
  if (self->error != NULL
      || !terrane_object_open (self->view->store, &entry->node->object, &fd, &self->error))
    return NULL;
  TerraneElfSymbols *symbols = terrane_elf_symbols_read (fd);
  g_hash_table_insert (self->symbols, (gpointer) entry, symbols);
  return symbols;
}

static gboolean
is_defined (Check *self, const GPtrArray *entries, const char *name)
{
  for (guint i = 0; i < entries->len; i++)
    {
      const TerraneElfSymbols *symbols = get_symbols (self, entries->pdata[i]);
      if (symbols != NULL && g_hash_table_contains (symbols->defined, name))
        return TRUE;
    }
  return FALSE;
}

static int
compare_names (const void *a, const void *b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* What @consumer wants of its group and @candidate does not have, by name. */
static GPtrArray *
find_lacking (Check *self, const Consumer *consumer, const TerraneElfEntry *candidate)
{
  GPtrArray *lacking = g_ptr_array_new ();
  const TerraneElfSymbols *wants = get_symbols (self, consumer->entry);
  const TerraneElfSymbols *has = get_symbols (self, candidate);
  const GPtrArray *group = g_hash_table_lookup (self->groups, consumer->name);
  GHashTableIter iter;
  gpointer name;
  if (wants == NULL || has == NULL)
    return lacking;
  g_hash_table_iter_init (&iter, wants->wanted);
  while (g_hash_table_iter_next (&iter, &name, NULL))
    if (!g_hash_table_contains (has->defined, name) && is_defined (self, group, name)
        && !is_defined (self, consumer->others, name))
      g_ptr_array_add (lacking, name);
  g_ptr_array_sort (lacking, compare_names);
  return lacking;
}

static char *
list_names (const GPtrArray *names)
{
  GString *text = g_string_new (NULL);
  for (guint i = 0; i < MIN (names->len, MAX_SHOWN); i++)
    {
      g_autofree char *quoted = oci_quote (names->pdata[i]);
      g_string_append_printf (text, "%s%s", i > 0 ? ", " : "", quoted);
    }
  if (names->len > MAX_SHOWN)
    g_string_append_printf (text, " and %u more", names->len - MAX_SHOWN);
  return g_string_free (text, FALSE);
}

static char *
list_entries (const Check *self, const GPtrArray *entries)
{
  GString *text = g_string_new (NULL);
  for (guint i = 0; i < entries->len; i++)
    {
      const TerraneElfEntry *entry = entries->pdata[i];
      g_autofree char *quoted = terrane_image_view_quote (self->view, entry->node);
      g_string_append_printf (text, "%s%s", i > 0 ? ", " : "", quoted);
    }
  return g_string_free (text, FALSE);
}

static void
check_candidate (Check *self, const Consumer *consumer, const TerraneElfEntry *candidate)
{
  g_autoptr (GPtrArray) lacking = find_lacking (self, consumer, candidate);
  const GPtrArray *group = g_hash_table_lookup (self->groups, consumer->name);
  if (lacking->len == 0)
    return;
  gboolean own = candidate == consumer->gets;
  gboolean trusted =
      self->view->trust_base && consumer->entry->node->origin == 0 && candidate->node->origin == 0;
  g_autofree char *name = oci_quote (consumer->name);
  g_autofree char *there = terrane_image_view_quote (self->view, candidate->node);
  g_autofree char *names = list_names (lacking);
  g_autofree char *all = list_entries (self, group);
  g_autofree char *message = g_strdup_printf (
      "%s exists %u times: %s\n%s %s, which lacks %s: \"undefined symbol\"", name, group->len, all,
      own ? "this file gets" : "if another module is imported first, this file gets", there, names);
  const TerraneFinding finding = {
    .id = "elf.undefined-symbol",
    .severity =
        own && consumer->required && !trusted ? TERRANE_SEVERITY_ERROR : TERRANE_SEVERITY_WARNING,
    .path = consumer->entry->path,
    .tree = terrane_image_view_tree (self->view, consumer->entry->node),
    .message = message,
    .fix = "remove the copy that lacks them, or ship one that is at least as new as the others",
  };
  terrane_findings_add (self->findings, &finding);
}

static void
check_consumer (Check *self, const Consumer *consumer)
{
  const GPtrArray *group = g_hash_table_lookup (self->groups, consumer->name);
  check_candidate (self, consumer, consumer->gets);
  for (guint i = 0; consumer->module && i < group->len; i++)
    {
      const TerraneElfEntry *entry = group->pdata[i];
      if (entry != consumer->gets && entry != consumer->entry
          && g_hash_table_contains (self->loaded, entry))
        check_candidate (self, consumer, entry);
    }
}

gboolean
terrane_check_symbols (const TerraneImageView *view, TerranePrograms *programs,
                       TerraneFindings *findings, GError **error)
{
  static const TerraneProgramsVisitor visitor = { .need = on_need };
  g_autoptr (GHashTable) groups =
      g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify) g_ptr_array_unref);
  g_autoptr (GHashTable) loaded = g_hash_table_new (NULL, NULL);
  g_autoptr (GHashTable) known = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GHashTable) symbols = g_hash_table_new_full (NULL, NULL, NULL, symbols_free);
  g_autoptr (GPtrArray) consumers = g_ptr_array_new_with_free_func (consumer_free);
  Check self = {
    .view = view,
    .programs = programs,
    .findings = findings,
    .groups = groups,
    .loaded = loaded,
    .known = known,
    .consumers = consumers,
    .symbols = symbols,
  };
  find_groups (&self);
  if (g_hash_table_size (groups) == 0)
    return TRUE;
  terrane_programs_visit (programs, &visitor, &self);
  for (guint i = 0; i < consumers->len && self.error == NULL; i++)
    check_consumer (&self, consumers->pdata[i]);
  if (self.error == NULL)
    return TRUE;
  g_propagate_error (error, self.error);
  return FALSE;
}
