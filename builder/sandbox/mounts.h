/* What is mounted before bubblewrap runs, where that has no option for it: devices that nobody can
 * change, file systems that are not tmpfs, and a root that may be written to, over a directory that
 * must not be. */
#pragma once

#include "builder/sandbox/binfmt.h"
#include "builder/sandbox/mount-points.h"
#include "builder/sandbox/spec.h"

G_BEGIN_DECLS

/* Where these appear, below the sandbox's root directory, in the namespace of the prepared process.
 */
#define TERRANE_MOUNTS_ROOT "/merged"          /* the image's files */
#define TERRANE_MOUNTS_TMP "/tmp"              /* for /tmp */
#define TERRANE_MOUNTS_SHM "/scratch/shm"      /* for /dev/shm: in the memory of /tmp */
#define TERRANE_MOUNTS_DEV "/view/dev"         /* for /dev: links, and places for devices */
#define TERRANE_MOUNTS_NOTHING "/view/nothing" /* an empty directory */
#define TERRANE_MOUNTS_PASSWD "/view/passwd"   /* for /etc/passwd */
#define TERRANE_MOUNTS_FILES "/view/files/"    /* for TERRANE_SANDBOX_FILES */

/** Devices of the sandbox, ended by %NULL: those of the host, by their paths. */
const char *const *terrane_mounts_devices (void);

/** Links in /dev, as pairs of a path and where it leads, ended by %NULL. */
const char *const *terrane_mounts_links (void);

/* Everything is made before the fork; terrane_mounts_prepare() only makes system calls. */
typedef struct
{
  const char *root;
  const TerraneSandboxFile *files; /* (nullable) */
  /* Whether there is all of what is said above: where the kernel lets a namespace have overlays
   * (Linux 5.11). Else bubblewrap makes what it can, and /tmp and /dev are a tmpfs. */
  gboolean overlays;
  TerraneBinfmt *binfmt; /* (nullable): a list of its own, where the host's has something */
  gboolean protect;      /* devices, from a program that is their owner */
  gboolean writable;
  gboolean shm;       /* whether there is /dev/shm */
  gboolean over_root; /* the root is an overlay, whose changes are in memory: what can be written
                         to, where there is no /etc/passwd to be covered, and where a place for
                         a mount is missing */
  GPtrArray *points;  /* of TerraneMountPoint */
  GPtrArray *own;     /* of TerraneHostMount: the sandbox's mounts, and files of terrane's choice */
  char *passwd_path;  /* (nullable): of the image's /etc/passwd, without links; else it is made */
  GBytes *passwd;     /* what the program sees there */
  char *tmp_options;
  char *uid_map;
  char *gid_map;
} TerraneMounts;

/**
 * terrane_mounts_init:
 * @sandbox, @files: (nullable): must outlive it
 * @out_assumed: (optional): whether overlays were taken for allowed without having been tried. The
 *   caller says with terrane_mounts_learn() whether preparing them succeeded. %NULL: they are tried
 *   out first, which costs a process and the end of its namespaces
 *
 * Cleared by the caller, also after a failure.
 */
gboolean terrane_mounts_init (TerraneMounts *self, const TerraneSandbox *sandbox,
                              const TerraneSandboxFile *files, gboolean *out_assumed,
                              GError **error);
void terrane_mounts_learn (gboolean overlays_allowed);
void terrane_mounts_clear (TerraneMounts *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerraneMounts, terrane_mounts_clear)

/** Whether there is something to prepare. Without overlays and emulators of the kernel's, that is
 * for root alone: only as the owner of a device a program can change its mode. */
gboolean terrane_mounts_are_needed (const TerraneMounts *self);

/** A OciProcessPrepareFunc; @data is the mounts. In namespaces of its own, so no rights are
 * needed, and nothing is left when the process ends. */
const char *terrane_mounts_prepare (gpointer data);

G_END_DECLS
