/* terrane add */
#include "builder/cli/add-lock.h"
#include "builder/cli/init-base.h"
#include "builder/cli/load-profile.h"
#include "builder/profile/lock.h"
#include "builder/python/pylock.h"
#include "builder/python/requirement-select.h"
#include "builder/python/requirements-edit.h"
#include "builder/python/requirements.h"
#include "builder/remote/interrupt.h"

#include "oci/base/fd.h"
#include "oci/base/number.h"
#include "oci/base/temp-file.h"
#include "oci/base/text-hash.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEFAULT_PROFILE "profile.json"

enum
{
  MAX_BYTES = 8 * 1024 * 1024,
};

typedef struct
{
  char *profile; /* (nullable) */
  char *tree;    /* (nullable) */
} AddOptions;

/* The requirements that the command changes: those of one tree. */
typedef struct
{
  TerraneProfile *profile;
  const TerraneSourceSpec *spec; /* of @profile */
  char *directory, *input, *output;
  char *before_input, *before_output; /* (nullable): content of the files */
  char *text;                         /* new content of the input */
  TerraneAddLock lock;
  const char *program; /* (nullable) */
} Work;

static void
work_clear (Work *self)
{
  g_clear_pointer (&self->profile, terrane_profile_free);
  g_free (self->directory);
  g_free (self->input);
  g_free (self->output);
  g_free (self->before_input);
  g_free (self->before_output);
  g_free (self->text);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Work, work_clear)

/* Returns: (transfer none) (nullable): the tree with the packages */
static const TerraneSourceSpec *
choose_tree (const TerraneProfile *profile, const char *name, GError **error)
{
  g_autoptr (GString) names = g_string_new (NULL);
  const TerraneSourceSpec *found = NULL;
  guint n = 0;
  for (guint i = 0; i < profile->trees->len; i++)
    {
      const TerraneSourceSpec *spec = profile->trees->pdata[i];
      if (spec->kind != TERRANE_SOURCE_WHEELS)
        continue;
      n++;
      g_string_append_printf (names, "%s%s", n > 1 ? ", " : "", spec->name);
      if (name == NULL ? n == 1 : g_str_equal (spec->name, name))
        found = spec;
    }
  if (found != NULL && (name != NULL || n == 1))
    return found;
  g_autofree char *quoted = oci_quote (name);
  if (n == 0)
    oci_throw (error, OCI_ERROR_USAGE,
               "%s has no tree with wheels; add one: \"wheels\": {\"requirements\": "
               "\"requirements.txt\"}",
               profile->path);
  else if (name != NULL)
    oci_throw (error, OCI_ERROR_USAGE, "%s has no tree %s with wheels; it has %s", profile->path,
               quoted, names->str);
  else
    oci_throw (error, OCI_ERROR_USAGE,
               "%s has several trees with wheels; say which one by --tree: %s", profile->path,
               names->str);
  return NULL;
}

/* Returns: (nullable): the text of a file, NULL if it does not exist */
static gboolean
read_text (const char *path, char **out_text, GError **error)
{
  g_autoptr (GBytes) data = NULL;
  g_autoptr (GError) local = NULL;
  gsize size = 0;
  *out_text = NULL;
  if (!oci_read_file (AT_FDCWD, path, MAX_BYTES, &data, &local))
    {
      if (g_error_matches (local, OCI_ERROR, OCI_ERROR_NOT_FOUND))
        return TRUE;
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  const char *bytes = g_bytes_get_data (data, &size);
  if (size > 0 && !g_utf8_validate_len (bytes, size, NULL))
    return oci_throw (error, OCI_ERROR_USAGE, "%s is not a text in UTF-8", path);
  *out_text = g_strndup (size > 0 ? bytes : "", size);
  return TRUE;
}

static char *
input_path (const Work *self)
{
  return g_str_equal (self->directory, ".") ? g_strdup (self->input)
                                            : g_build_filename (self->directory, self->input, NULL);
}

/* requirements.txt is made from requirements.in; both names are derived from the profile's. */
static gboolean
find_files (Work *self, GError **error)
{
  const char *path = self->spec->wheels->requirements;
  g_autofree char *in_path = NULL;
  self->directory = g_path_get_dirname (path);
  self->output = g_path_get_basename (path);
  if (terrane_pylock_is_name (path) || !g_str_has_suffix (path, ".txt"))
    return oci_throw (
        error, OCI_ERROR_USAGE,
        "%s is not a requirements file NAME.txt beside a NAME.in; add the package with "
        "the tool that made it: 'uv add', 'pdm add', 'poetry add', and export it again",
        path);
  g_autofree char *stem = g_strndup (self->output, strlen (self->output) - strlen (".txt"));
  self->input = g_strconcat (stem, ".in", NULL);
  in_path = input_path (self);
  if (!read_text (in_path, &self->before_input, error)
      || !read_text (path, &self->before_output, error))
    return FALSE;
  return self->before_input != NULL || self->before_output == NULL
         || oci_throw (error, OCI_ERROR_USAGE,
                       "there is no %s, from which %s would be made: write the packages into it "
                       "that the function imports, a line each, and try again",
                       in_path, path);
}

static gboolean
edit (Work *self, char **packages, GError **error)
{
  g_autofree char *path = input_path (self);
  self->text = g_strdup (self->before_input != NULL ? self->before_input : "");
  for (char **package = packages; *package != NULL; package++)
    {
      char *edited = terrane_requirements_edit (path, self->text, *package, error);
      if (edited == NULL)
        return FALSE;
      g_free (self->text);
      self->text = edited;
    }
  return TRUE;
}

/* Whether the requirements file names its own indexes; the lock then has to name them too. */
static gboolean
names_indexes (const char *text)
{
  static const char *const options[] = { "--index-url",  "-i", "--extra-index-url",
                                         "--find-links", "-f", "--pypi-url" };
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  for (char **line = lines; *line != NULL; line++)
    for (size_t i = 0; i < G_N_ELEMENTS (options); i++)
      if (g_str_has_prefix (g_strchug (*line), options[i]))
        return TRUE;
  return FALSE;
}

/* "3.12" and "glibc 2.34" of an entry of the lock. */
static void
read_locked (const json_t *entry, TerranePythonTarget *target)
{
  const char *python = json_string_value (json_object_get (entry, "python"));
  const char *libc = json_string_value (json_object_get (entry, "libc"));
  uint64_t minor = 0, newest = 0;
  if (target->python_major == 0 && python != NULL && g_str_has_prefix (python, "3.")
      && oci_parse_u64 (python + 2, 999, &minor, NULL))
    {
      target->python_major = 3;
      target->python_minor = (unsigned) minor;
    }
  if (target->libc_major == 0 && libc != NULL && g_str_has_prefix (libc, "glibc 2.")
      && oci_parse_u64 (libc + strlen ("glibc 2."), 999, &newest, NULL))
    {
      target->libc_major = 2;
      target->libc_minor = (unsigned) newest;
    }
}

/* Finds the target in the profile, then in its lock, and only then in the base. */
static gboolean
find_target (TerraneGlobal *global, Work *self, const char *path, GError **error)
{
  const TerraneWheelsSpec *wheels = self->spec->wheels;
  TerranePythonTarget *target = &self->lock.target;
  *target = (TerranePythonTarget){ .python_major = wheels->python_major,
                                   .python_minor = wheels->python_minor,
                                   .libc = wheels->musl ? TERRANE_LIBC_MUSL : TERRANE_LIBC_GLIBC,
                                   .libc_major = wheels->libc_major,
                                   .libc_minor = wheels->libc_minor,
                                   .architecture = self->profile->platform.architecture };
  g_autofree char *lock_path = terrane_lock_path (path);
  g_autoptr (TerraneLock) lock = terrane_lock_load (lock_path, error);
  if (lock == NULL)
    return FALSE;
  read_locked (terrane_lock_get (lock, self->profile->platforms[0], self->spec->name), target);
  if (target->python_major > 0)
    return TRUE;
  g_auto (TerranePythonBase) base = { 0 };
  g_autoptr (TerraneProfile) bare = terrane_command_load_profile_to_lock (path, NULL, error);
  if (bare == NULL)
    return FALSE;
  g_ptr_array_set_size (bare->trees, 0);
  OCI_PREFIX (error, "looking for the Python of the base");
  if (!terrane_base_find_python (global, bare, &base, error))
    return FALSE;
  if (base.python_major == 0)
    return oci_throw (error, OCI_ERROR_UNSUPPORTED,
                      "the base has no Python; say which one the packages are for with \"python\": "
                      "\"3.12\" beside \"requirements\"");
  target->python_major = base.python_major;
  target->python_minor = base.python_minor;
  if (target->libc_major == 0)
    {
      target->libc = base.libc;
      target->libc_major = base.libc_major;
      target->libc_minor = base.libc_minor;
    }
  return TRUE;
}

/* Returns {normalised name: versions, joined by "|"} of a requirements file; empty if it cannot be
 * read. */
static GHashTable *
pins_of (const char *path, const char *text)
{
  GHashTable *pins = g_hash_table_new_full (oci_text_hash, g_str_equal, g_free, g_free);
  g_autoptr (GBytes) data =
      g_bytes_new (text != NULL ? text : "", text != NULL ? strlen (text) : 0);
  g_autoptr (TerraneRequirements) file = terrane_requirements_parse (path, data, NULL);
  for (guint i = 0; file != NULL && i < file->requirements->len; i++)
    {
      const TerraneRequirement *item = file->requirements->pdata[i];
      const char *known = g_hash_table_lookup (pins, item->normalised);
      const char *version = item->version != NULL ? item->version : "URL";
      char *all = known != NULL ? g_strconcat (known, "|", version, NULL) : g_strdup (version);
      g_hash_table_insert (pins, g_strdup (item->normalised), all);
    }
  return pins;
}

static void
add_change (json_t *changes, const char *name, const char *before, const char *after)
{
  if (g_strcmp0 (before, after) == 0)
    return;
  json_t *change = json_object ();
  oci_json_set (change, "name", oci_json_text (name));
  oci_json_set_text (change, "before", before);
  oci_json_set_text (change, "after", after);
  oci_json_append (changes, change);
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

static json_t *
list_changes (const char *path, const char *before, const char *after)
{
  json_t *changes = json_array ();
  g_autoptr (GHashTable) old = pins_of (path, before);
  g_autoptr (GHashTable) new = pins_of (path, after);
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer name;
  g_hash_table_iter_init (&iter, old);
  while (g_hash_table_iter_next (&iter, &name, NULL))
    if (!g_hash_table_contains (new, name))
      g_ptr_array_add (names, name);
  g_hash_table_iter_init (&iter, new);
  while (g_hash_table_iter_next (&iter, &name, NULL))
    g_ptr_array_add (names, name);
  g_ptr_array_sort (names, compare_names);
  for (guint i = 0; i < names->len; i++)
    add_change (changes, names->pdata[i], g_hash_table_lookup (old, names->pdata[i]),
                g_hash_table_lookup (new, names->pdata[i]));
  return changes;
}

/* Reads both files as a build would. */
static gboolean
check_locked (const Work *self, GBytes *data, GError **error)
{
  const char *path = self->spec->wheels->requirements;
  OCI_PREFIX (error, "what %s wrote cannot be used; both files are as they were", self->program);
  g_autoptr (TerraneRequirements) file = terrane_requirements_parse (path, data, error);
  g_autoptr (GPtrArray) active =
      file != NULL ? terrane_requirements_select (file, &self->lock.target, path, error) : NULL;
  return active != NULL;
}

/* Keeps its mode and its place: a link to it stays a link. */
static gboolean
write_text (const char *path, const void *data, gsize size, GError **error)
{
  struct stat st;
  gboolean is_there = fstatat (AT_FDCWD, path, &st, AT_SYMLINK_NOFOLLOW) == 0;
  gboolean is_link = is_there && S_ISLNK (st.st_mode);
  g_autofree char *real = is_link ? realpath (path, NULL) : g_strdup (path);
  if (real == NULL || (is_link && stat (real, &st) < 0))
    return oci_throw_errno (error, "%s, a symbolic link", path);
  g_autofree char *directory = g_path_get_dirname (real);
  g_autofree char *name = g_path_get_basename (real);
  g_auto (OciFd) dfd = -1;
  return oci_open_dir (AT_FDCWD, directory, &dfd, error)
         && oci_replace_file_synced (dfd, name, is_there ? st.st_mode & 0777 : 0644, data, size,
                                     error);
}

/* Locking takes a while, during which the user may edit the files. */
static gboolean
check_unchanged (const char *path, const char *before, GError **error)
{
  g_autofree char *now = NULL;
  if (!read_text (path, &now, error))
    return FALSE;
  return g_strcmp0 (now, before) == 0
         || oci_throw (error, OCI_ERROR_IO,
                       "%s was changed by another program meanwhile, and nothing was written; try "
                       "again",
                       path);
}

/* Writes both files or none: if the second cannot be written, the first is restored. */
static gboolean
write_files (const Work *self, GBytes *locked, GError **error)
{
  gsize size = 0;
  const char *output = self->spec->wheels->requirements;
  g_autofree char *input = input_path (self);
  if (!check_unchanged (input, self->before_input, error)
      || !check_unchanged (output, self->before_output, error)
      || !write_text (input, self->text, strlen (self->text), error))
    return FALSE;
  if (locked == NULL)
    return TRUE;
  const void *bytes = g_bytes_get_data (locked, &size);
  if (write_text (output, bytes, size, error))
    return TRUE;
  if (self->before_input != NULL) /* the first error is reported */
    (void) write_text (input, self->before_input, strlen (self->before_input), NULL);
  else
    (void) unlink (input);
  return FALSE;
}

/* Returns the command line in shell syntax. */
static char *
command_line (const Work *self)
{
  g_auto (GStrv) argv =
      terrane_add_lock_command (&self->lock, self->program, self->input, self->output);
  g_autoptr (GString) line = g_string_new (NULL);
  if (!g_str_equal (self->directory, "."))
    {
      g_autofree char *quoted = g_shell_quote (self->directory);
      g_string_append_printf (line, "cd %s && ", quoted);
    }
  for (char **word = argv; *word != NULL; word++)
    {
      gboolean plain = (*word)[strspn (*word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                              "0123456789._:=/-")]
                       == '\0';
      g_autofree char *quoted = plain ? g_strdup (*word) : g_shell_quote (*word);
      g_string_append_printf (line, "%s%s", word > argv ? " " : "", quoted);
    }
  return g_string_free (g_steal_pointer (&line), FALSE);
}

static json_t *
report (const Work *self, const char *path, GBytes *locked)
{
  json_t *document = json_object ();
  gsize size = 0;
  g_autofree char *input = input_path (self);
  g_autofree char *command = command_line (self);
  const char *bytes = locked != NULL ? g_bytes_get_data (locked, &size) : NULL;
  g_autofree char *after = bytes != NULL ? g_strndup (bytes, size) : NULL;
  oci_json_set (document, "profile", oci_json_text (path));
  oci_json_set (document, "tree", oci_json_text (self->spec->name));
  oci_json_set (document, "input", oci_json_text (input));
  oci_json_set (document, "requirements", oci_json_text (self->spec->wheels->requirements));
  oci_json_set (document, "command", oci_json_text (command));
  oci_json_set (document, "locked", json_boolean (locked != NULL));
  oci_json_set (document, "changes",
                locked != NULL
                    ? list_changes (self->spec->wheels->requirements, self->before_output, after)
                    : json_array ());
  return document;
}

static const char *
text_of (const json_t *object, const char *key)
{
  return json_string_value (json_object_get (object, key));
}

/* Versions for different markers, which the document separates by "|". */
static char *
versions_of (const json_t *change, const char *key)
{
  const char *text = text_of (change, key);
  g_auto (GStrv) versions = text != NULL ? g_strsplit (text, "|", -1) : NULL;
  return versions != NULL ? g_strjoinv (" or ", versions) : NULL;
}

static void
print_report (const json_t *document)
{
  size_t i;
  json_t *change;
  const json_t *changes = json_object_get (document, "changes");
  if (!json_is_true (json_object_get (document, "locked")))
    {
      terrane_print ("%s was changed, %s was not: neither uv nor pip-compile is installed. "
                     "Install uv ('sudo apt install pipx && pipx install uv', with ~/.local/bin in "
                     "PATH) and repeat this, or run elsewhere:\n\n%s\n",
                     text_of (document, "input"), text_of (document, "requirements"),
                     text_of (document, "command"));
      return;
    }
  json_array_foreach (changes, i, change)
  {
    g_autofree char *before = versions_of (change, "before");
    g_autofree char *after = versions_of (change, "after");
    if (before == NULL)
      terrane_print ("%s %s added\n", text_of (change, "name"), after);
    else if (after == NULL)
      terrane_print ("%s %s removed\n", text_of (change, "name"), before);
    else
      terrane_print ("%s %s, was %s\n", text_of (change, "name"), after, before);
  }
  terrane_print ("%s%s\n", text_of (document, "requirements"),
                 json_array_size (changes) > 0 ? "" : "  (unchanged)");
}

static gboolean
run_add (TerraneGlobal *global, const void *data, char **packages, GError **error)
{
  const AddOptions *options = data;
  const char *path = options->profile != NULL ? options->profile : DEFAULT_PROFILE;
  g_auto (Work) work = { 0 };
  g_autoptr (GBytes) locked = NULL;
  for (char **package = packages; *package != NULL; package++)
    {
      g_autofree char *canonical = terrane_requirement_canonical (*package, NULL, error);
      if (canonical == NULL)
        return FALSE;
    }
  work.profile = terrane_command_load_profile_to_lock (path, NULL, error);
  if (work.profile == NULL)
    return FALSE;
  work.spec = choose_tree (work.profile, options->tree, error);
  if (work.spec == NULL || !find_files (&work, error) || !edit (&work, packages, error)
      || !find_target (global, &work, path, error))
    return FALSE;
  work.program = terrane_add_lock_program ();
  work.lock.directory = work.directory;
  work.lock.input = work.input;
  work.lock.output = work.output;
  work.lock.wheels = work.spec->wheels;
  work.lock.universal = g_strv_length (work.profile->platforms) > 1;
  work.lock.emit_indexes = work.spec->wheels->indexes == NULL && names_indexes (work.text);
  work.lock.offline = global->offline;
  if (work.program != NULL)
    {
      g_autoptr (TerraneInterrupt) interrupt = terrane_interrupt_new ();
      work.lock.cancellable = terrane_interrupt_cancellable (interrupt);
      locked = terrane_add_lock_run (&work.lock, work.program, work.text, error);
      if (locked == NULL || !check_locked (&work, locked, error))
        return FALSE;
    }
  if (!write_files (&work, locked, error))
    return FALSE;
  g_autoptr (OciJsonValue) document = report (&work, path, locked);
  if (global->output.json)
    terrane_print_json (document);
  else
    print_report (document);
  return TRUE;
}

static const TerraneOption add_options[] = {
  { .name = "profile",
    .kind = TERRANE_OPTION_FILE,
    .target = offsetof (AddOptions, profile),
    .metavar = "PROFILE",
    .help = "The profile (default profile.json)" },
  { .name = "tree",
    .kind = TERRANE_OPTION_TEXT,
    .target = offsetof (AddOptions, tree),
    .metavar = "NAME",
    .help = "The tree whose packages these are, when several have wheels" },
  TERRANE_OPTION_END,
};

const TerraneCommand terrane_command_add = {
  .name = "add",
  .arguments = "PACKAGE…",
  .summary = "Add Python packages to a profile's requirements and lock them",
  .description =
      "Adds each package to requirements.in, or changes the line that it has there, and writes "
      "requirements.txt with digests for the image's Python and platform, by 'uv pip compile' or "
      "pip-compile. PACKAGE is a requirement such as shapely, 'numpy>=2' or 'fiona[s3]==1.10'. "
      "When "
      "locking fails, both files stay as they are; without these programs the command is printed.",
  .examples = "add shapely 'numpy>=2'",
  .min = 1,
  .max = G_MAXUINT,
  .scopes = TERRANE_SCOPE_IMAGES,
  .operands = { TERRANE_OPERAND_TEXT },
  .options = (const TerraneOptionGroup[]){ { .rows = add_options }, { .rows = NULL } },
  .size = sizeof (AddOptions),
  .run = run_add,
};
