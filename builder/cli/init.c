/* terrane init */
#include "builder/cli/command.h"
#include "builder/cli/init-base.h"
#include "builder/profile/reader.h"

#include "oci/base/fd.h"
#include "oci/base/number.h"
#include "oci/base/temp-file.h"
#include "oci/reference.h"

#include <fcntl.h>
#include <gio/gio.h>
#include <string.h>
#include <unistd.h>

#define RESOURCES "/terrane/starter/"
#define RUNTIME_REQUIREMENTS "requirements-runtime.txt"
#define DEFAULT_PYTHON "3.13" /* of the default base */

enum
{
  OLDEST_PYTHON_MINOR = 11, /* that the starter's requirements.txt is for */
};

static const char *const files[] = { "profile.json", "requirements.txt", "app/handler.py",
                                     "event.json",   "checks/smoke.py",  "README.md",
                                     ".gitignore" };

/* What stands in the files for what is only known now, and what it becomes. */
typedef struct
{
  char *name;
  char *platform;
  char *base;    /* a JSON object */
  char *rootfs;  /* lines that only a base without a configuration needs */
  char *runtime; /* requirements that only such a base needs */
  char *python;
} Words;

static void
words_clear (Words *self)
{
  g_free (self->name);
  g_free (self->platform);
  g_free (self->base);
  g_free (self->rootfs);
  g_free (self->runtime);
  g_free (self->python);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Words, words_clear)

typedef struct
{
  char *base;   /* (nullable) */
  char *name;   /* (nullable) */
  char *python; /* (nullable) */
  gboolean force;
} InitOptions;

static char *
replace (const char *text, const char *word, const char *by)
{
  g_auto (GStrv) parts = g_strsplit (text, word, -1);
  return g_strjoinv (by, parts);
}

static char *
fill_in (const char *text, const Words *words)
{
  const char *const pairs[][2] = {
    { "\"@BASE@\"", words->base }, { "@ROOTFS@", words->rootfs },
    { "@NAME@", words->name },     { "@PLATFORM@", words->platform },
    { "@PYTHON@", words->python }, { "@RUNTIME@\n", words->runtime },
  };
  char *filled = g_strdup (text);
  for (size_t i = 0; i < G_N_ELEMENTS (pairs); i++)
    {
      g_autofree char *before = filled;
      filled = replace (before, pairs[i][0], pairs[i][1]);
    }
  return filled;
}

/* A name made of that of the directory. */
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
check_name (const char *text, GError **error)
{
  g_autofree char *quoted = oci_quote (text);
  return terrane_profile_is_name (text)
         || oci_throw (error, OCI_ERROR_USAGE,
                       "use lower-case letters, digits, and ‘.’, ‘_’, ‘-’ inside, not %s", quoted);
}

/* As the profile in @directory has to spell a path that the user gave. */
static char *
path_from (const char *directory, const char *path)
{
  g_autofree char *here = g_canonicalize_filename (".", NULL);
  g_autofree char *there = g_canonicalize_filename (directory, NULL);
  return g_path_is_absolute (path) || g_str_equal (here, there)
             ? g_strdup (path)
             : g_canonicalize_filename (path, NULL);
}

/* Returns: (transfer full) (nullable): the profile's "base" */
static json_t *
base_object (const char *directory, const char *base, GError **error)
{
  static const char *const transports[] = { "oci:", "oci-archive:", "docker-archive:" };
  json_t *object = json_object ();
  g_autofree char *path = path_from (directory, base);
  for (size_t i = 0; i < G_N_ELEMENTS (transports); i++)
    if (g_str_has_prefix (base, transports[i]))
      {
        g_autofree char *rest = path_from (directory, base + strlen (transports[i]));
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

/* A rootfs has no configuration to inherit from. */
static char *
rootfs_lines (const json_t *base, const char *interpreter)
{
  if (json_object_get (base, "image") != NULL)
    return g_strdup ("");
  return g_strdup_printf ("    \"entrypoint\": [\"%s\", \"-m\", \"awslambdaric\"],\n"
                          "    \"working_dir\": \"/var/task\",\n",
                          interpreter);
}

/* @given: (nullable): what the user says, which the base is then not asked for
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
  if (*out_interpreter == NULL)
    *out_interpreter = g_strconcat ("/usr/bin/python", *out_version, NULL);
  if (given != NULL || !oci_parse_u64 (*out_version + 2, 99, &minor, NULL)
      || minor >= OLDEST_PYTHON_MINOR)
    return TRUE;
  return oci_throw (
      error, OCI_ERROR_UNSUPPORTED,
      "init: the base has Python %s; the packages of the example need 3.%d or newer. "
      "Use a newer base, or give --python %s and write a requirements.txt of your own",
      *out_version, OLDEST_PYTHON_MINOR, *out_version);
}

static char *
read_resource (const char *file, GError **error)
{
  g_autofree char *resource = g_strconcat (RESOURCES, file, NULL);
  g_autoptr (GBytes) data = g_resources_lookup_data (resource, G_RESOURCE_LOOKUP_FLAGS_NONE, error);
  return data != NULL ? g_strndup (g_bytes_get_data (data, NULL), g_bytes_get_size (data)) : NULL;
}

/* AWS's image unless the user names another base. Returns: (transfer full) (nullable) */
static json_t *
choose_base (const char *directory, const InitOptions *arguments, GError **error)
{
  g_autofree char *usual =
      g_strconcat ("docker://public.ecr.aws/lambda/python:",
                   arguments->python != NULL ? arguments->python : DEFAULT_PYTHON, NULL);
  return base_object (directory, arguments->base != NULL ? arguments->base : usual, error);
}

static gboolean
choose_words (TerraneGlobal *global, const char *directory, const InitOptions *arguments,
              Words *out, GError **error)
{
  g_autofree char *interpreter = NULL;
  out->name = arguments->name != NULL ? g_strdup (arguments->name) : name_of (directory);
  g_autoptr (OciJsonValue) base = choose_base (directory, arguments, error);
  if (base == NULL
      || !choose_python (global, directory, arguments->python, base, &out->python, &interpreter,
                         error))
    return FALSE;
  char *text = json_dumps (base, 0);
  out->base = g_strdup (text);
  free (text);
  out->rootfs = rootfs_lines (base, interpreter);
  out->runtime =
      out->rootfs[0] != '\0' ? read_resource (RUNTIME_REQUIREMENTS, error) : g_strdup ("");
  if (out->runtime == NULL)
    return FALSE;
  out->platform = g_strdup (terrane_host_platform ());
  return TRUE;
}

/* All that are in the way, in one message. */
static gboolean
check_nothing_is_there (const char *directory, GError **error)
{
  g_autoptr (GString) found = g_string_new (NULL);
  for (size_t i = 0; i < G_N_ELEMENTS (files); i++)
    {
      g_autofree char *path = g_build_filename (directory, files[i], NULL);
      struct stat st;
      if (lstat (path, &st) == 0)
        g_string_append_printf (found, "\n  %s", files[i]);
    }
  if (found->len == 0)
    return TRUE;
  g_autofree char *quoted = oci_quote (directory);
  return oci_throw (error, OCI_ERROR_EXISTS,
                    "init: these files are in %s already; --force replaces them:%s", quoted,
                    found->str);
}

static gboolean
write_file (int dfd, const char *file, const Words *words, GError **error)
{
  g_auto (OciFd) parent = -1;
  g_autofree char *folder = g_path_get_dirname (file);
  g_autofree char *name = g_path_get_basename (file);
  g_autofree char *text = read_resource (file, error);
  if (text == NULL)
    return FALSE;
  g_autofree char *filled = fill_in (text, words);
  OCI_PREFIX (error, "init: %s", file);
  return oci_make_dirs (dfd, folder, 0777, error) && oci_open_dir (dfd, folder, &parent, error)
         && oci_replace_file_synced (parent, name, 0644, filled, strlen (filled), error);
}

/* Nothing of them was there before, and what stayed would be in the way of the next attempt. */
static void
remove_written (int dfd, size_t count)
{
  for (size_t i = 0; i < count; i++)
    (void) unlinkat (dfd, files[i], 0); /* the first error is the one to report */
}

static void
print_result (const TerraneGlobal *global, const char *directory, const Words *words)
{
  g_autofree char *profile = g_build_filename (directory, files[0], NULL);
  const char *path = g_str_equal (directory, ".") ? files[0] : profile;
  if (global->output.json)
    {
      g_autoptr (OciJsonValue) object = json_object ();
      json_t *list = json_array ();
      for (size_t i = 0; i < G_N_ELEMENTS (files); i++)
        oci_json_append (list, oci_json_text (files[i]));
      oci_json_set (object, "directory", oci_json_text (directory));
      oci_json_set (object, "name", oci_json_text (words->name));
      oci_json_set (object, "files", list);
      terrane_print_json (object);
      return;
    }
  for (size_t i = 0; i < G_N_ELEMENTS (files); i++)
    terrane_print ("%s\n", files[i]);
  terrane_print ("\nREADME.md explains them. Next: terrane build %s\n", path);
}

static gboolean
init (TerraneGlobal *global, const char *directory, const InitOptions *arguments, GError **error)
{
  g_auto (Words) words = { 0 };
  g_auto (OciFd) dfd = -1;
  if ((!arguments->force && !check_nothing_is_there (directory, error))
      || !choose_words (global, directory, arguments, &words, error)
      || !oci_make_dirs (AT_FDCWD, directory, 0777, error)
      || !oci_open_dir (AT_FDCWD, directory, &dfd, error))
    return FALSE;
  for (size_t i = 0; i < G_N_ELEMENTS (files); i++)
    if (!write_file (dfd, files[i], &words, error))
      {
        if (!arguments->force)
          remove_written (dfd, i);
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
    .help = "An image, rootfs archive or directory (default: AWS's image for Python)" },
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
  .summary = "Write a profile to start from, with all it needs",
  .description =
      "Writes a profile, a handler that uses rasterio, pinned requirements, a check and a "
      "README that explains them. DIRECTORY is the current one by default.",
  .max = 1,
  .scopes = TERRANE_SCOPE_IMAGES,
  .operands = { TERRANE_OPERAND_DIRECTORY },
  .options = (const TerraneOptionGroup[]){ { .rows = init_options }, { .rows = NULL } },
  .size = sizeof (InitOptions),
  .run = run_init,
};
