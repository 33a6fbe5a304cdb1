#include "builder/check/symbols.h"

#include "builder/check/twins.h"
#include "builder/elf/elf-symbols.h"
#include "builder/store/object.h"

#include "oci/base/text-hash.h"

#include <string.h>

enum
{
  MAX_SHOWN = 4,
};

/* A file that needs a name which several files have, while a root is loaded. */
typedef struct
{
  const TerraneRoot *root;
  const TerraneClosure *closure;
  const TerraneElfEntry *entry;
  const char *name;
  const TerraneElfEntry *gets; /* found by its own search */
} Consumer;

typedef struct
{
  const TerraneImageView *view;
  TerranePrograms *programs;
  TerraneFindings *findings;
  GHashTable *groups;   /* DT_SONAME -> GPtrArray of TerraneElfEntry, two or more */
  GHashTable *loaded;   /* TerraneElfEntry of a group, loaded by a module -> GPtrArray of
                         * TerraneElfEntry: itself and what it needs */
  GHashTable *lacking;  /* "ENTRY ENTRY NAME" -> GPtrArray of names: from find_lacking() */
  GHashTable *known;    /* set of "ENTRY ENTRY NAME": already reported */
  GHashTable *symbols;  /* TerraneElfEntry -> TerraneElfSymbols or NULL */
  GPtrArray *preloaded; /* of TerraneElfEntry: LD_PRELOAD */
  GError *error;
} Check;

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
  return TRUE; /* one file, or the same content several times: no choice */
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
  (void) g_hash_table_foreach_remove (self->groups, keep_group, NULL); /* the count is not needed */
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
defines (Check *self, const TerraneElfEntry *entry, const char *name)
{
  const TerraneElfSymbols *symbols = get_symbols (self, entry);
  return symbols != NULL && g_hash_table_contains (symbols->defined, name);
}

static gboolean
is_defined (Check *self, const GPtrArray *entries, const char *name)
{
  for (guint i = 0; i < entries->len; i++)
    if (defines (self, entries->pdata[i], name))
      return TRUE;
  return FALSE;
}

static int
compare_names (const void *a, const void *b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

static char *
make_key (const Consumer *consumer, const TerraneElfEntry *candidate)
{
  return g_strdup_printf ("%p %p %s", (const void *) consumer->entry, (const void *) candidate,
                          consumer->name);
}

/* Returns: (transfer none): names that @consumer's file needs, that some of the group have, and
 * that @candidate lacks */
static const GPtrArray *
find_lacking (Check *self, const Consumer *consumer, const TerraneElfEntry *candidate)
{
  g_autofree char *key = make_key (consumer, candidate);
  GPtrArray *lacking = g_hash_table_lookup (self->lacking, key);
  if (lacking != NULL)
    return lacking;
  lacking = g_ptr_array_new ();
  g_hash_table_insert (self->lacking, g_steal_pointer (&key), lacking);
  const TerraneElfSymbols *wants = get_symbols (self, consumer->entry);
  const TerraneElfSymbols *has = get_symbols (self, candidate);
  const GPtrArray *group = g_hash_table_lookup (self->groups, consumer->name);
  GHashTableIter iter;
  gpointer name;
  if (wants == NULL || has == NULL)
    return lacking;
  g_hash_table_iter_init (&iter, wants->wanted);
  while (g_hash_table_iter_next (&iter, &name, NULL))
    if (!g_hash_table_contains (has->defined, name) && is_defined (self, group, name))
      g_ptr_array_add (lacking, name);
  g_ptr_array_sort (lacking, compare_names);
  return lacking;
}

/* Adds @entry and what it needs to @scope, breadth first; @other replaces @instead_of. */
static void
add_needed (const Check *self, GHashTable *scope, const TerraneClosure *closure,
            const TerraneElfEntry *entry, const TerraneElfEntry *instead_of,
            const TerraneElfEntry *other)
{
  g_autoptr (GPtrArray) queue = g_ptr_array_new ();
  if (g_hash_table_add (scope, (gpointer) entry))
    g_ptr_array_add (queue, (gpointer) entry);
  for (guint i = 0; i < queue->len; i++)
    for (char *const *name = ((const TerraneElfEntry *) queue->pdata[i])->elf->needed;
         *name != NULL; name++)
      {
        const TerraneLoaded *found = terrane_closure_lookup (closure, *name);
        const GPtrArray *others = NULL;
        if (found == NULL)
          continue;
        if (found->entry == instead_of && other != NULL)
          others = g_hash_table_lookup (self->loaded, other);
        else if (g_hash_table_add (scope, (gpointer) found->entry))
          g_ptr_array_add (queue, (gpointer) found->entry);
        for (guint k = 0; others != NULL && k < others->len; k++)
          g_hash_table_add (scope, others->pdata[k]);
      }
}

/* Returns: (transfer full): a set of TerraneElfEntry: where ld.so looks for symbols of a file: in
 * the program and what it needs, in LD_PRELOAD, and in the module that is loaded, with everything
 * that it needs */
static GHashTable *
make_scope (const Check *self, const Consumer *consumer, const TerraneElfEntry *candidate)
{
  GHashTable *scope = g_hash_table_new (NULL, NULL);
  const TerraneClosure *process = terrane_closure_process (consumer->closure);
  gboolean own = candidate == consumer->gets;
  const GPtrArray *files = process != NULL ? terrane_closure_files (process) : NULL;
  for (guint i = 0; files != NULL && i < files->len; i++)
    g_hash_table_add (scope, (gpointer) ((const TerraneLoaded *) files->pdata[i])->entry);
  for (guint i = 0; i < self->preloaded->len; i++)
    g_hash_table_add (scope, self->preloaded->pdata[i]);
  add_needed (self, scope, consumer->closure, consumer->root->entry, own ? NULL : consumer->gets,
              own ? NULL : candidate);
  return scope;
}

/* Returns the names of @lacking that no other file loaded with @consumer has. */
static GPtrArray *
find_undefined (Check *self, const Consumer *consumer, const TerraneElfEntry *candidate,
                const GPtrArray *lacking)
{
  g_autoptr (GHashTable) scope = make_scope (self, consumer, candidate);
  GPtrArray *undefined = g_ptr_array_new ();
  for (guint i = 0; i < lacking->len; i++)
    {
      gboolean found = FALSE;
      GHashTableIter iter;
      gpointer entry;
      g_hash_table_iter_init (&iter, scope);
      while (!found && g_hash_table_iter_next (&iter, &entry, NULL))
        found = defines (self, entry, lacking->pdata[i]);
      if (!found)
        g_ptr_array_add (undefined, lacking->pdata[i]);
    }
  return undefined;
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
report (const Check *self, const Consumer *consumer, const TerraneElfEntry *candidate,
        const GPtrArray *undefined)
{
  const GPtrArray *group = g_hash_table_lookup (self->groups, consumer->name);
  gboolean own = candidate == consumer->gets;
  gboolean trusted = self->view->trust_base && consumer->entry->node->tree_number == 0
                     && candidate->node->tree_number == 0;
  g_autofree char *name = oci_quote (consumer->name);
  g_autofree char *there = terrane_image_view_quote (self->view, candidate->node);
  g_autofree char *names = list_names (undefined);
  g_autofree char *all = list_entries (self, group);
  g_autofree char *cause = g_strdup_printf ("%s %s", consumer->name, candidate->path);
  g_autofree char *message = g_strdup_printf (
      "%s exists %u times: %s\n%s %s, which lacks %s: \"undefined symbol\"", name, group->len, all,
      own ? "this file gets" : "if another module is imported first, this file gets", there, names);
  const TerraneFinding finding = {
    .id = "elf.undefined-symbol",
    .severity = own && consumer->root->required && !trusted ? TERRANE_SEVERITY_ERROR
                                                            : TERRANE_SEVERITY_WARNING,
    .path = consumer->entry->path,
    .tree = terrane_image_view_tree (self->view, consumer->entry->node),
    .message = message,
    .fix = "remove the copy that lacks them, or ship one that is at least as new as the others",
    .cause = cause,
  };
  terrane_findings_add (self->findings, &finding);
}

static void
check_candidate (Check *self, const Consumer *consumer, const TerraneElfEntry *candidate)
{
  const GPtrArray *lacking = find_lacking (self, consumer, candidate);
  g_autofree char *key = make_key (consumer, candidate);
  if (lacking->len == 0 || g_hash_table_contains (self->known, key))
    return;
  g_autoptr (GPtrArray) undefined = find_undefined (self, consumer, candidate, lacking);
  if (undefined->len == 0)
    return;
  g_hash_table_add (self->known, g_steal_pointer (&key));
  report (self, consumer, candidate, undefined);
}

static gboolean
is_in_process (const TerraneClosure *closure, const TerraneElfEntry *entry)
{
  const TerraneClosure *process = terrane_closure_process (closure);
  const GPtrArray *files = process != NULL ? terrane_closure_files (process) : NULL;
  for (guint i = 0; files != NULL && i < files->len; i++)
    if (((const TerraneLoaded *) files->pdata[i])->entry == entry)
      return TRUE;
  return FALSE;
}

static void
check_consumer (Check *self, const Consumer *consumer)
{
  const GPtrArray *group = g_hash_table_lookup (self->groups, consumer->name);
  check_candidate (self, consumer, consumer->gets);
  if (consumer->root->role != TERRANE_ROOT_MODULE
      || is_in_process (consumer->closure, consumer->gets))
    return; /* nothing can precede what the program has */
  for (guint i = 0; i < group->len; i++)
    {
      const TerraneElfEntry *entry = group->pdata[i];
      if (entry != consumer->gets && entry != consumer->entry
          && g_hash_table_contains (self->loaded, entry))
        check_candidate (self, consumer, entry);
    }
}

typedef void (*ConsumerFunc) (Check *self, const Consumer *consumer);

static void
foreach_consumer (Check *self, const TerraneRoot *root, const TerraneClosure *closure,
                  ConsumerFunc func)
{
  const GPtrArray *files = terrane_closure_files (closure);
  for (guint i = 0; root->role != TERRANE_ROOT_LIBRARY && i < files->len; i++)
    {
      const TerraneElfEntry *entry = ((const TerraneLoaded *) files->pdata[i])->entry;
      for (char *const *name = entry->elf->needed; self->error == NULL && *name != NULL; name++)
        {
          const TerraneLoaded *found = g_hash_table_contains (self->groups, *name)
                                           ? terrane_closure_lookup (closure, *name)
                                           : NULL;
          const Consumer consumer = { root, closure, entry, *name,
                                      found != NULL ? found->entry : NULL };
          if (found != NULL)
            func (self, &consumer);
        }
    }
}

/* Records files of the groups that modules load, with what these need. */
static void
note_loaded (Check *self, const Consumer *consumer)
{
  if (consumer->root->role != TERRANE_ROOT_MODULE
      || g_hash_table_contains (self->loaded, consumer->gets))
    return;
  g_autoptr (GHashTable) scope = g_hash_table_new (NULL, NULL);
  GPtrArray *entries = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer entry;
  add_needed (self, scope, consumer->closure, consumer->gets, NULL, NULL);
  g_hash_table_iter_init (&iter, scope);
  while (g_hash_table_iter_next (&iter, &entry, NULL))
    g_ptr_array_add (entries, entry);
  g_hash_table_insert (self->loaded, (gpointer) consumer->gets, entries);
}

static void
on_first (const TerraneRoot *root, const TerraneClosure *closure, gpointer data)
{
  foreach_consumer (data, root, closure, note_loaded);
}

static void
on_second (const TerraneRoot *root, const TerraneClosure *closure, gpointer data)
{
  foreach_consumer (data, root, closure, check_consumer);
}

/* ld.so(8): a list separated by spaces or colons. Names without a slash are searched for, and
 * ignored here. */
static void
find_preloaded (Check *self)
{
  g_autofree char *list = terrane_image_view_env (self->view, "LD_PRELOAD");
  g_auto (GStrv) paths = g_strsplit_set (list != NULL ? list : "", " :", -1);
  for (char **path = paths; *path != NULL; path++)
    {
      const TerraneNode *node =
          (*path)[0] == '/' ? terrane_tree_follow (self->view->tree, *path) : NULL;
      const TerraneElfEntry *entry =
          node != NULL ? terrane_elf_index_find (terrane_programs_index (self->programs), node)
                       : NULL;
      if (entry != NULL)
        g_ptr_array_add (self->preloaded, (gpointer) entry);
    }
}

gboolean
terrane_check_symbols (const TerraneImageView *view, TerranePrograms *programs,
                       TerraneFindings *findings, GError **error)
{
  static const TerraneProgramsVisitor first = { .loaded = on_first },
                                      second = { .loaded = on_second };
  GDestroyNotify free_array = (GDestroyNotify) g_ptr_array_unref;
  g_autoptr (GHashTable) groups =
      g_hash_table_new_full (oci_text_hash, g_str_equal, NULL, free_array);
  g_autoptr (GHashTable) loaded = g_hash_table_new_full (NULL, NULL, NULL, free_array);
  g_autoptr (GHashTable) lacking =
      g_hash_table_new_full (oci_text_hash, g_str_equal, g_free, free_array);
  g_autoptr (GHashTable) known = g_hash_table_new_full (oci_text_hash, g_str_equal, g_free, NULL);
  g_autoptr (GHashTable) symbols = g_hash_table_new_full (NULL, NULL, NULL, symbols_free);
  g_autoptr (GPtrArray) preloaded = g_ptr_array_new ();
  Check self = {
    .view = view,
    .programs = programs,
    .findings = findings,
    .groups = groups,
    .loaded = loaded,
    .lacking = lacking,
    .known = known,
    .symbols = symbols,
    .preloaded = preloaded,
  };
  find_groups (&self);
  if (g_hash_table_size (groups) == 0)
    return TRUE;
  find_preloaded (&self);
  terrane_programs_visit (programs, &first, &self);
  terrane_programs_visit (programs, &second, &self);
  if (self.error == NULL)
    terrane_check_twins (view, groups, loaded, findings, &self.error);
  if (self.error == NULL)
    return TRUE;
  g_propagate_error (error, self.error);
  return FALSE;
}
