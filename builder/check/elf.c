#include "builder/check/elf.h"

#include "builder/check/first-import.h"
#include "builder/facts/module-name.h"
#include "builder/facts/pure-wheel.h"

#include "oci/base/text-hash.h"

#include <string.h>

enum
{
  MAX_SHOWN_FILES = 16, /* of a chain; typical ones have five */
  MIN_BASE_FILES = 3,   /* one or two foreign files do not make a foreign base */
};

/* A missing library. The first root that fails because of it determines the severity. */
typedef struct
{
  TerraneSeverity severity;
  char *message;
  char *fix;
  guint roots; /* number of roots that need it */
} Problem;

typedef struct
{
  const TerraneImageView *view;
  TerranePrograms *programs;
  TerraneFindings *findings;
  GHashTable *missing;  /* "ENTRY NAME" -> Problem */
  GHashTable *compared; /* "WANT ENTRY": pairs whose versions were compared */
  GHashTable *needs;    /* "ENTRY NAME": examined by check_shadow() */
  GHashTable *defines;  /* TerraneElfEntry -> set of its versions */
  GHashTable *fitting;  /* path without names of processors -> TerraneElfEntry that fits */
  const TerraneAbsentLibraries *absent; /* libraries that installed packages list and lack */
  TerranePureWheels *pure;
  TerraneFirstImports *imports;
  gboolean musl;
} Check;

static void
problem_free (gpointer data)
{
  Problem *problem = data;
  g_free (problem->message);
  g_free (problem->fix);
  g_free (problem);
}

static TerraneSeverity
severity_of (const Check *self, const TerraneRoot *root, const TerraneElfEntry *entry)
{
  gboolean trusted = self->view->trust_base && entry->node->tree_number == 0;
  if (terrane_module_is_spare (root->entry->path))
    return TERRANE_SEVERITY_NOTE;
  return root->required && !trusted ? TERRANE_SEVERITY_ERROR : TERRANE_SEVERITY_WARNING;
}

/* @cause: (nullable): common cause of several files, for which one finding suffices */
static void
add_caused (Check *self, const char *id, TerraneSeverity severity, const TerraneElfEntry *entry,
            const char *cause, const char *message, const char *fix)
{
  const TerraneFinding finding = {
    .id = id,
    .severity = severity,
    .path = entry->path,
    .tree = terrane_image_view_tree (self->view, entry->node),
    .message = message,
    .fix = fix,
    .cause = cause,
  };
  terrane_findings_add (self->findings, &finding);
}

static void
add (Check *self, const char *id, TerraneSeverity severity, const TerraneElfEntry *entry,
     const char *message, const char *fix)
{
  add_caused (self, id, severity, entry, NULL, message, fix);
}

static void
find_fitting (Check *self)
{
  const GPtrArray *entries = terrane_elf_index_entries (terrane_programs_index (self->programs));
  for (guint i = 0; i < entries->len; i++)
    {
      TerraneElfEntry *entry = entries->pdata[i];
      if (entry->elf->format == TERRANE_BINARY_ELF && entry->elf->broken == NULL
          && terrane_programs_fits (self->programs, entry))
        g_hash_table_insert (self->fitting, terrane_module_any_machine (entry->path), entry);
    }
}

/* Whether it is an extension module, which is only loaded by Python's import. */
static gboolean
is_extension (const char *path)
{
  return strstr (path, ".cpython-") != NULL || g_str_has_suffix (path, ".abi3.so");
}

/* A wheel for any platform may contain a file for one platform; this is only a note if the file's
 * name says which. */
static TerraneSeverity
severity_in_pure_wheel (const TerraneElfEntry *entry)
{
  g_autofree char *key = terrane_module_any_machine (entry->path);
  return strcmp (key, entry->path) != 0 ? TERRANE_SEVERITY_NOTE : TERRANE_SEVERITY_WARNING;
}

/* Packages for several processors choose a file at run time. */
static void
report_machine (Check *self, const TerraneRoot *root)
{
  const TerraneElfEntry *entry = root->entry;
  const TerraneElf *elf = entry->elf;
  g_autofree char *machine = terrane_elf_machine_name (elf->bits, elf->machine);
  const char *image = oci_image_config_architecture (self->view->config);
  g_autofree char *key = terrane_module_any_machine (entry->path);
  const TerraneElfEntry *other = g_hash_table_lookup (self->fitting, key);
  if (other != NULL)
    {
      g_autofree char *quoted = terrane_image_view_quote (self->view, other->node);
      g_autofree char *message = g_strdup_printf (
          "it is for %s, the image for %s, which has %s for it", machine, image, quoted);
      add (self, "elf.wrong-machine", TERRANE_SEVERITY_NOTE, entry, message,
           "leave it out: nothing can load it");
      return;
    }
  if (!is_extension (entry->path) && terrane_pure_wheels_have (self->pure, entry->node))
    {
      g_autofree char *message = g_strdup_printf (
          "it is for %s, the image for %s; its wheel is for any platform and may do without it",
          machine, image);
      add (self, "elf.wrong-machine", severity_in_pure_wheel (entry), entry, message,
           "leave it out: nothing can load it");
      return;
    }
  g_autofree char *message = g_strdup_printf (
      "it is for %s, the image for %s; ld.so would say that it does not exist", machine, image);
  add_caused (self, "elf.wrong-machine", severity_of (self, root, entry), entry, machine, message,
              "take the wheel or package of the image's platform");
}

static gboolean
is_in_base (const TerraneElfEntry *entry)
{
  return entry->node->tree_number == 0;
}

/* Reports a base for another processor as a whole: it has at least MIN_BASE_FILES programs and
 * libraries, and none of them is for the image's processor. */
static gboolean
report_base (Check *self)
{
  const GPtrArray *entries = terrane_elf_index_entries (terrane_programs_index (self->programs));
  const TerraneElfEntry *first = NULL;
  guint files = 0;
  for (guint i = 0; i < entries->len; i++)
    {
      const TerraneElfEntry *entry = entries->pdata[i];
      if (!is_in_base (entry) || entry->elf->format != TERRANE_BINARY_ELF
          || entry->elf->broken != NULL || entry->elf->type == TERRANE_ELF_OTHER)
        continue;
      if (terrane_programs_fits (self->programs, entry))
        return FALSE;
      first = first != NULL ? first : entry;
      files++;
    }
  if (files < MIN_BASE_FILES)
    return FALSE;
  const char *image = oci_image_config_architecture (self->view->config);
  g_autofree char *machine = terrane_elf_machine_name (first->elf->bits, first->elf->machine);
  g_autofree char *message = g_strdup_printf ("the base is for another platform: all of its %u "
                                              "programs and libraries, such as /%s, are for "
                                              "%s, the image is for %s",
                                              files, first->path, machine, image);
  const TerraneFinding finding = { .id = "elf.wrong-machine",
                                   .severity = TERRANE_SEVERITY_ERROR,
                                   .tree = terrane_image_view_tree (self->view, first->node),
                                   .message = message,
                                   .fix = "take a base for the image's platform, or build for that "
                                          "of the base" };
  terrane_findings_add (self->findings, &finding);
  return TRUE;
}

/* Checks a file by itself. */
static void
check_file (Check *self, const TerraneElfEntry *entry)
{
  const TerraneElf *elf = entry->elf;
  TerraneRoot root = terrane_programs_root (self->programs, entry);
  if (elf->format != TERRANE_BINARY_ELF)
    {
      gboolean program = g_str_has_suffix (entry->path, ".exe");
      g_autofree char *message =
          g_strdup_printf ("it is for %s and cannot be loaded here",
                           elf->format == TERRANE_BINARY_PE ? "Windows" : "macOS");
      add_caused (self, "elf.foreign-binary",
                  program ? TERRANE_SEVERITY_NOTE : TERRANE_SEVERITY_WARNING, entry,
                  elf->format == TERRANE_BINARY_PE ? "Windows" : "macOS", message,
                  "take the files that are made for Linux, or leave it out");
      return;
    }
  if (elf->broken != NULL)
    {
      g_autofree char *message = g_strdup_printf ("it cannot be loaded: %s", elf->broken);
      add (self, "elf.broken", severity_of (self, &root, entry), entry, message,
           "build it again, or leave it out");
      return;
    }
  if (elf->type == TERRANE_ELF_OTHER)
    return;
  if (!terrane_programs_fits (self->programs, entry))
    {
      report_machine (self, &root);
      return;
    }
  if (elf->text_relocations)
    add (self, "elf.text-relocations", TERRANE_SEVERITY_WARNING, entry,
         "its code is changed when it is loaded, which costs memory in every process and fails "
         "where memory must not be both writable and executable",
         "build it with -fPIC");
  if (elf->executable_stack)
    add (self, "elf.executable-stack", TERRANE_SEVERITY_WARNING, entry,
         "it asks for an executable stack; glibc 2.41 and later refuse to load such a library",
         "link it with -z noexecstack, or run 'patchelf --clear-execstack'");
}

/* "A, needed by B, needed by C" */
static char *
describe_chain (const Check *self, const TerraneLoaded *loader)
{
  GString *text = g_string_new (NULL);
  guint shown = 0;
  for (const TerraneLoaded *file = loader; file != NULL; file = file->loader)
    {
      if (shown++ == MAX_SHOWN_FILES)
        {
          g_string_append (text, "\nand so on");
          break;
        }
      g_autofree char *quoted = terrane_image_view_quote (self->view, file->entry->node);
      g_string_append_printf (text, "%s%s", file != loader ? "\nwhich is loaded by " : "", quoted);
    }
  return g_string_free (text, FALSE);
}

/* Compares the parts of two library names before ".so", to find other versions of a library. */
static gboolean
same_stem (const char *a, const char *b)
{
  const char *end_a = strstr (a, ".so"), *end_b = strstr (b, ".so");
  return end_a != NULL && end_b != NULL && end_a - a == end_b - b
         && strncmp (a, b, (size_t) (end_a - a)) == 0;
}

/* Finds the file that has @name, otherwise one of another version, which the search does not
 * find. */
static const TerraneElfEntry *
find_candidate (const Check *self, const char *name, gboolean *out_other)
{
  const GPtrArray *entries = terrane_elf_index_entries (terrane_programs_index (self->programs));
  const TerraneElfEntry *other = NULL;
  for (guint i = 0; i < entries->len; i++)
    {
      const TerraneElfEntry *entry = entries->pdata[i];
      const char *soname = entry->elf->soname != NULL ? entry->elf->soname : entry->node->name;
      *out_other = FALSE;
      if (entry->elf->broken != NULL || !terrane_programs_fits (self->programs, entry))
        continue;
      if (strcmp (soname, name) == 0 || strcmp (entry->node->name, name) == 0)
        return entry;
      /* A plugin may have a library's name, but has no DT_SONAME. */
      if (same_stem (soname, name)
          && (other == NULL || (other->elf->soname == NULL && entry->elf->soname != NULL)))
        other = entry;
    }
  *out_other = other != NULL;
  return other;
}

static char *
missing_fix (const Check *self, const TerraneLoaded *loader, const char *name,
             const TerraneElfEntry *candidate, gboolean other)
{
  char *fix = terrane_missing_library_fix (self->absent, loader, name);
  if (fix != NULL)
    return fix;
  if (candidate == NULL)
    return terrane_missing_library_package (name);
  if (!other)
    return g_strdup (
        "add its directory to LD_LIBRARY_PATH, give the file that needs it a DT_RPATH, "
        "or run ldconfig where the tree is made");
  g_autofree char *there = terrane_image_view_quote (self->view, candidate->node);
  return g_strdup_printf ("%s is another version: take builds that belong together", there);
}

static void
note_missing (Check *self, const TerraneRoot *root, const TerraneClosure *closure,
              const TerraneLoaded *loader, const char *name)
{
  g_autofree char *key = g_strdup_printf ("%p %s", (const void *) loader->entry, name);
  Problem *problem = g_hash_table_lookup (self->missing, key);
  if (problem != NULL)
    {
      problem->roots++;
      return;
    }
  gboolean other = FALSE;
  const TerraneElfEntry *candidate = find_candidate (self, name, &other);
  g_autofree char *quoted = oci_quote (name);
  g_autofree char *chain = describe_chain (self, loader);
  g_autofree char *places = terrane_library_search_describe (
      terrane_closure_search (closure), terrane_closure_linker (closure), loader);
  g_autofree char *there =
      candidate != NULL ? terrane_image_view_quote (self->view, candidate->node) : NULL;
  problem = g_new0 (Problem, 1);
  problem->severity = severity_of (self, root, loader->entry);
  problem->roots = 1;
  problem->fix = missing_fix (self, loader, name, candidate, other);
  problem->message = g_strdup_printf (
      "%s is not found; it is needed by %s\nsearched: %s%s%s%s", quoted, chain, places,
      there != NULL && !other ? "\nthere is " : "", there != NULL && !other ? there : "",
      there != NULL && !other ? ", but nothing searches there" : "");
  g_hash_table_insert (self->missing, g_steal_pointer (&key), problem);
}

/* Checks whether @loader gets a library other than the one it was shipped with. */
static void
check_shadow (Check *self, const TerraneClosure *closure, const TerraneLoaded *loader,
              const char *name, const TerraneLoaded *found, TerraneSearchStep step)
{
  const TerraneElf *elf = loader->entry->elf;
  if (step == TERRANE_SEARCH_PATH || step == TERRANE_SEARCH_RPATH || step == TERRANE_SEARCH_RUNPATH
      || strchr (name, '/') != NULL)
    return;
  g_autofree char *key = g_strdup_printf ("%p %s", (const void *) loader->entry, name);
  if (!g_hash_table_add (self->needs, g_steal_pointer (&key)))
    return;
  const char *list = elf->runpath != NULL ? elf->runpath : elf->rpath;
  const TerraneElfEntry *own = terrane_library_search_peek (
      terrane_closure_search (closure), terrane_closure_linker (closure), loader, list, name);
  if (own == NULL || oci_digest_equal (&own->node->object, &found->entry->node->object))
    return;
  g_autofree char *quoted = oci_quote (name);
  g_autofree char *mine = terrane_image_view_quote (self->view, own->node);
  g_autofree char *theirs = terrane_image_view_quote (self->view, found->entry->node);
  g_autofree char *message =
      g_strdup_printf ("for %s it gets %s, by %s, and not %s, which ships with it", quoted, theirs,
                       terrane_search_step_name (step), mine);
  add (self, "elf.shadowed-library", TERRANE_SEVERITY_WARNING, loader->entry, message,
       "give it a DT_RPATH, give the library a name of its own, or remove one of the two");
}

static void
on_need (const TerraneRoot *root, const TerraneClosure *closure, const TerraneLoaded *loader,
         const char *name, const TerraneLoaded *found, TerraneSearchStep step, gpointer data)
{
  Check *self = data;
  terrane_first_imports_note (self->imports, root, loader, name, found);
  if (found == NULL)
    note_missing (self, root, closure, loader, name);
  else
    check_shadow (self, closure, loader, name, found, step);
}

/* Returns the highest version in @elf of the same family as @version, such as "GLIBC_". */
static const char *
highest_version (const TerraneElf *elf, const char *version)
{
  const char *end = strrchr (version, '_'), *highest = NULL;
  size_t len = end != NULL ? (size_t) (end - version) + 1 : 0;
  for (char *const *define = elf->defines; len > 0 && *define != NULL; define++)
    if (strncmp (*define, version, len) == 0 && g_ascii_isdigit ((*define)[len])
        && (highest == NULL || strverscmp (*define, highest) > 0))
      highest = *define;
  return highest;
}

static void
report_versions (Check *self, const TerraneRoot *root, const TerraneLoaded *file,
                 const TerraneLoaded *provider, char **versions)
{
  const char *highest = highest_version (provider->entry->elf, versions[0]);
  g_autofree char *joined = g_strjoinv (", ", versions);
  g_autofree char *quoted = oci_quote (joined);
  g_autofree char *has = highest != NULL ? oci_quote (highest) : NULL;
  g_autofree char *there = terrane_image_view_quote (self->view, provider->entry->node);
  g_autofree char *chain = describe_chain (self, file);
  g_autofree char *message = g_strdup_printf (
      "it needs %s of %s, which has %s%s\nneeded by %s", quoted, there,
      has != NULL ? "versions up to " : "no such version", has != NULL ? has : "", chain);
  /* A C library that is too old is one cause, for any number of files that need it. */
  g_autofree char *cause = g_strdup_printf ("%s %.*s", provider->entry->path,
                                            (int) (strcspn (versions[0], "_")), versions[0]);
  add_caused (
      self, "elf.missing-version", severity_of (self, root, file->entry), file->entry, cause,
      message,
      "it was built for a newer system than this one: take a build for the base, or a newer base");
}

/* Returns: (transfer none): the versions of @entry, as a set, since a hostile file has thousands */
static GHashTable *
get_defines (Check *self, const TerraneElfEntry *entry)
{
  GHashTable *set = g_hash_table_lookup (self->defines, entry);
  if (set != NULL)
    return set;
  set = g_hash_table_new (oci_text_hash, g_str_equal);
  for (char *const *define = entry->elf->defines; *define != NULL; define++)
    g_hash_table_add (set, *define);
  g_hash_table_insert (self->defines, (gpointer) entry, set);
  return set;
}

static void
check_want (Check *self, const TerraneRoot *root, const TerraneClosure *closure,
            const TerraneLoaded *file, const TerraneElfWant *want)
{
  const TerraneLoaded *provider = terrane_closure_lookup (closure, want->library);
  if (provider == NULL || provider->entry->elf->defines[0] == NULL)
    return; /* missing altogether, or without versions, which ld.so accepts for any */
  g_autofree char *key =
      g_strdup_printf ("%p %p", (const void *) want, (const void *) provider->entry);
  if (!g_hash_table_add (self->compared, g_steal_pointer (&key)))
    return;
  GHashTable *defines = get_defines (self, provider->entry);
  g_autoptr (GPtrArray) versions = g_ptr_array_new ();
  for (char *const *version = want->versions; *version != NULL; version++)
    if (!g_hash_table_contains (defines, *version))
      g_ptr_array_add (versions, *version);
  g_ptr_array_add (versions, NULL);
  if (versions->len > 1)
    report_versions (self, root, file, provider, (char **) versions->pdata);
}

static void
on_loaded (const TerraneRoot *root, const TerraneClosure *closure, gpointer data)
{
  Check *self = data;
  const GPtrArray *files = terrane_closure_files (closure);
  if (terrane_closure_linker (closure)->musl)
    {
      self->musl = TRUE; /* which ignores versions */
      return;
    }
  for (guint i = 0; i < files->len; i++)
    {
      const TerraneLoaded *file = files->pdata[i];
      const GPtrArray *wants = file->entry->elf->wants;
      for (guint j = 0; j < wants->len; j++)
        check_want (self, root, closure, file, wants->pdata[j]);
    }
}

static void
on_no_linker (const TerraneRoot *root, gpointer data)
{
  Check *self = data;
  const TerraneElf *elf = root->entry->elf;
  if (elf->interpreter == NULL)
    {
      add_caused (
          self, "elf.missing-library", severity_of (self, root, root->entry), root->entry,
          "no linker",
          "it is linked dynamically, and the image has no dynamic linker (ld-linux of glibc "
          "or ld-musl of musl): nothing can load it",
          "take a base with a C library, or a program that is linked statically and needs "
          "no such files");
      return;
    }
  g_autofree char *quoted = oci_quote (elf->interpreter);
  g_autofree char *message = g_strdup_printf (
      "its dynamic linker %s is not in the image; starting it fails with \"No such file or "
      "directory\"",
      quoted);
  g_autofree char *cause = g_strconcat ("linker ", elf->interpreter, NULL);
  add_caused (
      self, "elf.missing-library", severity_of (self, root, root->entry), root->entry, cause,
      message,
      strstr (elf->interpreter, "/ld-musl-") != NULL
          ? "it is built for musl, the C library of Alpine: take a program that is built for "
            "the base's glibc"
          : "take a program that is built for the base");
}

static void
report_missing (Check *self)
{
  const GPtrArray *entries = terrane_elf_index_entries (terrane_programs_index (self->programs));
  for (guint i = 0; i < entries->len; i++)
    {
      const TerraneElfEntry *entry = entries->pdata[i];
      for (char *const *name = entry->elf->needed; *name != NULL; name++)
        {
          g_autofree char *key = g_strdup_printf ("%p %s", (const void *) entry, *name);
          const Problem *problem = g_hash_table_lookup (self->missing, key);
          if (problem == NULL)
            continue;
          g_autofree char *message =
              problem->roots > 1 ? g_strdup_printf ("%s\n%u programs and libraries fail for it",
                                                    problem->message, problem->roots)
                                 : g_strdup (problem->message);
          add_caused (self, "elf.missing-library", problem->severity, entry, *name, message,
                      problem->fix);
        }
    }
}

static void
report_cut (Check *self)
{
  const GPtrArray *entries = terrane_elf_index_entries (terrane_programs_index (self->programs));
  for (guint i = 0; i < entries->len; i++)
    if (terrane_programs_is_cut (self->programs, entries->pdata[i]))
      add (self, "elf.search-limit", TERRANE_SEVERITY_NOTE, entries->pdata[i],
           "its libraries are searched in more than 256 directories; only the first were looked at",
           NULL);
}

void
terrane_check_programs (const TerraneImageView *view, TerranePrograms *programs,
                        const TerraneAbsentLibraries *absent, TerraneFindings *findings)
{
  static const TerraneProgramsVisitor visitor = { .need = on_need,
                                                  .loaded = on_loaded,
                                                  .no_linker = on_no_linker };
  const GPtrArray *entries = terrane_elf_index_entries (terrane_programs_index (programs));
  g_autoptr (GHashTable) missing =
      g_hash_table_new_full (oci_text_hash, g_str_equal, g_free, problem_free);
  g_autoptr (GHashTable) compared =
      g_hash_table_new_full (oci_text_hash, g_str_equal, g_free, NULL);
  g_autoptr (GHashTable) needs = g_hash_table_new_full (oci_text_hash, g_str_equal, g_free, NULL);
  g_autoptr (GHashTable) defines =
      g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify) g_hash_table_unref);
  g_autoptr (GHashTable) fitting = g_hash_table_new_full (oci_text_hash, g_str_equal, g_free, NULL);
  g_autoptr (TerranePureWheels) pure = terrane_pure_wheels_new (view);
  g_autoptr (TerraneFirstImports) imports = terrane_first_imports_new (view);
  Check self = {
    .view = view,
    .pure = pure,
    .imports = imports,
    .fitting = fitting,
    .programs = programs,
    .findings = findings,
    .missing = missing,
    .compared = compared,
    .needs = needs,
    .defines = defines,
    .absent = absent,
  };
  find_fitting (&self);
  gboolean foreign = report_base (&self);
  for (guint i = 0; i < entries->len; i++)
    if (!foreign || !is_in_base (entries->pdata[i]))
      check_file (&self, entries->pdata[i]);
  if (foreign) /* all other problems would only be consequences */
    return;
  terrane_programs_visit (programs, &visitor, &self);
  report_missing (&self);
  report_cut (&self);
  terrane_first_imports_report (imports, findings);
  const TerraneFinding musl = {
    .id = "elf.unsupported-libc",
    .severity = TERRANE_SEVERITY_NOTE,
    .message = "the image's C library is musl: libraries are searched in its way, symbol versions "
               "are not checked",
  };
  if (self.musl)
    terrane_findings_add (findings, &musl);
}
