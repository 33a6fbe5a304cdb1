/* terrane init */
#include "builder/cli/command.h"
#include "builder/cli/init-base.h"
#include "builder/cli/init-target.h"
#include "builder/cli/path-from.h"
#include "builder/profile/profile.h"
#include "builder/profile/reader.h"

#include "oci/base/fd.h"
#include "oci/base/number.h"
#include "oci/base/temp-file.h"
#include "oci/reference.h"

#include <fcntl.h>
#include <gio/gio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RESOURCES "/terrane/starter/"
#define DEFAULT_PYTHON "3.13" /* of the default base */
#define DEFAULT_HANDLER "handler.handler"
#define HANDLER_FILE                                                                               \
  "app/handler.py" /* the name in the resource; written under the name of the handler's module */

enum
{
  OLDEST_PYTHON_MINOR = 11, /* that the starter's requirements.txt supports */
};

static const char *const common_files[] = { "profile.json", "requirements.in", "requirements.txt",
                                            HANDLER_FILE,   "event.json",      "checks/smoke.py",
                                            "README.md",    ".gitignore" };

/* The placeholders in the files, and their values. */
typedef struct
{
  const TerraneInitTarget *target;
  char *name;
  char *module, *function; /* of the handler */
  char *platform;
  char *base; /* a JSON object */
  gboolean is_rootfs;
  char *python;
  char *interpreter;
  char *requirements; /* that only this target, or such a base, needs */
  GPtrArray *files;   /* of TerraneInitFile, with their names in the directory */
} Words;

static void
file_free (gpointer data)
{
  TerraneInitFile *self = data;
  g_free ((char *) self->name);
  g_free (self);
}

static void
words_clear (Words *self)
{
  g_free (self->name);
  g_free (self->module);
  g_free (self->function);
  g_free (self->platform);
  g_free (self->base);
  g_free (self->python);
  g_free (self->interpreter);
  g_free (self->requirements);
  g_clear_pointer (&self->files, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Words, words_clear)

typedef struct
{
  char *base;    /* (nullable) */
  char *target;  /* (nullable) */
  char *handler; /* (nullable) */
  char *name;    /* (nullable) */
  char *python;  /* (nullable) */
  gboolean force;
} InitOptions;

static char *
replace (const char *text, const char *word, const char *by)
{
  g_auto (GStrv) parts = g_strsplit (text, word, -1);
  return g_strjoinv (by, parts);
}

/* Returns the module as a path below app/. */
static char *
module_path (const char *module)
{
  g_autofree char *path = replace (module, ".", "/");
  return g_strconcat (path, ".py", NULL);
}

/* The path of a base may contain any text, so it is filled in last. */
static char *
fill_in (const char *text, const Words *words)
{
  static const char *const of_target[] = { "COMMANDS", "REPOSITORY", "CONFIG", "ABOUTVALIDATE",
                                           "ABOUT",    "PACKAGES",   "TARGET", "PREFIX",
                                           "VALIDATE", "ENV",        "CALLED", "DEPLOY" };
  const TerraneInitFacts facts = { .name = words->name,
                                   .module = words->module,
                                   .function = words->function,
                                   .interpreter = words->interpreter,
                                   .is_rootfs = words->is_rootfs };
  g_autofree char *file = module_path (words->module);
  const char *const pairs[][2] = {
    { "@FILE@", file },
    { "@MODULE@", words->module },
    { "@FUNCTION@", words->function },
    { "@NAME@", words->name },
    { "@PLATFORM@", words->platform },
    { "@PYTHON@", words->python },
    { "@RUNTIME@\n", words->requirements },
    { "\"@BASE@\"", words->base },
  };
  char *filled = g_strdup (text);
  for (size_t i = 0; i < G_N_ELEMENTS (of_target) + G_N_ELEMENTS (pairs); i++)
    {
      g_autofree char *before = filled;
      size_t pair = i - MIN (i, G_N_ELEMENTS (of_target));
      g_autofree char *word = i < G_N_ELEMENTS (of_target)
                                  ? g_strconcat ("@", of_target[i], "@", NULL)
                                  : g_strdup (pairs[pair][0]);
      g_autofree char *by = i < G_N_ELEMENTS (of_target)
                                ? terrane_init_target_word (words->target, &facts, of_target[i])
                                : g_strdup (pairs[pair][1]);
      filled = replace (before, word, by);
    }
  return filled;
}

/* Makes a name from that of the directory. */
static char *
name_of (const char *directory)
{
  g_autofree char *path = g_canonicalize_filename (directory, NULL);
  g_autofree char *base = g_path_get_basename (path);
  g_autofree char *name = g_ascii_strdown (base, -1);
  for (char *p = name; *p != '\0'; p++)
    if (!g_ascii_isalnum (*p) && *p != '.' && *p != '_' && *p != '-')
      *p = '-';
  char *start = name + strspn (name, "._-");
  size_t len = strlen (start);
  while (len > 0 && !g_ascii_isalnum (start[len - 1]))
    start[--len] = '\0';
  return g_strdup (terrane_profile_is_name (start) ? start : "image");
}

static gboolean
check_python (const char *text, GError **error)
{
  uint64_t minor = 0;
  if (g_str_has_prefix (text, "3.") && oci_parse_u64 (text + 2, 99, &minor, NULL))
    return TRUE;
  g_autofree char *quoted = oci_quote (text);
  return oci_throw (error, OCI_ERROR_USAGE, "expected a version such as 3.13, got %s", quoted);
}

static gboolean
is_identifier (const char *text)
{
  static const char *const keywords[] = {
    "False", "None",     "True",  "and",    "as",   "assert", "async",  "await",    "break",
    "class", "continue", "def",   "del",    "elif", "else",   "except", "finally",  "for",
    "from",  "global",   "if",    "import", "in",   "is",     "lambda", "nonlocal", "not",
    "or",    "pass",     "raise", "return", "try",  "while",  "with",   "yield",    NULL
  };
  if (!g_ascii_isalpha (text[0]) && text[0] != '_')
    return FALSE;
  for (const char *p = text; *p != '\0'; p++)
    if (!g_ascii_isalnum (*p) && *p != '_')
      return FALSE;
  return !g_strv_contains (keywords, text);
}

/* Whether the starter's files use the name or import it. */
static gboolean
is_taken (const char *module)
{
  static const char *const taken[] = { "main", "server", "rasterio", "numpy", "json",
                                       "os",   "sys",    "http",     "math",  NULL };
  return g_strv_contains (taken, module);
}

static gboolean
check_handler (const char *text, GError **error)
{
  g_auto (GStrv) parts = g_strsplit (text, ".", -1);
  guint n = g_strv_length (parts);
  gboolean good = n >= 2 && strlen (text) <= 128;
  for (guint i = 0; i < n; i++)
    good = good && is_identifier (parts[i]);
  g_autofree char *quoted = oci_quote (text);
  if (!good)
    return oci_throw (error, OCI_ERROR_USAGE,
                      "expected MODULE.FUNCTION of Python, such as handler.handler or "
                      "tiles.views.render, got %s",
                      quoted);
  return !is_taken (parts[0])
         || oci_throw (error, OCI_ERROR_USAGE,
                       "%s: the example uses the module %s itself; take another name", quoted,
                       parts[0]);
}

static gboolean
check_name (const char *text, GError **error)
{
  g_autofree char *quoted = oci_quote (text);
  return terrane_profile_is_name (text)
         || oci_throw (error, OCI_ERROR_USAGE,
                       "use lower-case letters, digits, and ‘.’, ‘_’, ‘-’ inside, not %s", quoted);
}

/* @directory: (nullable): of the profile. Returns: (transfer full) (nullable): its "base" */
static json_t *
base_object (const char *directory, const char *base, GError **error)
{
  static const char *const transports[] = { "oci:", "oci-archive:", "docker-archive:" };
  json_t *object = json_object ();
  g_autofree char *path = terrane_path_from (directory, base);
  for (size_t i = 0; i < G_N_ELEMENTS (transports); i++)
    if (g_str_has_prefix (base, transports[i]))
      {
        g_autofree char *rest = terrane_path_from (directory, base + strlen (transports[i]));
        g_autofree char *image = g_strconcat (transports[i], rest, NULL);
        oci_json_set (object, "image", oci_json_text (image));
        return object;
      }
  if (g_str_has_prefix (base, OCI_REFERENCE_SCHEME))
    {
      g_autoptr (OciReference) reference = oci_reference_parse (base, error);
      if (reference != NULL)
        oci_json_set (object, "image", oci_json_text (base));
    }
  else if (g_file_test (base, G_FILE_TEST_IS_DIR))
    oci_json_set (object, "directory", oci_json_text (path));
  else if (g_file_test (base, G_FILE_TEST_EXISTS))
    oci_json_set (object, "archive", oci_json_text (path));
  else
    {
      g_autofree char *quoted = oci_quote (base);
      oci_throw (error, OCI_ERROR_USAGE,
                 "init: --base %s is neither a directory nor a file; an image is written "
                 "docker://HOST/REPOSITORY[:TAG]",
                 quoted);
    }
  if (json_object_size (object) > 0)
    return object;
  json_decref (object);
  return NULL;
}

/* @given: (nullable): the user's choice, instead of which the base would be asked.
 * @out_interpreter: an absolute path in the base */
static gboolean
choose_python (TerraneGlobal *global, const char *directory, const char *given, const json_t *base,
               char **out_version, char **out_interpreter, GError **error)
{
  uint64_t minor = 0;
  *out_version = g_strdup (given);
  if (given == NULL
      && !terrane_init_find_python (global, directory, base, out_version, out_interpreter, error))
    return FALSE;
  if (*out_interpreter == NULL) /* an image has a search path */
    *out_interpreter = g_strconcat (json_object_get (base, "image") != NULL ? "" : "/usr/bin/",
                                    "python", *out_version, NULL);
  if (given != NULL || !oci_parse_u64 (*out_version + 2, 99, &minor, NULL)
      || minor >= OLDEST_PYTHON_MINOR)
    return TRUE;
  return oci_throw (
      error, OCI_ERROR_UNSUPPORTED,
      "init: the base has Python %s; the packages of the example need 3.%d or newer. "
      "Use a newer base, or give --python %s and write a requirements.txt of your own",
      *out_version, OLDEST_PYTHON_MINOR, *out_version);
}

/* glib-compile-resources makes it from profiles/starter. */
extern GResource *terrane_starter_get_resource (void);
extern void terrane_starter_register_resource (void);

/* Registered on first use, since that needs GIO. */
static GResource *
get_resource (void)
{
  static gsize registered;
  if (g_once_init_enter (&registered))
    {
      terrane_starter_register_resource ();
      g_once_init_leave (&registered, 1);
    }
  return terrane_starter_get_resource ();
}

static char *
read_resource (const char *file, GError **error)
{
  g_autofree char *resource = g_strconcat (RESOURCES, file, NULL);
  g_autoptr (GBytes) data =
      g_resource_lookup_data (get_resource (), resource, G_RESOURCE_LOOKUP_FLAGS_NONE, error);
  return data != NULL ? g_strndup (g_bytes_get_data (data, NULL), g_bytes_get_size (data)) : NULL;
}

/* Returns: (transfer full) (nullable): the platform's own image unless the user names another
 * base */
static json_t *
choose_base (const char *directory, const InitOptions *arguments, const TerraneInitTarget *target,
             GError **error)
{
  const char *python = arguments->python != NULL ? arguments->python : DEFAULT_PYTHON;
  g_autofree char *usual = replace (target->image, "%s", python);
  json_t *base = base_object (directory, arguments->base != NULL ? arguments->base : usual, error);
  if (base == NULL || !target->image_only || json_object_get (base, "image") != NULL)
    return base;
  json_decref (base);
  oci_throw (error, OCI_ERROR_USAGE,
             "init: %s needs its own runtime in the base: give an image that has it, such as %s",
             target->platform, usual);
  return NULL;
}

/* Chooses the requirements of the target, and those of a base without a runtime. */
static char *
choose_requirements (const Words *words, GError **error)
{
  if (g_str_equal (words->target->name, "cloud-run"))
    return read_resource ("requirements-cloud-run.txt", error);
  return words->is_rootfs && g_str_equal (words->target->name, "aws-lambda")
             ? read_resource ("requirements-runtime.txt", error)
             : g_strdup ("");
}

static void
add_file (GPtrArray *files, const char *name, const char *resource)
{
  TerraneInitFile *file = g_new0 (TerraneInitFile, 1);
  file->name = g_strdup (name);
  file->resource = resource;
  g_ptr_array_add (files, file);
}

/* Chooses the files to write, and their resources. */
static GPtrArray *
choose_files (const TerraneInitTarget *target, const char *module)
{
  GPtrArray *files = g_ptr_array_new_with_free_func (file_free);
  g_autofree char *path = module_path (module);
  g_autofree char *handler = g_strconcat ("app/", path, NULL);
  for (size_t i = 0; i < G_N_ELEMENTS (common_files); i++)
    add_file (files, g_str_equal (common_files[i], HANDLER_FILE) ? handler : common_files[i],
              common_files[i]);
  for (const TerraneInitFile *file = target->files; file->name != NULL; file++)
    add_file (files, file->name, file->resource);
  return files;
}

/* Fills in the values that do not depend on the base. */
static void
begin_words (const char *directory, const InitOptions *arguments, Words *out)
{
  const char *handler = arguments->handler != NULL ? arguments->handler : DEFAULT_HANDLER;
  const char *dot = strrchr (handler, '.');
  out->target =
      terrane_init_target_find (arguments->target != NULL ? arguments->target : "aws-lambda");
  out->module = g_strndup (handler, (gsize) (dot - handler));
  out->function = g_strdup (dot + 1);
  out->name = arguments->name != NULL ? g_strdup (arguments->name) : name_of (directory);
  out->platform = g_strdup (terrane_init_platform ());
  out->files = choose_files (out->target, out->module);
}

static gboolean
choose_words (TerraneGlobal *global, const char *directory, const InitOptions *arguments,
              Words *out, GError **error)
{
  g_autoptr (OciJsonValue) base = choose_base (directory, arguments, out->target, error);
  g_autoptr (OciJsonValue) now =
      base != NULL ? choose_base (NULL, arguments, out->target, error) : NULL;
  if (now == NULL
      || !choose_python (global, directory, arguments->python, now, &out->python, &out->interpreter,
                         error))
    return FALSE;
  char *text = json_dumps (base, 0);
  out->base = g_strdup (text);
  free (text);
  out->is_rootfs = json_object_get (base, "image") == NULL;
  out->requirements = choose_requirements (out, error);
  return out->requirements != NULL;
}

/* Reports all existing files in one message. */
static gboolean
check_nothing_is_there (const char *directory, const GPtrArray *files, GError **error)
{
  g_autoptr (GString) found = g_string_new (NULL);
  for (guint i = 0; i < files->len; i++)
    {
      const TerraneInitFile *file = files->pdata[i];
      g_autofree char *path = g_build_filename (directory, file->name, NULL);
      struct stat st;
      if (lstat (path, &st) == 0)
        g_string_append_printf (found, "\n  %s", file->name);
    }
  if (found->len == 0)
    return TRUE;
  g_autofree char *quoted = oci_quote (directory);
  return oci_throw (error, OCI_ERROR_EXISTS,
                    "init: these files are in %s already; --force replaces them:%s", quoted,
                    found->str);
}

static gboolean
write_file (int dfd, const TerraneInitFile *file, const Words *words, GError **error)
{
  g_auto (OciFd) parent = -1;
  g_autofree char *folder = g_path_get_dirname (file->name);
  g_autofree char *name = g_path_get_basename (file->name);
  g_autofree char *text = read_resource (file->resource, error);
  if (text == NULL)
    return FALSE;
  g_autofree char *filled = fill_in (text, words);
  OCI_PREFIX (error, "init: %s", file->name);
  return oci_make_dirs (dfd, folder, 0777, error) && oci_open_dir (dfd, folder, &parent, error)
         && oci_replace_file_synced (parent, name, 0644, filled, strlen (filled), error);
}

/* None of these files existed before, and leftovers would prevent another attempt. */
static void
remove_written (int dfd, const GPtrArray *files, guint count)
{
  for (guint i = 0; i < count; i++)
    (void) unlinkat (dfd, ((TerraneInitFile *) files->pdata[i])->name,
                     0); /* the first error is reported */
}

static const char *
name_of_file (const Words *words, guint i)
{
  return ((TerraneInitFile *) words->files->pdata[i])->name;
}

static void
print_result (const TerraneGlobal *global, const char *directory, const Words *words)
{
  g_autofree char *profile = g_build_filename (directory, common_files[0], NULL);
  const char *path = g_str_equal (directory, ".") ? common_files[0] : profile;
  if (global->output.json)
    {
      g_autoptr (OciJsonValue) object = json_object ();
      json_t *list = json_array ();
      for (guint i = 0; i < words->files->len; i++)
        oci_json_append (list, oci_json_text (name_of_file (words, i)));
      oci_json_set (object, "directory", oci_json_text (directory));
      oci_json_set (object, "name", oci_json_text (words->name));
      oci_json_set (object, "files", list);
      terrane_print_json (object);
      return;
    }
  for (guint i = 0; i < words->files->len; i++)
    terrane_print ("%s\n", name_of_file (words, i));
  terrane_print ("\nREADME.md explains them. Next: terrane build %s\n", path);
}

static gboolean
init (TerraneGlobal *global, const char *directory, const InitOptions *arguments, GError **error)
{
  g_auto (Words) words = { 0 };
  g_auto (OciFd) dfd = -1;
  begin_words (directory, arguments, &words);
  if ((!arguments->force && !check_nothing_is_there (directory, words.files, error))
      || !choose_words (global, directory, arguments, &words, error)
      || !oci_make_dirs (AT_FDCWD, directory, 0777, error)
      || !oci_open_dir (AT_FDCWD, directory, &dfd, error))
    return FALSE;
  for (guint i = 0; i < words.files->len; i++)
    if (!write_file (dfd, words.files->pdata[i], &words, error))
      {
        if (!arguments->force)
          remove_written (dfd, words.files, i);
        return FALSE;
      }
  print_result (global, directory, &words);
  return TRUE;
}

static gboolean
run_init (TerraneGlobal *global, const void *options, char **arguments, GError **error)
{
  return init (global, arguments[0] != NULL ? arguments[0] : ".", options, error);
}

static const TerraneOption init_options[] = {
  { .name = "base",
    .kind = TERRANE_OPTION_FILE,
    .target = offsetof (InitOptions, base),
    .metavar = "BASE",
    .help = "An image, rootfs archive or directory (default: the platform's image for Python)" },
  { .name = "target",
    .kind = TERRANE_OPTION_WORD,
    .target = offsetof (InitOptions, target),
    .metavar = "TARGET",
    .words = terrane_target_words,
    .help = "Where it is to run: aws-lambda (default), cloud-run, azure-functions or oci" },
  { .name = "handler",
    .kind = TERRANE_OPTION_TEXT,
    .target = offsetof (InitOptions, handler),
    .metavar = "MODULE.FUNCTION",
    .check = check_handler,
    .help = "The function that is written (default handler.handler)" },
  { .name = "name",
    .kind = TERRANE_OPTION_TEXT,
    .target = offsetof (InitOptions, name),
    .metavar = "NAME",
    .check = check_name,
    .help = "Name of the image (default: made of the directory's)" },
  { .name = "python",
    .kind = TERRANE_OPTION_TEXT,
    .target = offsetof (InitOptions, python),
    .metavar = "3.N",
    .check = check_python,
    .help = "Version of Python (default: what the base has)" },
  { .name = "force",
    .kind = TERRANE_OPTION_FLAG,
    .target = offsetof (InitOptions, force),
    .help = "Replace files that are there" },
  TERRANE_OPTION_END,
};

const TerraneCommand terrane_command_init = {
  .name = "init",
  .arguments = "[DIRECTORY]",
  .summary = "Write a profile to start from, with everything it needs",
  .description =
      "Writes a profile, a handler that uses rasterio, pinned requirements, a check and a "
      "README that explains them. DIRECTORY is the current one by default.",
  .max = 1,
  .examples = "init tiles\n"
              "init --base docker://public.ecr.aws/lambda/python:3.12 tiles",
  .scopes = TERRANE_SCOPE_IMAGES,
  .operands = { TERRANE_OPERAND_DIRECTORY },
  .options = (const TerraneOptionGroup[]){ { .rows = init_options }, { .rows = NULL } },
  .size = sizeof (InitOptions),
  .run = run_init,
};
