/* The image of invoke, serve and run, and the options that say how it is run. */
#pragma once

#include "builder/cli/command.h"
#include "builder/cli/function-log.h"
#include "builder/cli/remote-options.h"
#include "builder/cli/sandbox-options.h"
#include "builder/lambda/lambda.h"
#include "builder/rootfs.h"

G_BEGIN_DECLS

typedef struct
{
  char **env;     /* (nullable): --env, with their values when they were checked */
  char *timeout;  /* (nullable): --timeout */
  int memory;     /* --memory */
  int tmp;        /* --tmp */
  char *platform; /* (nullable): --platform */
  char *sandbox;  /* (nullable): --sandbox */
  char **cmd;     /* (nullable): --cmd */
  char *handler;  /* (nullable): --handler */
  TerraneRemoteArguments remote;

  unsigned timeout_ms; /* from the text */
  char **env_words;    /* (nullable): --env as written */
  TerraneSandboxKind kind;
} TerraneFunctionArguments;

/* The RIE's defaults: what limits a function here is only what was asked for. */
#define TERRANE_FUNCTION_ARGUMENTS_INIT                                                            \
  {                                                                                                \
    .memory = 3008, .tmp = 512, .timeout_ms = 300 * 1000                                           \
  }

void terrane_function_arguments_clear (TerraneFunctionArguments *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerraneFunctionArguments, terrane_function_arguments_clear)

/* Rows for a command's option table; @args is a TerraneFunctionArguments. */
#define TERRANE_FUNCTION_ENTRIES(args)                                                             \
  { "env",                                                                                         \
    'e',                                                                                           \
    0,                                                                                             \
    G_OPTION_ARG_STRING_ARRAY,                                                                     \
    &(args).env,                                                                                   \
    "Set a variable, or pass on that of NAME, repeatable",                                         \
    "NAME[=VALUE]" },                                                                              \
      { "memory",                                                                                  \
        0,                                                                                         \
        0,                                                                                         \
        G_OPTION_ARG_INT,                                                                          \
        &(args).memory,                                                                            \
        "Memory of the function in MB (default 3008)",                                             \
        "MB" },                                                                                    \
      { "tmp", 0, 0, G_OPTION_ARG_INT, &(args).tmp, "Size of /tmp in MB (default 512)", "MB" },    \
      TERRANE_PLATFORM_ENTRY ((args).platform), TERRANE_SANDBOX_ENTRY ((args).sandbox),            \
  {                                                                                                \
    "tls-verify", 0, 0, G_OPTION_ARG_STRING, &(args).remote.tls_verify,                            \
        "false: do not verify certificates, and allow plain HTTP", "BOOLEAN"                       \
  }

#define TERRANE_FUNCTION_TIMEOUT_ENTRY(args)                                                       \
  {                                                                                                \
    "timeout", 0, 0, G_OPTION_ARG_STRING, &(args).timeout,                                         \
        "Seconds that an event may take (default 300)", "SECONDS"                                  \
  }

/* Which function of the image. */
#define TERRANE_FUNCTION_COMMAND_ENTRIES(args)                                                     \
  { "handler",                                                                                     \
    0,                                                                                             \
    0,                                                                                             \
    G_OPTION_ARG_STRING,                                                                           \
    &(args).handler,                                                                               \
    "Another handler than the image's, such as app.main",                                          \
    "HANDLER" },                                                                                   \
  {                                                                                                \
    "cmd", 0, 0, G_OPTION_ARG_STRING_ARRAY, &(args).cmd,                                           \
        "Instead of the image's command; repeatable, a word each", "WORD"                          \
  }

/** Checks what was written; @command is for messages. */
gboolean terrane_function_arguments_check (TerraneFunctionArguments *self,
                                           const TerraneGlobal *global, const char *command,
                                           GError **error);

/* An image that is ready to be run. */
typedef struct
{
  TerraneRootfs rootfs; /* pinned: the store is not locked any more */
  char *name;
  char **argv; /* entrypoint and command */
  TerraneEmulator emulator;
  unsigned timeout_ms; /* the argument's, more for an emulator */
  char **env;
} TerraneFunction;

void terrane_function_clear (TerraneFunction *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerraneFunction, terrane_function_clear)

/** Brings the image into the store unless it is there, and checks it out. */
gboolean terrane_function_open (TerraneGlobal *global, const char *image,
                                const TerraneFunctionArguments *arguments,
                                TerraneFunction *out_function, GError **error);

/**
 * terrane_function_fetch:
 * @out_store: (out): locked
 * @out_image: (out)
 *
 * Brings the image into the store unless it is there.
 */
gboolean terrane_function_fetch (TerraneGlobal *global, const char *image,
                                 const TerraneFunctionArguments *arguments,
                                 TerraneStore **out_store, TerraneOpenImage **out_image,
                                 GError **error);

/** What a function of an image may be called: letters, digits, "-" and "_". (transfer full) */
char *terrane_function_name (const char *image);

/** What terrane_lambda_new() wants; points into both. */
void terrane_function_to_lambda (const TerraneFunction *self,
                                 const TerraneFunctionArguments *arguments,
                                 TerraneLambdaOptions *out_options);

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
