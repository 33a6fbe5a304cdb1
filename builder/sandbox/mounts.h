/* Mounts that are made before bubblewrap runs because it has no option for them: devices that no
 * program can change, file systems other than tmpfs, and a writable root over a directory that must
 * not be written to. */
#pragma once

#include "builder/sandbox/binfmt.h"
#include "builder/sandbox/mount-points.h"
#include "builder/sandbox/spec.h"

G_BEGIN_DECLS

/* Places of these, below the sandbox's root directory, in the namespace of the prepared process. */
#define TERRANE_MOUNTS_ROOT "/merged"          /* the image's files */
#define TERRANE_MOUNTS_TMP "/tmp"              /* for /tmp */
#define TERRANE_MOUNTS_SHM "/scratch/shm"      /* for /dev/shm: in the memory of /tmp */
#define TERRANE_MOUNTS_DEV "/view/dev"         /* for /dev: links, and mount points for devices */
#define TERRANE_MOUNTS_NOTHING "/view/nothing" /* an empty directory */
#define TERRANE_MOUNTS_PASSWD "/view/passwd"   /* for /etc/passwd */
#define TERRANE_MOUNTS_FILES "/view/files/"    /* for TERRANE_SANDBOX_FILES */

/** Returns: (transfer none): devices of the sandbox, ended by %NULL: those of the host, by path */
const char *const *terrane_mounts_devices (void);

/** Returns: (transfer none): links in /dev, as pairs of a path and a target, ended by %NULL */
const char *const *terrane_mounts_links (void);

/* Everything is made before the fork; terrane_mounts_prepare() only makes system calls. */
typedef struct
{
  const char *root;
  const TerraneSandboxFile *files; /* (nullable) */
  /* Whether all of the above is available: the kernel lets a namespace have overlays (since Linux
   * 5.11). Otherwise bubblewrap makes what it can, and /tmp and /dev are a tmpfs. */
  gboolean overlays;
  TerraneBinfmt *binfmt; /* (nullable): its own list, if the host's is not empty */
  gboolean protect;      /* protects devices from a program that is their owner */
  gboolean writable;
  gboolean shm; /* whether there is /dev/shm */
  gboolean
      over_root; /* the root is an overlay, whose changes are in memory: if it is writable, if there
                    is no /etc/passwd to be covered, or if the place of a mount is missing */
  GPtrArray *points; /* of TerraneMountPoint */
  GPtrArray *own;    /* of TerraneHostMount: the sandbox's mounts, and terrane's own */
  char *passwd_path; /* (nullable): of the image's /etc/passwd, without links; NULL if it has to be
                        made */
  GBytes *passwd;    /* its content for the program */
  char *tmp_options;
  char *uid_map;
  char *gid_map;
} TerraneMounts;

/**
 * terrane_mounts_init:
 * @sandbox, @files: (nullable): must outlive it
 * @out_assumed: (out) (optional): whether overlays were assumed to be allowed without trying. The
 *   caller reports with terrane_mounts_learn() whether preparing them succeeded. %NULL: they are
 *   tried first, which costs a process and the end of its namespaces
 *
 * To be cleared by the caller, also after a failure.
 *
 * Errors: %OCI_ERROR_USAGE, %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_LIMIT, %OCI_ERROR_IO.
 */
gboolean terrane_mounts_init (TerraneMounts *self, const TerraneSandbox *sandbox,
                              const TerraneSandboxFile *files, gboolean *out_assumed,
                              GError **error);
/** Records whether overlays are allowed, for the rest of this process. */
void terrane_mounts_learn (gboolean overlays_allowed);
void terrane_mounts_clear (TerraneMounts *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerraneMounts, terrane_mounts_clear)

/** Whether there is anything to prepare. Without overlays and emulators of the kernel, only for
 * root: only as the owner of a device can a program change its mode. */
gboolean terrane_mounts_are_needed (const TerraneMounts *self);

/** An OciProcessPrepareFunc; @data is the mounts. Works in its own namespaces, so no rights are
 * needed, and nothing remains when the process ends. Returns: (transfer none) (nullable): what
 * failed, static */
const char *terrane_mounts_prepare (gpointer data);

G_END_DECLS
