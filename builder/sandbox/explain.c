#include "builder/sandbox/explain.h"

#include "oci/base/fd.h"
#include "oci/base/number.h"

#include <fcntl.h>

static gboolean
read_number (int proc_sys, const char *path, uint64_t *out_value)
{
  char text[32] = "";
  g_auto (OciFd) fd = openat (proc_sys, path, O_RDONLY | O_CLOEXEC);
  size_t got = 0;
  if (fd < 0 || !oci_read_full (fd, text, sizeof text - 1, &got, NULL))
    return FALSE;
  return g_ascii_string_to_unsigned (g_strchomp (text), 10, 0, G_MAXUINT64, out_value, NULL);
}

char *
terrane_sandbox_explain (int proc_sys)
{
  uint64_t value = 0;
  if (read_number (proc_sys, "kernel/apparmor_restrict_unprivileged_userns", &value) && value == 1)
    return g_strdup (
        "AppArmor forbids unprivileged user namespaces on this host; allow them with 'sudo "
        "sysctl kernel.apparmor_restrict_unprivileged_userns=0', or to bubblewrap alone "
        "with an AppArmor profile such as bwrap-userns-restrict");
  if (read_number (proc_sys, "kernel/unprivileged_userns_clone", &value) && value == 0)
    return g_strdup ("this kernel forbids unprivileged user namespaces; allow them with 'sudo "
                     "sysctl kernel.unprivileged_userns_clone=1'");
  if (read_number (proc_sys, "user/max_user_namespaces", &value) && value == 0)
    return g_strdup ("user namespaces are switched off; allow them with 'sudo sysctl "
                     "user.max_user_namespaces=15000'");
  return g_strdup ("the host does not let this process make user namespaces, or not all that a "
                   "sandbox needs in one; inside a container, start that with '--security-opt "
                   "seccomp=unconfined --security-opt unmask=ALL' (podman) or '--security-opt "
                   "seccomp=unconfined --security-opt systempaths=unconfined --security-opt "
                   "apparmor=unconfined' (docker)");
}
