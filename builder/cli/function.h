/* The image of invoke, serve, run and validate, and the options that say how it is run. */
#pragma once

#include "builder/cli/function-log.h"
#include "builder/cli/workbench.h"
#include "builder/lambda/lambda.h"
#include "builder/rootfs.h"

G_BEGIN_DECLS

typedef struct
{
  char **env;          /* (nullable): --env, as written */
  uint64_t timeout_ms; /* --timeout; 0: none */
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

/* Tables for a TerraneFunctionArguments: the environment that the function has; what it has of this
 * machine; which function of the image it is; and how long an event may take. */
extern const TerraneOption terrane_function_options[];
extern const TerraneOption terrane_function_host_options[];
extern const TerraneOption terrane_function_command_options[];
extern const TerraneOption terrane_function_timeout_options[];

/* --platform and those about registries, for a TerraneFunctionArguments at @start. */
#define TERRANE_FUNCTION_IMAGE_GROUPS(start)                                                       \
  { .rows = terrane_platform_options,                                                              \
    .offset = (start) + offsetof (TerraneFunctionArguments, platform) },                           \
  {                                                                                                \
    .rows = terrane_remote_options,                                                                \
    .offset = (start) + offsetof (TerraneFunctionArguments, remote)                                \
  }

/* An image that is ready to be run. */
typedef struct
{
  TerraneRootfs rootfs; /* pinned: the store is not locked any more */
  char *name;
  char **argv; /* entrypoint and command */
  TerraneEmulator emulator;
  uint64_t timeout_ms; /* the argument's, more for an emulator; 0: none */
  char **env;
  GPtrArray *mounts; /* of TerraneHostMount */
  TerraneNetwork network;
} TerraneFunction;

void terrane_function_clear (TerraneFunction *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerraneFunction, terrane_function_clear)

/** Brings the image into the store unless it is there, and checks it out. */
gboolean terrane_function_open (const TerraneGlobal *global, const char *image,
                                const TerraneFunctionArguments *arguments,
                                TerraneFunction *out_function, GError **error);

/** Brings the image into the store unless it is there. Returns: (transfer full) (nullable) */
TerraneOpenImage *terrane_function_fetch (const TerraneWorkbench *bench, const char *image,
                                          const TerraneFunctionArguments *arguments,
                                          GError **error);

/** What a function of an image may be called: letters, digits, "-" and "_". (transfer full) */
char *terrane_function_name (const char *image);

/** What terrane_lambda_new() wants; points into both. */
void terrane_function_to_lambda (const TerraneFunction *self,
                                 const TerraneFunctionArguments *arguments,
                                 TerraneLambdaOptions *out_options);

/**
 * terrane_function_mounts:
 * @store: (nullable): directory of the store
 *
 * Returns: (transfer full) (nullable): the mounts of --mount, as TerraneHostMount, checked
 */
GPtrArray *terrane_function_mounts (const TerraneFunctionArguments *arguments, const char *store,
                                    GError **error);

/** Adds "network" and "mounts" to a command's document, unless there are none: what came out is
 * then not what comes out on Lambda. */
void terrane_function_add_host (const TerraneFunction *self, json_t *document);

/** Fails when the image says nothing that could be run. */
gboolean terrane_function_check_argv (const TerraneFunction *self, GError **error);

/* What a signal ends. */
typedef struct
{
  TerraneLambda *lambda;
  TerraneFunctionLog *log;
} TerraneFunctionRun;

/** For the signal "cancelled"; @data: a TerraneFunctionRun */
void terrane_function_on_cancelled (GCancellable *cancellable, gpointer data);

G_END_DECLS
