/* The options of every command that talks to registries. */
#pragma once

#include "builder/cli/command.h"
#include "builder/cli/transfer.h"
#include "builder/remote/remote.h"

G_BEGIN_DECLS

enum
{
  TERRANE_REMOTE_JOBS = 6, /* blobs at a time by default, as skopeo has it */
};

typedef struct
{
  char *timeout;    /* (nullable) */
  char *tls_verify; /* (nullable) */
} TerraneRemoteArguments;

void terrane_remote_arguments_clear (TerraneRemoteArguments *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerraneRemoteArguments, terrane_remote_arguments_clear)

/* Rows for a command's option table; @the_arguments is a TerraneRemoteArguments. */
#define TERRANE_REMOTE_ENTRIES(the_arguments)                                                      \
  { "timeout",                                                                                     \
    0,                                                                                             \
    0,                                                                                             \
    G_OPTION_ARG_STRING,                                                                           \
    &(the_arguments).timeout,                                                                      \
    "Give up on registries after e.g. 90s, 15m",                                                   \
    "TIME" },                                                                                      \
  {                                                                                                \
    "tls-verify", 0, 0, G_OPTION_ARG_STRING, &(the_arguments).tls_verify,                          \
        "false: do not verify certificates, and allow plain HTTP", "BOOLEAN"                       \
  }

#define TERRANE_REMOTE_JOBS_ENTRY(the_jobs)                                                        \
  {                                                                                                \
    "jobs", 'j', 0, G_OPTION_ARG_INT, &(the_jobs), "Blobs under way at a time (default 6)", "N"    \
  }

#define TERRANE_PLATFORM_ENTRY(the_platform)                                                       \
  {                                                                                                \
    "platform", 0, 0, G_OPTION_ARG_STRING, &(the_platform),                                        \
        "Which image of a multi-platform one (default: this machine's)", "OS/ARCH"                 \
  }

/* @the_arguments is a TerranePushArguments. */
#define TERRANE_PUSH_ENTRIES(the_arguments)                                                        \
  { "mount-from",                                                                                  \
    0,                                                                                             \
    0,                                                                                             \
    G_OPTION_ARG_STRING,                                                                           \
    &(the_arguments).mount_from,                                                                   \
    "Mount layers from there, if it has them",                                                     \
    "REPOSITORY" },                                                                                \
  {                                                                                                \
    "create-repository", 0, 0, G_OPTION_ARG_NONE, &(the_arguments).create_repository,              \
        "On Amazon ECR, create the repository when it is missing", NULL                            \
  }

/** @jobs: what --jobs said */
gboolean terrane_remote_check_jobs (int jobs, const char *command, GError **error);

/**
 * terrane_remote_check_push:
 *
 * Parses a destination and checks it against the options.
 *
 * Returns: (transfer full) (nullable)
 */
OciReference *terrane_remote_check_push (const char *text, const TerranePushArguments *arguments,
                                         GError **error);

/**
 * terrane_remote_arguments_parse:
 * @command: for messages
 * @out_options: (out): insecure, offline and timeout_seconds are set
 */
gboolean terrane_remote_arguments_parse (const TerraneRemoteArguments *self,
                                         const TerraneGlobal *global, const char *command,
                                         TerraneRemoteOptions *out_options, GError **error);

G_END_DECLS
