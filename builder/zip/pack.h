/* Packs the members of zips once, so that their size is known before any file is written, and each
 * can be put into whichever file has room for it.
 *
 * Errors: %OCI_ERROR_USAGE, %OCI_ERROR_FORMAT, %OCI_ERROR_CORRUPT, %OCI_ERROR_UNSUPPORTED,
 * %OCI_ERROR_LIMIT, %OCI_ERROR_IO, %OCI_ERROR_CANCELLED. */
#pragma once

#include "builder/progress.h"
#include "builder/store/store.h"
#include "builder/store/tree.h"

#include "oci/base/temp-file.h"
#include "oci/zip-writer.h"

G_BEGIN_DECLS

typedef struct
{
  char *path; /* in the zip */
  TerraneNode *node;
  OciZipContent content;
  uint64_t at; /* of a file: offset of its packed content in the spool */
} TerraneZipMember;

typedef struct
{
  GPtrArray *members; /* of TerraneZipMember, parents first, those of a directory sorted by name */
  OciTempFile spool;  /* packed content */
} TerraneZipPack;

void terrane_zip_pack_clear (TerraneZipPack *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerraneZipPack, terrane_zip_pack_clear)

#define TERRANE_ZIP_PACK_INIT                                                                      \
  {                                                                                                \
    .members = NULL, .spool = OCI_TEMP_FILE_INIT                                                   \
  }

typedef struct
{
  TerraneStore *store;
  int directory; /* where to create the spool, without a name */
  unsigned jobs; /* number of threads, at least 1 */
  const TerraneProgress *progress;
} TerraneZipPackOptions;

/**
 * terrane_zip_pack_tree:
 * @tree: must outlive @out
 * @out: (out caller-allocates)
 *
 * Packs the files of @tree, which are verified when they are read. The packed bytes do not depend
 * on the number of threads.
 *
 * Errors: see the head.
 */
gboolean terrane_zip_pack_tree (TerraneTree *tree, const TerraneZipPackOptions *options,
                                TerraneZipPack *out, GError **error);

typedef struct
{
  uint64_t size; /* of the file */
  OciDigest sha256;
} TerraneZipFile;

/**
 * terrane_zip_write:
 * @members: (element-type TerraneZipMember): some of @pack's, in their order
 * @directory: of the file
 * @name: replaces a file of that name once it is complete and on the disk
 *
 * Writes a zip file.
 *
 * Errors: see the head.
 */
gboolean terrane_zip_write (const TerraneZipPack *pack, const GPtrArray *members, int directory,
                            const char *name, TerraneZipFile *out, GError **error);

G_END_DECLS
