/* Options that several commands share, each table with its struct. */
#pragma once

#include "builder/cli/options.h"
#include "builder/sandbox/sandbox.h"

G_BEGIN_DECLS

enum
{
  TERRANE_REMOTE_JOBS = 6, /* default number of concurrent blobs, as in skopeo */
  TERRANE_REMOTE_MAX_JOBS = 64,
};

/* For every command that uses registries. */
typedef struct
{
  uint64_t timeout_ms; /* --registry-timeout; 0: no limit */
  TerraneChoice tls_verify;
} TerraneRemoteArguments;

extern const TerraneOption terrane_remote_options[];

/* --source-mirror, for commands that read the sources of a profile; the struct is a char *. */
extern const TerraneOption terrane_mirror_options[];

/* --jobs for transfers; the struct is an unsigned. */
extern const TerraneOption terrane_transfer_jobs_options[];

/* --platform, to select from an index; the struct is a char *. */
extern const TerraneOption terrane_platform_options[];

/* --sandbox, for commands that run an image's programs without the Runtime API; the struct is a
 * TerraneSandboxKind. */
extern const TerraneOption terrane_sandbox_options[];
/* Likewise, with the sandboxes for functions: terrane_sandbox_check_function(). */
extern const TerraneOption terrane_function_sandbox_options[];

/** Warns about what the requested sandbox lacks. */
void terrane_sandbox_warn (TerraneSandboxKind kind);

/** Likewise, for a function, which needs access to the Runtime API: %OCI_ERROR_USAGE if there can
 * be none. */
gboolean terrane_sandbox_check_function (TerraneSandboxKind kind, GError **error);

/* Options of a push about the repository. */
typedef struct
{
  char *mount_from; /* (nullable): --mount-from */
  gboolean create_repository;
} TerranePushArguments;

extern const TerraneOption terrane_push_options[];

G_END_DECLS
