#include "builder/cli/option-tables.h"

#include "builder/cli/terminal.h"

#include "oci/reference.h"

#define WEEK_MS (UINT64_C (7) * 24 * 3600 * 1000)

const TerraneOption terrane_remote_options[] = {
  { .name = "registry-timeout",
    .kind = TERRANE_OPTION_DURATION,
    .target = offsetof (TerraneRemoteArguments, timeout_ms),
    .metavar = "TIME",
    .max = WEEK_MS,
    .alias = "timeout",
    .help = "Give up on registries after, say, 90s or 15m" },
  { .name = "tls-verify",
    .kind = TERRANE_OPTION_BOOLEAN,
    .target = offsetof (TerraneRemoteArguments, tls_verify),
    .metavar = "BOOL",
    .help = "false: do not verify certificates, and allow plain HTTP" },
  TERRANE_OPTION_END,
};

const TerraneOption terrane_mirror_options[] = {
  { .name = "source-mirror",
    .kind = TERRANE_OPTION_DIRECTORY,
    .metavar = "DIR",
    .help = "Take files whose SHA-256 is known from here before downloading them" },
  TERRANE_OPTION_END,
};

const TerraneOption terrane_transfer_jobs_options[] = {
  { .name = "jobs",
    .letter = 'j',
    .kind = TERRANE_OPTION_COUNT,
    .metavar = "N",
    .initial = TERRANE_REMOTE_JOBS,
    .min = 1,
    .max = TERRANE_REMOTE_MAX_JOBS,
    .help = "Blobs transferred at a time (default 6)" },
  TERRANE_OPTION_END,
};

const TerraneOption terrane_platform_options[] = {
  { .name = "platform",
    .kind = TERRANE_OPTION_PLATFORM,
    .metavar = "OS/ARCH",
    .help = "Platform to select from an image index, and to require otherwise (default: this "
            "machine's)" },
  TERRANE_OPTION_END,
};

const TerraneOption terrane_sandbox_options[] = {
  { .name = "sandbox",
    .kind = TERRANE_OPTION_SANDBOX,
    .metavar = "NAME",
    .words = terrane_sandbox_kind_names,
    .help = "bubblewrap (default), podman or none; default $TERRANE_SANDBOX" },
  TERRANE_OPTION_END,
};

const TerraneOption terrane_function_sandbox_options[] = {
  { .name = "sandbox",
    .kind = TERRANE_OPTION_SANDBOX,
    .metavar = "NAME",
    .words = terrane_sandbox_kind_names,
    .help = "bubblewrap (default) or none; default $TERRANE_SANDBOX" },
  TERRANE_OPTION_END,
};

void
terrane_sandbox_warn (TerraneSandboxKind kind)
{
  static const char *const parts[][2] = {
    { "user", ", run as this user" },
    { "reads", ", and can read its /usr, /etc, /proc and /tmp" },
    { "files", ", and can read and change every file that this user can" },
  };
  const char *const *words = terrane_sandbox_unconfined (kind);
  g_autoptr (GString) text = g_string_new (NULL);
  if (words == NULL)
    return;
  for (size_t i = 0; i < G_N_ELEMENTS (parts); i++)
    if (g_strv_contains (words, parts[i][0]))
      g_string_append (text, parts[i][1]);
  g_autofree char *message =
      g_strdup_printf ("warning: --sandbox none: the image's programs share this machine's network "
                       "and processes%s",
                       text->str);
  terrane_print_error (message);
}

gboolean
terrane_sandbox_check_function (TerraneSandboxKind kind, GError **error)
{
  terrane_sandbox_warn (kind);
  return kind != TERRANE_SANDBOX_PODMAN
         || oci_throw (error, OCI_ERROR_USAGE,
                       "--sandbox podman has no way in for the Runtime API; choose bubblewrap or "
                       "none");
}

static gboolean
check_mount_from (const char *repository, GError **error)
{
  g_autofree char *text = g_strconcat ("registry.invalid/", repository, NULL);
  g_autoptr (OciReference) reference = oci_reference_parse (text, NULL);
  g_autofree char *quoted = oci_quote (repository);
  return (reference != NULL && reference->tag == NULL && !reference->has_digest)
         || oci_throw (error, OCI_ERROR_USAGE,
                       "expected a repository of the same registry, such as team/base, without "
                       "host and tag, got %s",
                       quoted);
}

const TerraneOption terrane_push_options[] = {
  { .name = "mount-from",
    .kind = TERRANE_OPTION_TEXT,
    .target = offsetof (TerranePushArguments, mount_from),
    .metavar = "REPOSITORY",
    .check = check_mount_from,
    .help = "Mount layers from this repository, if it has them" },
  { .name = "create-repository",
    .kind = TERRANE_OPTION_FLAG,
    .target = offsetof (TerranePushArguments, create_repository),
    .help = "On Amazon ECR, create the repository when it is missing" },
  TERRANE_OPTION_END,
};
