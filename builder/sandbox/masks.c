#include "builder/sandbox/masks.h"

#include "builder/sandbox/neutral-proc.h"

#include "oci/base/fd.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* Hidden for every user, whether or not the user could read them. The list is that of podman and
 * docker; keys belong to the user, independent of the namespace. */
static const char *const always[] = { "acpi",        "asound", "interrupts", "kcore",
                                      "key-users",   "keys",   "kmsg",       "latency_stats",
                                      "sched_debug", "scsi",   "timer_list", "timer_stats" };

/* Files below a directory that every user may read. */
static const char *const owners[] = { "tty/driver" };

static void
add_if_there (GPtrArray *names, int proc, const char *name)
{
  struct stat info;
  if (fstatat (proc, name, &info, AT_SYMLINK_NOFOLLOW) < 0)
    return;
  if (S_ISDIR (info.st_mode))
    g_ptr_array_add (names, g_strconcat (name, "/", NULL));
  else if (S_ISREG (info.st_mode))
    g_ptr_array_add (names, g_strdup (name));
}

static gboolean
is_always (const char *name)
{
  for (size_t i = 0; i < G_N_ELEMENTS (always); i++)
    if (strcmp (always[i], name) == 0)
      return TRUE;
  return FALSE;
}

/* Links and processes are skipped. */
static gboolean
is_roots_alone (int proc, const char *name)
{
  struct stat info;
  return !g_ascii_isdigit (name[0]) && name[0] != '.'
         && fstatat (proc, name, &info, AT_SYMLINK_NOFOLLOW) == 0
         && (S_ISREG (info.st_mode) || S_ISDIR (info.st_mode)) && (info.st_mode & S_IROTH) == 0;
}

static gboolean
is_of_machine (const char *name)
{
  return !g_ascii_isdigit (name[0]) && !terrane_neutral_proc_keeps (name);
}

static void
add_others (GPtrArray *names, int proc, gboolean owner, gboolean neutral)
{
  g_autoptr (GPtrArray) all = NULL;
  if (!oci_list_names (proc, ".", FALSE, &all, NULL))
    return;
  for (guint i = 0; i < all->len; i++)
    if (!is_always (all->pdata[i])
        && ((owner && is_roots_alone (proc, all->pdata[i]))
            || (neutral && is_of_machine (all->pdata[i]))))
      add_if_there (names, proc, all->pdata[i]);
  for (size_t i = 0; owner && !neutral && i < G_N_ELEMENTS (owners); i++)
    add_if_there (names, proc, owners[i]);
}

char **
terrane_masks_find (int proc, gboolean owner, gboolean neutral)
{
  GPtrArray *names = g_ptr_array_new ();
  for (size_t i = 0; i < G_N_ELEMENTS (always); i++)
    add_if_there (names, proc, always[i]);
  if (owner || neutral)
    add_others (names, proc, owner, neutral);
  g_ptr_array_add (names, NULL);
  return (char **) g_ptr_array_free (names, FALSE);
}
