/* Installs a wheel without Python: its files as a stream of entries, in the layout of `pip install
 * --target`. https://packaging.python.org/en/latest/specifications/ "Binary distribution format",
 * "Recording installed projects", "Entry points".
 *
 * Wheels are untrusted. A wheel is refused as a whole if it has paths that lead outside, links, two
 * members of one name, or is larger than 4 GiB unpacked, 2 GiB in one member, 200000 members, or
 * 200 times its file. As with pip and uv, RECORD decides nothing: the digest of the wheel
 * determines it, and problems of RECORD are reported. */
#pragma once

#include "oci/entry.h"

#include "builder/python/metadata.h"
#include "builder/python/target.h"

G_BEGIN_DECLS

typedef struct _TerraneWheel TerraneWheel; /* for one thread */

/**
 * terrane_wheel_open:
 * @file_name: "NAME-VERSION(-BUILD)-PYTHON-ABI-PLATFORM.whl", without directories
 * @fd: the file, open for reading and seekable; borrowed, must outlive the wheel; its offset
 *   changes
 *
 * Reads the list of members and the metadata. The name and version of the file must be those of the
 * .dist-info directory and of METADATA.
 *
 * Returns: (transfer full)
 * Errors: %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT if it is not a valid wheel; %OCI_ERROR_LIMIT if it
 *   exceeds a limit; %OCI_ERROR_UNSUPPORTED for a Wheel-Version other than 1.x; %OCI_ERROR_IO.
 */
TerraneWheel *terrane_wheel_open (const char *file_name, int fd, GError **error);

void terrane_wheel_free (TerraneWheel *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TerraneWheel, terrane_wheel_free)

/** Whether METADATA allows the Python of @target (Requires-Python); as for pip, its tags are those
 * of its file name. %OCI_ERROR_FORMAT if not. */
gboolean terrane_wheel_check_target (const TerraneWheel *self, const TerranePythonTarget *target,
                                     GError **error);

/**
 * terrane_wheel_explain_tags:
 * Checks the tags in WHEEL, since a file may have been renamed, and builders write wrong tags.
 *
 * Returns: (transfer full) (nullable): message of a finding if no tag of WHEEL matches @target
 */
char *terrane_wheel_explain_tags (const TerraneWheel *self, const TerranePythonTarget *target);

/** Returns: (transfer none): name as spelt in METADATA */
const char *terrane_wheel_name (const TerraneWheel *self);
/** Returns: (transfer none): version as spelt in METADATA */
const char *terrane_wheel_version (const TerraneWheel *self);
/** Returns: (transfer none): METADATA, including requirements */
const TerraneMetadata *terrane_wheel_metadata (const TerraneWheel *self);

/* How to install. Strings are borrowed. */
typedef struct
{
  const char *interpreter; /* absolute path in the image, such as "/var/lang/bin/python3.12" */
  const char *installer;   /* content of INSTALLER without its newline, such as "terrane" */
  gboolean requested;      /* REQUESTED is written, since the user asked for this project */
} TerraneWheelLayout;

/** Reads content of the current entry; *@out_read is 0 at its end. */
typedef gboolean (*TerraneWheelRead) (gpointer data, void *buffer, size_t len, size_t *out_read,
                                      GError **error);

/**
 * @entry: a file of root, 0644 or 0755, its path relative to the site directory; @size is a hint,
 *   since a script whose first line is rewritten changes its size
 *
 * Receives a file. Unread content is drained and verified after the callback returns.
 */
typedef gboolean (*TerraneWheelFunc) (gpointer data, const OciEntry *entry, TerraneWheelRead read,
                                      gpointer read_data, GError **error);

/**
 * terrane_wheel_install:
 * Calls @func for every file to install, not for directories. First come the files of the wheel in
 * its order, then the generated ones: a script for each entry point, INSTALLER, REQUESTED and
 * RECORD. The same wheel and layout give the same stream.
 *
 * | in the wheel | installed as | |---|---|
 * | PATH, NAME-VERSION.data/{purelib,platlib,data}/PATH | PATH |
 * | NAME-VERSION.data/scripts/X | bin/X, 0755, with a first line "#!python…" rewritten |
 * | NAME-VERSION.data/headers/PATH | include/python/NAME/PATH |
 *
 * Omits INSTALLER, REQUESTED, direct_url.json and signatures of RECORD, and scripts that an entry
 * point's script replaces. Two members with one destination are an error. After a failure, nothing
 * that @func received may be used.
 *
 * Errors: those of @func and of the zip file; %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT,
 *   %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_LIMIT, %OCI_ERROR_IO.
 */
gboolean terrane_wheel_install (TerraneWheel *self, const TerraneWheelLayout *layout,
                                TerraneWheelFunc func, gpointer data, GError **error);

/** For an installed wheel: its files with their digests, RECORD last. Returns: (transfer none)
 * (element-type TerraneRecordRow) */
const GPtrArray *terrane_wheel_installed (const TerraneWheel *self);

/** For an installed wheel: problems of its RECORD. Returns: (transfer full) (nullable): words such
 * as "‘a.py’ has another digest; ‘b.py’ is not listed; and 5 more" */
char *terrane_wheel_record_problems (const TerraneWheel *self);

G_END_DECLS
