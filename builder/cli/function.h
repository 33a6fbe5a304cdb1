/* The image of invoke, serve, run and validate, and options for running it.
 *
 * Errors: %OCI_ERROR_USAGE, %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, %OCI_ERROR_UNSUPPORTED,
 * %OCI_ERROR_LIMIT, %OCI_ERROR_NOT_FOUND, %OCI_ERROR_UNREACHABLE, %OCI_ERROR_NETWORK,
 * %OCI_ERROR_TIMEOUT, %OCI_ERROR_DENIED, %OCI_ERROR_IO, %OCI_ERROR_CANCELLED, codes of %G_IO_ERROR
 * (from libostree). */
#pragma once

#include "builder/cli/function-log.h"
#include "builder/cli/workbench.h"
#include "builder/lambda/lambda.h"
#include "builder/rootfs.h"

G_BEGIN_DECLS

typedef struct
{
  char **env;          /* (nullable): --env, as written */
  uint64_t timeout_ms; /* --timeout; 0 if not given */
  uint64_t memory;     /* --memory, in bytes */
  uint64_t tmp;        /* --tmp, in bytes */
  char *platform;      /* (nullable): --platform */
  TerraneSandboxKind sandbox;
  char **cmd;    /* (nullable): --cmd */
  char *handler; /* (nullable): --handler */
  char **mounts; /* (nullable): --mount, as written */
  char *network; /* (nullable): --network */
  TerraneRemoteArguments remote;
} TerraneFunctionArguments;

/* Tables for a TerraneFunctionArguments: environment of the function; access to this machine;
 * choice of the function in the image; time limit of an event. */
extern const TerraneOption terrane_function_options[];
extern const TerraneOption terrane_function_host_options[];
extern const TerraneOption terrane_function_command_options[];
extern const TerraneOption terrane_function_timeout_options[];

/* --platform and the options about registries, for a TerraneFunctionArguments at @start. */
#define TERRANE_FUNCTION_IMAGE_GROUPS(start)                                                       \
  { .rows = terrane_platform_options,                                                              \
    .offset = (start) + offsetof (TerraneFunctionArguments, platform) },                           \
  {                                                                                                \
    .rows = terrane_remote_options,                                                                \
    .offset = (start) + offsetof (TerraneFunctionArguments, remote)                                \
  }

/* An image that is ready to run. */
typedef struct
{
  TerraneRootfs rootfs; /* pinned: the store is not locked any more */
  char *name;
  char **argv; /* entrypoint and command */
  TerraneEmulator emulator;
  uint64_t timeout_ms; /* from the argument, longer for an emulator; 0 for none */
  char **env;
  GPtrArray *mounts; /* of TerraneHostMount */
  TerraneNetwork network;
} TerraneFunction;

void terrane_function_clear (TerraneFunction *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerraneFunction, terrane_function_clear)

/** Fetches the image into the store unless it is there, and checks it out. Errors: see the head. */
gboolean terrane_function_open (const TerraneGlobal *global, const char *image,
                                const TerraneFunctionArguments *arguments,
                                TerraneFunction *out_function, GError **error);

/** Fetches the image into the store unless it is there. Returns: (transfer full).
 * Errors: see the head. */
TerraneOpenImage *terrane_function_fetch (const TerraneWorkbench *bench, const char *image,
                                          const TerraneFunctionArguments *arguments,
                                          GError **error);

/** Returns: (transfer full): a valid name for the function of an image: letters, digits, "-" and
 * "_" */
char *terrane_function_name (const char *image);

/** Sets the options for terrane_lambda_new(), which point into both arguments. */
void terrane_function_to_lambda (const TerraneFunction *self,
                                 const TerraneFunctionArguments *arguments,
                                 TerraneLambdaOptions *out_options);

/**
 * terrane_function_mounts:
 * @store: (nullable): directory of the store
 *
 * Returns: (transfer full): the mounts of --mount, as TerraneHostMount, checked
 * Errors: see the head.
 */
GPtrArray *terrane_function_mounts (const TerraneFunctionArguments *arguments, const char *store,
                                    GError **error);

/** Adds "network" and "mounts" to a command's document, unless there are none: with them the result
 * may differ from that on Lambda. */
void terrane_function_add_host (const TerraneFunction *self, json_t *document);

/** Fails if the image has neither entrypoint nor command. Errors: %OCI_ERROR_NOT_FOUND. */
gboolean terrane_function_check_argv (const TerraneFunction *self, GError **error);

/* The process that a signal ends. */
typedef struct
{
  TerraneLambda *lambda;
  TerraneFunctionLog *log;
} TerraneFunctionRun;

/** Handler of the signal "cancelled"; @data: a TerraneFunctionRun */
void terrane_function_on_cancelled (GCancellable *cancellable, gpointer data);

G_END_DECLS
