/* Programs for another processor: run by QEMU's user mode, if the host has it. If the kernel knows
 * QEMU (binfmt_misc), everything in the sandbox can be executed; otherwise the sandbox runs its
 * program with QEMU, and what that executes in turn fails. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

enum
{
  TERRANE_EMULATION_SLOWDOWN = 10, /* factor for time limits */
};

typedef enum
{
  TERRANE_EMULATION_NONE,       /* the processor is this machine's */
  TERRANE_EMULATION_REGISTERED, /* the kernel runs QEMU by itself, also in sandboxes */
  TERRANE_EMULATION_PROGRAM,    /* QEMU exists, but has to be run explicitly */
  TERRANE_EMULATION_MISSING,
} TerraneEmulation;

typedef struct
{
  TerraneEmulation kind;
  char *name;    /* (nullable): "qemu-aarch64"; NULL if no emulator is needed, or if QEMU does not
                    emulate the processor */
  char *program; /* (nullable): a static QEMU on the host */
} TerraneEmulator;

void terrane_emulator_clear (TerraneEmulator *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerraneEmulator, terrane_emulator_clear)

/**
 * terrane_emulator_find:
 * @architecture: of an image, Go's name: "arm64"
 * @binfmt: directory of the kernel's registrations; /proc/sys/fs/binfmt_misc
 * @path: (nullable): where to search for programs, such as $PATH
 *
 * Finds an emulator.
 */
void terrane_emulator_find (const char *architecture, const char *binfmt, const char *path,
                            TerraneEmulator *out_emulator);

/** Like terrane_emulator_find(), on this host. */
void terrane_emulator_find_here (const char *architecture, TerraneEmulator *out_emulator);

/** Whether a program at @path has this emulator's name: "qemu-aarch64" or "qemu-aarch64-static". */
gboolean terrane_emulator_is_named (const TerraneEmulator *self, const char *path);

/** Whether an image for @architecture can be run. Otherwise %OCI_ERROR_UNSUPPORTED, with what to
 * install. */
gboolean terrane_emulator_require (const TerraneEmulator *self, const char *architecture,
                                   GError **error);

/** Factor for time limits. */
unsigned terrane_emulator_slowdown (const TerraneEmulator *self);

/** Returns: (transfer full) (nullable): "emulated by qemu-aarch64 (…)" for messages; NULL for none
 */
char *terrane_emulator_describe (const TerraneEmulator *self);

/**
 * terrane_emulator_resolve:
 * @root: directory with the image's file system
 * @env: (nullable): the program's, for its PATH
 * @argv: program and arguments
 * @out_script: (out): whether the program, or the one executed for it, is a script
 *
 * Resolves names and "#!" like the kernel, to load programs by their paths.
 *
 * Returns: (transfer full) (nullable): the words, beginning with the path inside of an ELF file;
 *   NULL if it cannot be read
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
 * QEMU only loads ELF files by their path: this resolves names and "#!" like the kernel.
 *
 * Returns: (transfer full): what to execute instead
 */
char **terrane_emulator_wrap (const char *qemu, const char *root, const char *const *env,
                              const char *const *argv);

G_END_DECLS
