#include "builder/sandbox/bare-loader.h"

#include "builder/sandbox/emulator.h"
#include "builder/sandbox/root-path.h"

#include "oci/base/error.h"

#include <elf.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum
{
  MAX_INTERPRETER = 4096,
  MAX_PROGRAM_HEADERS = 1024,
  MAX_CONF_BYTES = 64 * 1024,
  MAX_INCLUDES = 4, /* of files that include each other */
};

#define LIBRARY_PATH "LD_LIBRARY_PATH="

/* Directories that dynamic linkers have compiled in, and those of Lambda's layers. */
static const char *const defaults[] = { "/lib/x86_64-linux-gnu",
                                        "/usr/lib/x86_64-linux-gnu",
                                        "/lib/aarch64-linux-gnu",
                                        "/usr/lib/aarch64-linux-gnu",
                                        "/lib64",
                                        "/usr/lib64",
                                        "/lib",
                                        "/usr/lib",
                                        "/usr/local/lib",
                                        "/opt/lib" };

typedef struct
{
  int dir; /* of the root */
  const char *root;
  GString *list;
} Libraries;

static gboolean
is_directory (int dir, const char *path)
{
  struct stat info;
  g_auto (OciFd) fd = path[0] == '/' ? terrane_root_path_open (dir, path, O_PATH) : -1;
  return fd >= 0 && fstat (fd, &info) == 0 && S_ISDIR (info.st_mode);
}

static void
add_directory (Libraries *self, const char *path)
{
  if (is_directory (self->dir, path))
    g_string_append_printf (self->list, "%s%s%s", self->list->len > 0 ? ":" : "", self->root, path);
}

static void read_conf (Libraries *self, const char *path, int depth);

/* Adds the files of a pattern such as /etc/ld.so.conf.d/x*; a relative one is below /etc. */
static void
include (Libraries *self, const char *pattern, int depth)
{
  g_autofree char *absolute =
      pattern[0] == '/' ? g_strdup (pattern) : g_build_filename ("/etc", pattern, NULL);
  g_autofree char *directory = g_path_get_dirname (absolute);
  g_autofree char *names_like = g_path_get_basename (absolute);
  g_autoptr (GPtrArray) names = NULL;
  g_auto (OciFd) fd = terrane_root_path_open (self->dir, directory, O_RDONLY | O_DIRECTORY);
  if (fd < 0 || depth >= MAX_INCLUDES || !oci_list_names (fd, ".", FALSE, &names, NULL))
    return;
  for (guint i = 0; i < names->len; i++)
    if (fnmatch (names_like, names->pdata[i], FNM_PERIOD) == 0)
      {
        g_autofree char *path = g_build_filename (directory, names->pdata[i], NULL);
        read_conf (self, path, depth + 1);
      }
}

static void
read_conf (Libraries *self, const char *path, int depth)
{
  size_t got = 0;
  g_autofree char *text = g_malloc (MAX_CONF_BYTES + 1);
  g_auto (OciFd) fd = terrane_root_path_open (self->dir, path, O_RDONLY);
  if (fd < 0 || !oci_read_full (fd, text, MAX_CONF_BYTES, &got, NULL))
    return;
  text[got] = '\0';
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  for (char **line = lines; *line != NULL; line++)
    {
      (*line)[strcspn (*line, "#")] = '\0';
      const char *word = g_strstrip (*line);
      if (g_str_has_prefix (word, "include ") || g_str_has_prefix (word, "include\t"))
        include (self, word + strlen ("include") + strspn (word + strlen ("include"), " \t"),
                 depth);
      else
        add_directory (self, word);
    }
}

/* In ld.so's order: LD_LIBRARY_PATH, then the configured directories, then those compiled in. */
static char *
find_libraries (int dir, const char *root, const char *const *env)
{
  Libraries self = { .dir = dir, .root = root, .list = g_string_new (NULL) };
  for (; env != NULL && *env != NULL; env++)
    if (g_str_has_prefix (*env, LIBRARY_PATH))
      {
        g_auto (GStrv) paths = g_strsplit_set (*env + strlen (LIBRARY_PATH), ":;", -1);
        for (char **path = paths; *path != NULL; path++)
          add_directory (&self, *path);
      }
  read_conf (&self, "/etc/ld.so.conf", 0);
  for (size_t i = 0; i < G_N_ELEMENTS (defaults); i++)
    add_directory (&self, defaults[i]);
  return g_string_free (self.list, FALSE);
}

static gboolean
read_at (int fd, void *data, size_t size, uint64_t offset)
{
  return offset <= G_MAXINT64 && pread (fd, data, size, (off_t) offset) == (ssize_t) size;
}

/* Returns: (transfer full) (nullable): the dynamic linker that the 64-bit program of this byte
 * order names; %NULL if it names none */
static char *
read_interpreter (int fd)
{
  Elf64_Ehdr header;
  if (!read_at (fd, &header, sizeof header, 0) || memcmp (header.e_ident, ELFMAG, SELFMAG) != 0
      || header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_phentsize != sizeof (Elf64_Phdr))
    return NULL;
  for (unsigned i = 0; i < MIN (header.e_phnum, MAX_PROGRAM_HEADERS); i++)
    {
      Elf64_Phdr part;
      if (header.e_phoff > G_MAXINT64 - i * sizeof part
          || !read_at (fd, &part, sizeof part, header.e_phoff + i * sizeof part))
        return NULL;
      if (part.p_type != PT_INTERP)
        continue;
      if (part.p_filesz < 2 || part.p_filesz > MAX_INTERPRETER)
        return NULL;
      g_autofree char *path = g_malloc0 (part.p_filesz + 1);
      if (!read_at (fd, path, part.p_filesz, part.p_offset) || path[0] != '/')
        return NULL;
      return g_steal_pointer (&path);
    }
  return NULL;
}

/* Returns: (transfer full) */
static char *
translate (int dir, const char *root, const char *path)
{
  g_auto (OciFd) fd =
      path[0] == '/' && path[1] != '\0' ? terrane_root_path_open (dir, path, O_PATH) : -1;
  return fd >= 0 ? g_strconcat (root, path, NULL) : g_strdup (path);
}

static void
add_translated (TerraneArgv *words, int dir, const char *root, const char *path)
{
  g_autofree char *word = translate (dir, root, path);
  terrane_argv_add (words, word);
}

gboolean
terrane_bare_loader_wrap (const char *root, const char *const *env, const char *const *argv,
                          TerraneArgv *words, GError **error)
{
  gboolean script = FALSE;
  g_auto (OciFd) dir = -1;
  if (strpbrk (root, ":;") != NULL)
    return oci_throw (error, OCI_ERROR_UNSUPPORTED,
                      "the store's path has a ':' or ';', which lists of libraries cannot have; "
                      "choose another one by --store");
  if (!oci_open_dir (AT_FDCWD, root, &dir, error))
    return FALSE;
  g_auto (GStrv) program = terrane_emulator_resolve (root, env, argv, &script);
  const char *const *left = program != NULL ? (const char *const *) program : argv;
  g_auto (OciFd) fd = terrane_root_path_open (dir, left[0], O_RDONLY);
  g_autofree char *interpreter = fd >= 0 ? read_interpreter (fd) : NULL;
  if (interpreter != NULL)
    {
      g_autofree char *name = g_path_get_basename (interpreter);
      g_autofree char *libraries = find_libraries (dir, root, env);
      add_translated (words, dir, root, interpreter);
      if (!g_str_has_prefix (name, "ld-musl"))
        terrane_argv_add (words, "--inhibit-cache"); /* the host's */
      terrane_argv_add (words, "--library-path");
      terrane_argv_add (words, libraries);
    }
  /* A library that is missing is looked for where it would be. */
  if (program == NULL && left[0][0] == '/')
    terrane_argv_add_format (words, "%s%s", root, *left++);
  for (; *left != NULL; left++)
    add_translated (words, dir, root, *left);
  return TRUE;
}

char **
terrane_bare_loader_env (const char *root, const char *const *env)
{
  g_auto (OciFd) dir = open (root, O_PATH | O_DIRECTORY | O_CLOEXEC);
  g_autofree char *tmp = g_build_filename (root, "tmp", NULL);
  GPtrArray *result = g_ptr_array_new ();
  for (; env != NULL && *env != NULL; env++)
    {
      const char *equals = strchr (*env, '=');
      if (equals == NULL || g_str_has_prefix (*env, LIBRARY_PATH))
        continue;
      g_auto (GStrv) parts = g_strsplit (equals + 1, ":", -1);
      for (char **part = parts; *part != NULL; part++)
        {
          char *old = *part;
          *part = translate (dir, root, old);
          g_free (old);
        }
      g_autofree char *value = g_strjoinv (":", parts);
      g_ptr_array_add (result, g_strdup_printf ("%.*s=%s", (int) (equals - *env), *env, value));
    }
  g_ptr_array_add (result, NULL);
  return g_environ_setenv ((char **) g_ptr_array_free (result, FALSE), "TMPDIR", tmp, FALSE);
}
