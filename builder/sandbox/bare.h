/* Runs programs of an image without namespaces: in another root directory and as another user if
 * this process may change them, otherwise with the image's own dynamic linker. Used only on
 * request. */
#pragma once

#include "builder/sandbox/argv.h"
#include "builder/sandbox/bare-root.h"
#include "builder/sandbox/landlock.h"
#include "builder/sandbox/spec.h"

#include "oci/base/process.h"

G_BEGIN_DECLS

enum
{
  TERRANE_BARE_MAX_FDS = 7,
};

typedef struct
{
  TerraneArgv argv;
  char **env;
  OciProcessFd fds[TERRANE_BARE_MAX_FDS];
  size_t n_fds;
  TerraneLandlock rules;
  TerraneBareRoot root;
  gboolean loader; /* paths that the program prints begin with that of the root */
  OciFd report;    /* its first process writes a TerraneInitReport to it */
  OciFd release;   /* a byte here lets the program start */
  OciFd life;      /* a byte here, or closing its last copy, ends all processes */
  OciFd listener;  /* -1 without a port */
} TerraneBare;

typedef struct
{
  const TerraneSandboxFile *files; /* (nullable) */
  gboolean terminal;               /* the program keeps the terminal that it is started with */
  gboolean has_port;
  const char
      *port_variable; /* (nullable): set to the address of the port, which the kernel chooses */
} TerraneBareOptions;

/** Makes everything needed except a process: a copy of the root, a port, the setup of the first
 * process. @argv: program and arguments. Errors: %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_LIMIT,
 * %OCI_ERROR_NOT_FOUND, %OCI_ERROR_IO, %OCI_ERROR_CANCELLED, codes of %G_FILE_ERROR. */
gboolean terrane_bare_init (TerraneBare *self, const TerraneSandbox *sandbox,
                            const char *const *argv, const TerraneBareOptions *options,
                            GError **error);

/** Removes what was made. */
void terrane_bare_clear (TerraneBare *self);

/** Sets the command to start; standard descriptors and terminal are set by the caller. */
void terrane_bare_to_process (const TerraneBare *self, OciProcess *out_process);

/** Closes the descriptors that were passed on, once the first process runs. */
void terrane_bare_close_fds (TerraneBare *self);

/** Returns: (transfer none): what such a program shares with this machine, in words of
 * docs/sandbox.md: it depends on the user that runs terrane, and on the kernel */
const char *const *terrane_bare_unconfined (void);

G_END_DECLS
