#include "builder/sandbox/binfmt.h"

#include "builder/sandbox/sealed.h"

#include "oci/base/error.h"
#include "oci/base/fd.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

enum
{
  MAX_ENTRY_BYTES = 4096,
};

static gboolean
read_file (const char *directory, const char *name, char text[MAX_ENTRY_BYTES + 1])
{
  size_t len = 0;
  g_autofree char *path = g_build_filename (directory, name, NULL);
  g_auto (OciFd) fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0 || !oci_read_full (fd, text, MAX_ENTRY_BYTES, &len, NULL))
    return FALSE;
  text[len] = '\0';
  return TRUE;
}

/* Whether the interpreter may be a file of the kernel's root; in a container it may not be
 * visible. */
static gboolean
may_be_ours (const char *interpreter)
{
  struct stat info;
  g_autofree char *map = NULL;
  if (stat (interpreter, &info) == 0)
    return info.st_uid == geteuid ();
  if (geteuid () != 0 || !g_file_get_contents ("/proc/self/uid_map", &map, NULL, NULL))
    return geteuid () == 0;
  char *outside = map; /* "inside outside length" */
  return g_ascii_strtoull (map, &outside, 10) == 0 && g_ascii_strtoull (outside, NULL, 10) == 0;
}

/* The interpreters in the host's list. */
typedef struct
{
  gboolean any; /* one works in any root */
  char *ours;   /* (nullable): the interpreter of an entry, which may be this user's file */
  TerraneRegistration wanted;
} List;

static void
take_entry (List *self, const TerraneEmulator *emulator, const char *text)
{
  g_auto (TerraneRegistration) entry = { 0 };
  terrane_registration_parse (text, &entry);
  if (!terrane_registration_is_fixed (&entry))
    return;
  self->any = TRUE;
  if (self->ours == NULL && may_be_ours (entry.interpreter))
    self->ours = g_strdup (entry.interpreter);
  if (emulator != NULL && emulator->kind == TERRANE_EMULATION_REGISTERED
      && self->wanted.interpreter == NULL
      && terrane_emulator_is_named (emulator, entry.interpreter))
    {
      self->wanted = entry;
      entry = (TerraneRegistration){ 0 };
    }
}

static void
read_list (const char *directory, const TerraneEmulator *emulator, List *self)
{
  char text[MAX_ENTRY_BYTES + 1];
  g_autoptr (GPtrArray) names = NULL;
  if (!oci_list_names (AT_FDCWD, directory, TRUE, &names, NULL)
      || (read_file (directory, "status", text) && g_str_has_prefix (text, "disabled")))
    return;
  for (guint i = 0; i < names->len; i++)
    if (strcmp (names->pdata[i], "register") != 0 && strcmp (names->pdata[i], "status") != 0
        && read_file (directory, names->pdata[i], text))
      take_entry (self, emulator, text);
}

/* The file that the kernel has open, or else the file of that name in PATH. */
static gboolean
copy_wanted (TerraneBinfmt *self, const TerraneEmulator *emulator, const List *list, GError **error)
{
  g_autoptr (GError) local = NULL;
  if (list->wanted.interpreter == NULL)
    return TRUE;
  if (!terrane_sealed_copy ("emulator", list->wanted.interpreter, &self->program, &local)
      && (emulator->program == NULL
          || !terrane_sealed_copy ("emulator", emulator->program, &self->program, NULL)))
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  g_autofree char *path = g_strdup_printf ("/proc/self/fd/%d", self->program);
  self->line = terrane_registration_line (&list->wanted, path);
  return TRUE;
}

static gboolean
throw_ours (const List *list, const char *reason, GError **error)
{
  g_autofree char *quoted = oci_quote (list->ours);
  return oci_throw (error, OCI_ERROR_UNSUPPORTED,
                    "a program in the sandbox could change %s, which the kernel runs for it "
                    "(binfmt_misc) and which this user owns: %s; run terrane as another user, or "
                    "switch such emulators off: 'echo 0 >" TERRANE_BINFMT_DIRECTORY "/status'",
                    quoted, reason);
}

gboolean
terrane_binfmt_new (const char *directory, const TerraneEmulator *emulator,
                    gboolean (*can) (gpointer data), gpointer data, TerraneBinfmt **out_binfmt,
                    GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autoptr (TerraneBinfmt) self = g_new0 (TerraneBinfmt, 1);
  List list = { 0 };
  gboolean ok = TRUE;
  self->program = -1;
  *out_binfmt = NULL;
  read_list (directory, emulator, &list);
  if (list.any && !can (data))
    ok = list.ours == NULL
         || throw_ours (&list, "this system gives a sandbox no list of its own (Linux 6.7)", error);
  else if (list.any && copy_wanted (self, emulator, &list, &local))
    *out_binfmt = g_steal_pointer (&self);
  else if (list.any)
    ok = list.ours == NULL || throw_ours (&list, local->message, error);
  g_free (list.ours);
  terrane_registration_clear (&list.wanted);
  return ok;
}

void
terrane_binfmt_free (TerraneBinfmt *self)
{
  if (self == NULL)
    return;
  oci_fd_close (self->program);
  g_free (self->line);
  g_free (self);
}

/* It exists as long as the mount namespace in which bubblewrap is started. */
gboolean
terrane_binfmt_prepare (const TerraneBinfmt *self)
{
  if (mount ("binfmt_misc", TERRANE_BINFMT_DIRECTORY, "binfmt_misc",
             MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL)
      != 0)
    return FALSE;
  if (self->line == NULL)
    return TRUE;
  size_t len = strlen (self->line);
  int fd = open (TERRANE_BINFMT_DIRECTORY "/register", O_WRONLY | O_CLOEXEC);
  gboolean ok = fd >= 0 && write (fd, self->line, len) == (ssize_t) len;
  if (fd >= 0)
    (void) close (fd);
  return ok;
}
