/* Programs of another processor: by QEMU's user mode, when the host has it. Either the kernel knows
 * it (binfmt_misc), and everything inside just runs; or the program of the sandbox is run by it,
 * and what that executes in turn is not. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

enum
{
  TERRANE_EMULATION_SLOWDOWN = 10, /* by which budgets of time are multiplied */
};

typedef enum
{
  TERRANE_EMULATION_NONE,       /* the processor is this machine's */
  TERRANE_EMULATION_REGISTERED, /* the kernel runs QEMU by itself, inside of sandboxes too */
  TERRANE_EMULATION_PROGRAM,    /* QEMU is there, but has to be run */
  TERRANE_EMULATION_MISSING,
} TerraneEmulation;

typedef struct
{
  TerraneEmulation kind;
  char *name;    /* (nullable): "qemu-aarch64"; NULL when the processor is this machine's, or when
                    QEMU has none of that name */
  char *program; /* (nullable): a static one on the host */
} TerraneEmulator;

void terrane_emulator_clear (TerraneEmulator *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerraneEmulator, terrane_emulator_clear)

/**
 * terrane_emulator_find:
 * @architecture: of an image, as Go has it: "arm64"
 * @binfmt: directory of the kernel's registrations; /proc/sys/fs/binfmt_misc
 * @path: (nullable): where to look for programs, such as $PATH
 */
void terrane_emulator_find (const char *architecture, const char *binfmt, const char *path,
                            TerraneEmulator *out_emulator);

/** As above, on this host. */
void terrane_emulator_find_here (const char *architecture, TerraneEmulator *out_emulator);

/** Whether a program at @path is this one by its name: "qemu-aarch64" or "qemu-aarch64-static". */
gboolean terrane_emulator_is_named (const TerraneEmulator *self, const char *path);

/** Whether an image for @architecture can be run. Fails with %OCI_ERROR_UNSUPPORTED and says what
 * to install. */
gboolean terrane_emulator_require (const TerraneEmulator *self, const char *architecture,
                                   GError **error);

/** What to multiply budgets of time by. */
unsigned terrane_emulator_slowdown (const TerraneEmulator *self);

/** "emulated by qemu-aarch64 (…)" for people. Returns: (transfer full) (nullable): NULL for none */
char *terrane_emulator_describe (const TerraneEmulator *self);

/**
 * terrane_emulator_resolve:
 * @root: directory with the image's file system
 * @env: (nullable): the program's, for its PATH
 * @argv: program and arguments
 * @out_script: (out): it is one, or what is executed for it
 *
 * What the kernel does with names and "#!", for who loads programs by their paths.
 *
 * Returns: (transfer full) (nullable): first the path, inside, of an ELF file; NULL when it cannot
 * be read
 */
char **terrane_emulator_resolve (const char *root, const char *const *env, const char *const *argv,
                                 gboolean *out_script);

/**
 * terrane_emulator_wrap:
 * @qemu: path inside the sandbox of the emulator
 * @root: directory with the image's file system
 * @env: (nullable): the program's, for its PATH
 * @argv: program and arguments
 *
 * QEMU loads ELF files by their path only: what the kernel does with names and "#!" is done here.
 *
 * Returns: (transfer full): what to execute instead
 */
char **terrane_emulator_wrap (const char *qemu, const char *root, const char *const *env,
                              const char *const *argv);

G_END_DECLS
