/* Installs a wheel without Python: its files as a stream of entries, as `pip install --target`
 * would lay them out. packaging.python.org "Binary distribution format", "Recording installed
 * projects", "Entry points specification".
 *
 * Wheels come from strangers. A wheel is refused whole when it has paths that lead elsewhere,
 * links, two members of one name, or is larger than 4 GiB unpacked, 2 GiB in one member, 200000
 * members, or 200 times its file. RECORD decides nothing, as with pip and uv: which wheel is meant
 * its own digest says, and what is not right with RECORD is told. */
#pragma once

#include "oci/entry.h"

#include "builder/python/metadata.h"
#include "builder/python/target.h"

G_BEGIN_DECLS

typedef struct _TerraneWheel TerraneWheel; /* for one thread */

/**
 * terrane_wheel_open:
 * @file_name: "NAME-VERSION(-BUILD)-PYTHON-ABI-PLATFORM.whl", without directories
 * @fd: the file, open for reading and seekable; borrowed, must outlive the wheel; its offset moves
 *
 * Reads the list of members and the metadata. The name and version of the file must be those of
 * the .dist-info directory and of METADATA.
 *
 * Returns: (transfer full): %OCI_ERROR_FORMAT when it is not a sound wheel, %OCI_ERROR_LIMIT when
 * it is over a limit, %OCI_ERROR_UNSUPPORTED for a Wheel-Version other than 1.x
 */
TerraneWheel *terrane_wheel_open (const char *file_name, int fd, GError **error);

void terrane_wheel_free (TerraneWheel *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneWheel, terrane_wheel_free)

/**
 * terrane_wheel_check_target:
 *
 * Whether METADATA says that the wheel is for the Python of @target (Requires-Python); its tags are
 * those of its file name, as for pip. %OCI_ERROR_FORMAT when not.
 */
gboolean terrane_wheel_check_target (const TerraneWheel *self, const TerranePythonTarget *target,
                                     GError **error);

/**
 * terrane_wheel_explain_tags:
 *
 * A file may have been given another name, and builders write wrong tags.
 *
 * Returns: (transfer full) (nullable): what a finding says when no tag of WHEEL fits @target
 */
char *terrane_wheel_explain_tags (const TerraneWheel *self, const TerranePythonTarget *target);

/** Name as METADATA writes it. Returns: (transfer none) */
const char *terrane_wheel_name (const TerraneWheel *self);
/** Version as METADATA writes it. Returns: (transfer none) */
const char *terrane_wheel_version (const TerraneWheel *self);
/** METADATA: requirements too. Returns: (transfer none) */
const TerraneMetadata *terrane_wheel_metadata (const TerraneWheel *self);

/* How to install. Strings are borrowed. */
typedef struct
{
  const char *interpreter; /* absolute path in the image, such as "/var/lang/bin/python3.12" */
  const char *installer;   /* content of INSTALLER without its newline, such as "terrane" */
  gboolean requested;      /* the user named it: REQUESTED is written */
} TerraneWheelLayout;

/** Reads content of the entry at hand; *@out_read is 0 at its end. */
typedef gboolean (*TerraneWheelRead) (gpointer data, void *buffer, size_t len, size_t *out_read,
                                      GError **error);

/**
 * TerraneWheelFunc:
 * @entry: a file of root, 0644 or 0755, its path relative to the site directory; @size is a hint,
 *   as a script whose first line is rewritten gets another one
 *
 * What it does not read is read after it.
 */
typedef gboolean (*TerraneWheelFunc) (gpointer data, const OciEntry *entry, TerraneWheelRead read,
                                      gpointer read_data, GError **error);

/**
 * terrane_wheel_install:
 *
 * Calls @func for every file to install; directories are not among them. What is in the wheel comes
 * in the wheel's order, then what is generated: a script for each entry point, INSTALLER,
 * REQUESTED and RECORD. The same wheel and layout give the same stream.
 *
 * | in the wheel | installed as |
 * |---|---|
 * | PATH, NAME-VERSION.data/{purelib,platlib,data}/PATH | PATH |
 * | NAME-VERSION.data/scripts/X | bin/X, 0755, with a first line "#!python…" rewritten |
 * | NAME-VERSION.data/headers/PATH | include/python/NAME/PATH |
 *
 * Left out: INSTALLER, REQUESTED, direct_url.json and signatures of RECORD, and scripts that an
 * entry point's script replaces. Two members with one destination are an error.
 *
 * Errors: those of @func and of the zip file; %OCI_ERROR_FORMAT as above. Nothing that @func was
 * given may be used when this fails.
 */
gboolean terrane_wheel_install (TerraneWheel *self, const TerraneWheelLayout *layout,
                                TerraneWheelFunc func, gpointer data, GError **error);

/** Of a wheel that was installed: its files with their digests, RECORD last. Returns: (transfer
 * none) (element-type TerraneRecordRow) */
const GPtrArray *terrane_wheel_installed (const TerraneWheel *self);

/** Of a wheel that was installed: what is not right with the RECORD in it. Returns: (transfer full)
 * (nullable): words such as "‘a.py’ has another digest; ‘b.py’ is not listed; and 5 more" */
char *terrane_wheel_record_problems (const TerraneWheel *self);

G_END_DECLS
