/* The means to contain programs of images. */
#include "builder/doctor/rows.h"

#include "builder/sandbox/cgroup.h"
#include "builder/sandbox/explain.h"
#include "builder/sandbox/landlock.h"
#include "builder/sandbox/mounts.h"
#include "builder/sandbox/sandbox.h"

#include "oci/base/fd.h"
#include "oci/base/number.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <sched.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum
{
  MAX_TEXT = 4096,
  MAX_SUBUID = 256 * 1024,
  SUBUIDS = 65536, /* number that podman's documentation assigns to a user */
  TRY_MS = 20 * 1000,
  TRY_PROCESSES = 16,
};

#define TRY_BYTES (UINT64_C (64) * 1024 * 1024)
#define PROC_SYS "/proc/sys/"

/* Without namespaces builds are possible with another sandbox. */
static TerraneSymptomStatus
needed_by (const TerraneRound *round, TerraneSandboxKind kind)
{
  return round->doctor->sandbox == kind ? TERRANE_SYMPTOM_MISSING : TERRANE_SYMPTOM_LIMITED;
}

static gboolean
read_line (const char *path, char *text, size_t size)
{
  if (!oci_read_text (AT_FDCWD, path, text, size))
    return FALSE;
  text[strcspn (text, "\n")] = '\0';
  return TRUE;
}

/* Tried by a child, which is changed by it. Returns: an errno; 0 if it is allowed */
static int
try_namespace (void)
{
  int status = 0;
  pid_t child = fork ();
  if (child == 0)
    _exit (unshare (CLONE_NEWUSER) == 0 ? 0 : MIN (errno, 255));
  while (child > 0 && waitpid (child, &status, 0) < 0 && errno == EINTR)
    ;
  return child > 0 && WIFEXITED (status) ? WEXITSTATUS (status) : ENOMEM;
}

static char *
explain_namespaces (void)
{
  g_auto (OciFd) proc_sys = open (PROC_SYS, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  g_autofree char *why = terrane_sandbox_explain (proc_sys);
  return g_strconcat (why, "; or build with '--sandbox none' (docs/sandbox.md)", NULL);
}

/* Lists the settings by which hosts forbid them. */
static char *
settings (void)
{
  static const char *const names[] = { "user/max_user_namespaces",
                                       "kernel/unprivileged_userns_clone",
                                       "kernel/apparmor_restrict_unprivileged_userns" };
  g_autoptr (GString) text = g_string_new (NULL);
  for (size_t i = 0; i < G_N_ELEMENTS (names); i++)
    {
      char value[64];
      g_autofree char *path = g_strconcat (PROC_SYS, names[i], NULL);
      g_autofree char *name = g_strdelimit (g_strdup (names[i]), "/", '.');
      if (read_line (path, value, sizeof value))
        g_string_append_printf (text, "%s%s=%s", text->len > 0 ? ", " : "", name, value);
    }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
look_for_namespaces (TerraneRound *round)
{
  g_autofree char *values = settings ();
  int failure = try_namespace ();
  if (failure == 0)
    {
      terrane_round_add (round, TERRANE_SYMPTOM_OK, NULL, "allowed (%s)", values);
      return;
    }
  g_autofree char *fix = explain_namespaces ();
  terrane_round_add (round, needed_by (round, TERRANE_SANDBOX_BUBBLEWRAP), fix,
                     "not allowed: %s (%s)", g_strerror (failure), values);
}

static void
look_for_bubblewrap (TerraneRound *round)
{
  const char *const argv[] = { "bwrap", "--version", NULL };
  g_autofree char *version = terrane_round_ask_program (argv);
  if (version != NULL)
    terrane_round_add (round, TERRANE_SYMPTOM_OK, NULL, "%s", version);
  else
    terrane_round_add (round, needed_by (round, TERRANE_SANDBOX_BUBBLEWRAP),
                       "sudo apt install bubblewrap", "not in PATH");
}

/* Whether its parts exist, according to the rows before. */
static gboolean
can_be_tried (const TerraneRound *round)
{
  for (guint i = 0; i < round->symptoms->len; i++)
    if (((const TerraneSymptom *) round->symptoms->pdata[i])->status != TERRANE_SYMPTOM_OK)
      return FALSE;
  return TRUE;
}

/* Everything together: runs a program of this machine in the sandbox of images. */
static void
look_for_sandbox (TerraneRound *round)
{
  if (!can_be_tried (round))
    {
      terrane_round_add (round, TERRANE_SYMPTOM_LIMITED, "what the lines above say", "not tried");
      return;
    }
  const char *const argv[] = { "/bin/true", NULL };
  const TerraneSandbox sandbox = { .root = "/" };
  g_auto (TerraneProcessResult) result = { 0 };
  g_autoptr (GError) error = NULL;
  if (terrane_sandbox_run (&sandbox, argv, NULL, TRY_MS, NULL, &result, &error))
    terrane_round_add (round, TERRANE_SYMPTOM_OK, NULL, "bubblewrap made one");
  else
    terrane_round_add (
        round, needed_by (round, TERRANE_SANDBOX_BUBBLEWRAP),
        "what the message says; or build with '--sandbox none' (docs/sandbox.md), or "
        "with '--no-validate' and without bytecode",
        "%s", error->message);
}

static void
look_for_modules (TerraneRound *round)
{
  char enabled[16] = "", profile[MAX_TEXT] = "", enforce[16] = "";
  if (read_line ("/sys/module/apparmor/parameters/enabled", enabled, sizeof enabled)
      && enabled[0] == 'Y')
    {
      (void) read_line ("/proc/self/attr/current", profile, sizeof profile);
      g_autofree char *shown = g_utf8_make_valid (profile, -1);
      terrane_round_add (round, TERRANE_SYMPTOM_OK, NULL, "AppArmor, this process is %s",
                         shown[0] != '\0' ? shown : "unconfined");
    }
  else if (read_line ("/sys/fs/selinux/enforce", enforce, sizeof enforce))
    terrane_round_add (round, TERRANE_SYMPTOM_OK, NULL, "SELinux, %s",
                       enforce[0] == '1' ? "enforcing" : "permissive");
  else
    terrane_round_add (round, TERRANE_SYMPTOM_OK, NULL, "neither AppArmor nor SELinux");
}

/* Uses a directory of its own, since an image that lacks /etc/passwd needs most of them. */
static void
look_for_overlays (TerraneRound *round)
{
  g_autofree char *root = g_dir_make_tmp ("terrane-XXXXXX", NULL);
  const TerraneSandbox sandbox = { .root = root };
  g_auto (TerraneMounts) mounts = { 0 };
  gboolean ok =
      root != NULL && terrane_mounts_init (&mounts, &sandbox, NULL, NULL, NULL) && mounts.overlays;
  if (root != NULL)
    (void) oci_remove_tree (AT_FDCWD, root, NULL);
  if (ok)
    terrane_round_add (round, TERRANE_SYMPTOM_OK, NULL, "allowed in a namespace");
  else
    terrane_round_add (round, TERRANE_SYMPTOM_LIMITED,
                       "Linux 5.11, and where AppArmor restricts namespaces its profile for bwrap",
                       "not allowed in a namespace: /tmp and /dev are a tmpfs, and '--writable' "
                       "does not work");
}

static void
look_for_cgroups (TerraneRound *round)
{
  g_autofree char *membership = NULL;
  gboolean unified = access ("/sys/fs/cgroup/cgroup.controllers", F_OK) == 0;
  gboolean hybrid = access ("/sys/fs/cgroup/unified/cgroup.procs", F_OK) == 0;
  const char *version = unified ? "version 2" : hybrid ? "hybrid" : "version 1 or none";
  g_autoptr (TerraneCgroup) group = NULL;
  if (g_file_get_contents ("/proc/self/cgroup", &membership, NULL, NULL))
    group = terrane_cgroup_new ("/sys/fs/cgroup", membership, TRY_BYTES, TRY_PROCESSES);
  if (group != NULL)
    terrane_round_add (round, TERRANE_SYMPTOM_OK, NULL, "%s, delegated: memory has a limit",
                       version);
  else
    terrane_round_add (round, TERRANE_SYMPTOM_LIMITED,
                       unified ? "run in a user session of systemd, which delegates memory, or do "
                                 "without"
                               : "ask root to boot with systemd.unified_cgroup_hierarchy=1, or do "
                                 "without",
                       "%s, none of this user's with the memory controller: memory is looked at "
                       "every 10 ms instead",
                       version);
}

static void
look_for_landlock (TerraneRound *round)
{
  TerraneLandlock rules;
  if (terrane_landlock_init (&rules, FALSE, NULL) && rules.ruleset >= 0)
    terrane_round_add (round, TERRANE_SYMPTOM_OK, NULL, "there%s",
                       rules.scoped ? ", signals included" : "");
  else
    terrane_round_add (round, TERRANE_SYMPTOM_LIMITED,
                       "Linux 5.13 with lsm=landlock; without it '--sandbox none' and eu-strip can "
                       "reach every file of this user",
                       "this kernel does not offer it");
  terrane_landlock_clear (&rules);
}

/* subuid(5): "NAME:FIRST:COUNT". */
static gboolean
has_range (const char *path)
{
  g_autofree char *text = g_malloc0 (MAX_SUBUID);
  const struct passwd *user = getpwuid (geteuid ()); /* NOLINT(concurrency-mt-unsafe) */
  g_autofree char *number = g_strdup_printf ("%u", geteuid ());
  uint64_t count = 0, sum = 0;
  if (!oci_read_text (AT_FDCWD, path, text, MAX_SUBUID))
    return FALSE;
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  for (char **line = lines; *line != NULL; line++)
    {
      g_auto (GStrv) parts = g_strsplit (*line, ":", -1);
      if (g_strv_length (parts) == 3
          && (strcmp (parts[0], number) == 0
              || (user != NULL && strcmp (parts[0], user->pw_name) == 0))
          && oci_parse_u64 (parts[2], G_MAXUINT32, &count, NULL))
        sum += count;
    }
  return sum >= SUBUIDS;
}

/* If cgroups of both versions are mounted, and the second has controllers, crun cannot start
 * anything. */
static gboolean
crun_refuses (void)
{
  const char *const argv[] = { "podman", "info", "--format", "{{.Host.OCIRuntime.Name}}", NULL };
  char controllers[MAX_TEXT];
  if (!read_line ("/sys/fs/cgroup/unified/cgroup.controllers", controllers, sizeof controllers)
      || controllers[0] == '\0')
    return FALSE;
  g_autofree char *runtime = terrane_round_ask_program (argv);
  return g_strcmp0 (runtime, "crun") == 0;
}

static void
look_for_podman (TerraneRound *round)
{
  const char *const argv[] = { "podman", "--version", NULL };
  g_autofree char *version = terrane_round_ask_program (argv);
  TerraneSymptomStatus worst = needed_by (round, TERRANE_SANDBOX_PODMAN);
  if (version == NULL)
    terrane_round_add (round, worst, "sudo apt install podman",
                       "not in PATH: there is no '--sandbox podman' and no 'run --podman'");
  else if (geteuid () != 0 && (!has_range ("/etc/subuid") || !has_range ("/etc/subgid")))
    terrane_round_add (round, worst,
                       "sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 "
                       "\"$USER\"",
                       "%s; this user has no range of %d numbers in /etc/subuid and /etc/subgid",
                       version, SUBUIDS);
  else if (crun_refuses ())
    terrane_round_add (round, worst,
                       "sudo apt install runc, and in /etc/containers/containers.conf below "
                       "[engine]: runtime = \"runc\"",
                       "%s, whose runtime crun refuses cgroups in hybrid mode", version);
  else
    terrane_round_add (round, TERRANE_SYMPTOM_OK, NULL, "%s%s", version,
                       geteuid () == 0 ? "" : ", with a range of numbers");
}

/* The chosen sandbox if it is not the default, and what it lacks. */
static void
look_for_choice (TerraneRound *round)
{
  const char *const *words = terrane_sandbox_unconfined (round->doctor->sandbox);
  const char *name = terrane_sandbox_kind_name (round->doctor->sandbox);
  g_autofree char *shared = words != NULL ? g_strjoinv (", ", (char **) (gpointer) words) : NULL;
  if (shared == NULL)
    terrane_round_add (round, TERRANE_SYMPTOM_OK, NULL, "%s", name);
  else
    terrane_round_add (round, TERRANE_SYMPTOM_LIMITED,
                       "unset TERRANE_SANDBOX where images are not trusted",
                       "%s: programs share %s with this machine", name, shared);
}

const TerraneDoctorRow terrane_doctor_sandbox_rows[] = {
  { "sandbox", "user-namespaces", look_for_namespaces },
  { "sandbox", "bubblewrap", look_for_bubblewrap },
  { "sandbox", "works", look_for_sandbox },
  { "sandbox", "overlays", look_for_overlays },
  { "sandbox", "cgroups", look_for_cgroups },
  { "sandbox", "security-modules", look_for_modules },
  { "sandbox", "landlock", look_for_landlock },
  { "sandbox", "podman", look_for_podman },
  { "sandbox", "chosen", look_for_choice },
  { NULL, NULL, NULL },
};
