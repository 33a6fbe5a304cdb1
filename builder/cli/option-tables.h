/* Options that several commands share, each table with its struct. */
#pragma once

#include "builder/cli/options.h"
#include "builder/sandbox/sandbox.h"

G_BEGIN_DECLS

enum
{
  TERRANE_REMOTE_JOBS = 6, /* blobs at a time by default, as skopeo has it */
  TERRANE_REMOTE_MAX_JOBS = 64,
};

/* Of every command that talks to registries. */
typedef struct
{
  uint64_t timeout_ms; /* --registry-timeout; 0: no limit */
  TerraneChoice tls_verify;
} TerraneRemoteArguments;

extern const TerraneOption terrane_remote_options[];

/* --source-mirror, of commands that read the sources of a profile; the struct is a char *. */
extern const TerraneOption terrane_mirror_options[];

/* --jobs of transfers; the struct is an unsigned. */
extern const TerraneOption terrane_transfer_jobs_options[];

/* --platform, which image of an index; the struct is a char *. */
extern const TerraneOption terrane_platform_options[];

/* --sandbox, of commands that run an image's programs without the Runtime API; the struct is a
 * TerraneSandboxKind. */
extern const TerraneOption terrane_sandbox_options[];
/* The same with what a function can be run in: terrane_sandbox_check_function(). */
extern const TerraneOption terrane_function_sandbox_options[];

/** Says what a sandbox lacks that was asked for. */
void terrane_sandbox_warn (TerraneSandboxKind kind);

/** The same for a function, which needs a way in for the Runtime API: %OCI_ERROR_USAGE where
 * there can be none. */
gboolean terrane_sandbox_check_function (TerraneSandboxKind kind, GError **error);

/* How a push treats the repository. */
typedef struct
{
  char *mount_from; /* (nullable): --mount-from */
  gboolean create_repository;
} TerranePushArguments;

extern const TerraneOption terrane_push_options[];

G_END_DECLS
