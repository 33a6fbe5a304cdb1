#include "builder/sandbox/emulator.h"

#include "builder/sandbox/registration.h"
#include "builder/sandbox/root-path.h"

#include "oci/base/architecture.h"
#include "oci/base/error.h"
#include "oci/base/fd.h"

#include <fcntl.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

enum
{
  MAX_ENTRY_BYTES = 4096,
  MAX_SHEBANG_BYTES = 256, /* the kernel's BINPRM_BUF_SIZE */
  MAX_INTERPRETERS = 4,
};

void
terrane_emulator_clear (TerraneEmulator *self)
{
  g_clear_pointer (&self->name, g_free);
  g_clear_pointer (&self->program, g_free);
}

gboolean
terrane_emulator_is_named (const TerraneEmulator *self, const char *path)
{
  g_autofree char *base = g_path_get_basename (path);
  size_t len = strlen (self->name);
  return strncmp (base, self->name, len) == 0 && (base[len] == '\0' || base[len] == '-');
}

/* Without the flag F the kernel would look for the interpreter inside the image. */
static gboolean
is_registration (const char *text, const TerraneEmulator *emulator)
{
  g_auto (TerraneRegistration) entry = { 0 };
  terrane_registration_parse (text, &entry);
  return terrane_registration_is_fixed (&entry)
         && terrane_emulator_is_named (emulator, entry.interpreter);
}

static gboolean
is_registered (const char *binfmt, const TerraneEmulator *emulator)
{
  g_autoptr (GPtrArray) names = NULL;
  if (!oci_list_names (AT_FDCWD, binfmt, TRUE, &names, NULL))
    return FALSE; /* the kernel has no interpreter registered */
  for (guint i = 0; i < names->len; i++)
    {
      const char *entry = names->pdata[i];
      char text[MAX_ENTRY_BYTES + 1];
      size_t len = 0;
      g_autofree char *path = g_build_filename (binfmt, entry, NULL);
      g_auto (OciFd) fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
      if (strcmp (entry, "register") == 0 || fd < 0
          || !oci_read_full (fd, text, MAX_ENTRY_BYTES, &len, NULL))
        continue;
      text[len] = '\0';
      if (is_registration (text, emulator))
        return TRUE;
    }
  return FALSE;
}

/* Only a static program works in a root without the host's files. */
static char *
find_program (const char *path, const char *name)
{
  g_autofree char *file = g_strconcat (name, "-static", NULL);
  g_auto (GStrv) directories = g_strsplit (path != NULL ? path : "", ":", -1);
  for (char **directory = directories; *directory != NULL; directory++)
    {
      g_autofree char *candidate = g_build_filename (*directory, file, NULL);
      if ((*directory)[0] == '/' && access (candidate, X_OK) == 0)
        return g_steal_pointer (&candidate);
    }
  return NULL;
}

void
terrane_emulator_find (const char *architecture, const char *binfmt, const char *path,
                       TerraneEmulator *out_emulator)
{
  const OciArchitecture *wanted = oci_architecture_find (architecture);
  *out_emulator = (TerraneEmulator){ .kind = TERRANE_EMULATION_MISSING };
  if (wanted == NULL || wanted->qemu == NULL)
    return;
  if (wanted == oci_architecture_here ())
    {
      out_emulator->kind = TERRANE_EMULATION_NONE;
      return;
    }
  out_emulator->name = g_strconcat ("qemu-", wanted->qemu, NULL);
  out_emulator->program = find_program (path, out_emulator->name);
  if (is_registered (binfmt, out_emulator))
    out_emulator->kind = TERRANE_EMULATION_REGISTERED;
  else if (out_emulator->program != NULL)
    out_emulator->kind = TERRANE_EMULATION_PROGRAM;
}

void
terrane_emulator_find_here (const char *architecture, TerraneEmulator *out_emulator)
{
  terrane_emulator_find (architecture, TERRANE_BINFMT_DIRECTORY, g_getenv ("PATH"), out_emulator);
}

gboolean
terrane_emulator_require (const TerraneEmulator *self, const char *architecture, GError **error)
{
  g_autofree char *quoted = oci_quote (architecture);
  struct utsname host;
  if (self->kind != TERRANE_EMULATION_MISSING)
    return TRUE;
  (void) uname (&host);
  if (self->name == NULL)
    return oci_throw (error, OCI_ERROR_UNSUPPORTED,
                      "the image is for %s, which this machine (%s) cannot run", quoted,
                      host.machine);
  return oci_throw (
      error, OCI_ERROR_UNSUPPORTED,
      "the image is for %s, this machine is %s, and it has no %s to emulate it: 'sudo "
      "apt install qemu-user-static'",
      quoted, host.machine, self->name);
}

unsigned
terrane_emulator_slowdown (const TerraneEmulator *self)
{
  return self->kind == TERRANE_EMULATION_NONE ? 1 : TERRANE_EMULATION_SLOWDOWN;
}

char *
terrane_emulator_describe (const TerraneEmulator *self)
{
  if (self->kind == TERRANE_EMULATION_NONE || self->kind == TERRANE_EMULATION_MISSING)
    return NULL;
  return g_strdup_printf ("emulated by %s, with %d times the time%s", self->name,
                          TERRANE_EMULATION_SLOWDOWN,
                          self->kind == TERRANE_EMULATION_PROGRAM
                              ? "; it is not registered with the kernel (binfmt_misc), so programs "
                                "cannot start others"
                              : "");
}

/* Searches like execvp(), in the image.
 *
 * Returns: (transfer full): @program itself if it is not found */
static char *
search (int root, const char *const *env, const char *program)
{
  const char *path = TERRANE_SANDBOX_DEFAULT_PATH;
  for (; env != NULL && *env != NULL; env++)
    if (g_str_has_prefix (*env, "PATH="))
      path = *env + strlen ("PATH=");
  g_auto (GStrv) directories = g_strsplit (path, ":", -1);
  for (char **directory = directories; strchr (program, '/') == NULL && *directory != NULL;
       directory++)
    {
      g_autofree char *candidate = g_build_filename (*directory, program, NULL);
      g_auto (OciFd) fd =
          (*directory)[0] == '/' ? terrane_root_path_open (root, candidate, O_RDONLY) : -1;
      if (fd >= 0)
        return g_steal_pointer (&candidate);
    }
  return g_strdup (program);
}

/* "#!/bin/sh -e" gives /bin/sh and "-e"; like the kernel, at most one argument.
 *
 * Returns: (transfer full) (nullable): %NULL if it is not a script */
static char **
read_interpreter (int root, const char *program)
{
  char text[MAX_SHEBANG_BYTES + 1];
  size_t len = 0;
  g_auto (OciFd) fd = terrane_root_path_open (root, program, O_RDONLY);
  if (fd < 0 || !oci_read_full (fd, text, MAX_SHEBANG_BYTES, &len, NULL) || len < 3
      || memcmp (text, "#!", 2) != 0)
    return NULL;
  text[len] = '\0';
  text[strcspn (text, "\n")] = '\0';
  char *words = g_strstrip (text + 2);
  char *argument = words + strcspn (words, " \t");
  g_autoptr (GPtrArray) list = g_ptr_array_new ();
  if (*words == '\0')
    return NULL;
  if (*argument != '\0')
    {
      *argument++ = '\0';
      argument = g_strchug (argument);
    }
  g_ptr_array_add (list, g_strdup (words));
  if (*argument != '\0')
    g_ptr_array_add (list, g_strdup (argument));
  g_ptr_array_add (list, NULL);
  return (char **) g_ptr_array_free (g_steal_pointer (&list), FALSE);
}

char **
terrane_emulator_resolve (const char *root, const char *const *env, const char *const *argv,
                          gboolean *out_script)
{
  g_auto (OciFd) dir = open (root, O_PATH | O_DIRECTORY | O_CLOEXEC);
  g_autoptr (GPtrArray) words = g_ptr_array_new_with_free_func (g_free);
  *out_script = FALSE;
  g_ptr_array_add (words, search (dir, env, argv[0]));
  for (int i = 0; i < MAX_INTERPRETERS; i++)
    {
      g_auto (GStrv) interpreter = read_interpreter (dir, words->pdata[0]);
      if (interpreter == NULL)
        break;
      *out_script = TRUE;
      for (guint n = g_strv_length (interpreter); n > 0; n--)
        g_ptr_array_insert (words, 0, g_strdup (interpreter[n - 1]));
    }
  g_auto (OciFd) program = terrane_root_path_open (dir, words->pdata[0], O_RDONLY);
  if (program < 0)
    return NULL;
  for (const char *const *word = argv + 1; *word != NULL; word++)
    g_ptr_array_add (words, g_strdup (*word));
  g_ptr_array_add (words, NULL);
  return (char **) g_ptr_array_steal (words, NULL);
}

char **
terrane_emulator_wrap (const char *qemu, const char *root, const char *const *env,
                       const char *const *argv)
{
  gboolean script = FALSE;
  g_auto (GStrv) program = terrane_emulator_resolve (root, env, argv, &script);
  if (program == NULL) /* left to fail by itself: QEMU would print nothing */
    return g_strdupv ((char **) argv);
  GPtrArray *words = g_ptr_array_new ();
  g_ptr_array_add (words, g_strdup (qemu));
  if (!script) /* for a script, it is the interpreter's */
    {
      g_ptr_array_add (words, g_strdup ("-0"));
      g_ptr_array_add (words, g_strdup (argv[0]));
    }
  for (char **word = program; *word != NULL; word++)
    g_ptr_array_add (words, g_strdup (*word));
  g_ptr_array_add (words, NULL);
  return (char **) g_ptr_array_free (words, FALSE);
}
