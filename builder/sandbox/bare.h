/* Programs of an image without namespaces: in another root directory and as another user where this
 * process may change them, else by the image's own dynamic linker. Only for who asks for it. */
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
  gboolean loader; /* paths that the program prints have that of the root in front */
  OciFd report;    /* what its first process writes a TerraneInitReport to */
  OciFd release;   /* a byte here lets the program start */
  OciFd life;      /* a byte here, or the end of its last copy, ends all of it */
  OciFd listener;  /* -1 without a port */
} TerraneBare;

typedef struct
{
  const TerraneSandboxFile *files; /* (nullable) */
  gboolean terminal;               /* the program keeps the terminal that it is started with */
  gboolean has_port;
  const char
      *port_variable; /* (nullable): gets the address of the port, which the kernel chooses */
} TerraneBareOptions;

/** Makes what is needed besides a process: a copy of the root, a port, what the first process is
 * told. @argv: program and arguments */
gboolean terrane_bare_init (TerraneBare *self, const TerraneSandbox *sandbox,
                            const char *const *argv, const TerraneBareOptions *options,
                            GError **error);

/** Removes what was made. */
void terrane_bare_clear (TerraneBare *self);

/** Fills in what to start; standard descriptors and terminal are the caller's. */
void terrane_bare_to_process (const TerraneBare *self, OciProcess *out_process);

/** Closes what was handed over, once the first process runs. */
void terrane_bare_close_fds (TerraneBare *self);

/**
 * terrane_bare_unconfined:
 *
 * What such a program shares with this machine, in words of docs/sandbox.md: it depends on who runs
 * terrane, and on the kernel.
 *
 * Returns: (transfer none)
 */
const char *const *terrane_bare_unconfined (void);

G_END_DECLS
