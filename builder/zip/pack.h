/* The members of zips, packed once: what they will take is known before any file is written, and
 * each can go into whichever file has room for it. */
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
  uint64_t at; /* of a file: where its packed content is in the spool */
} TerraneZipMember;

typedef struct
{
  GPtrArray *members; /* of TerraneZipMember, parents first, each directory's by name */
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
  int directory; /* where the spool is, without a name */
  unsigned jobs; /* threads, at least 1 */
  const TerraneProgress *progress;
} TerraneZipPackOptions;

/**
 * terrane_zip_pack_tree:
 * @tree: must outlive @out
 * @out: (out caller-allocates)
 *
 * Packs the files of @tree, which are verified while they are read. The packed bytes do not depend
 * on the number of threads.
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
 * @directory: where the file will be
 * @name: replaces a file of that name when it is complete and on the disk
 */
gboolean terrane_zip_write (const TerraneZipPack *pack, const GPtrArray *members, int directory,
                            const char *name, TerraneZipFile *out, GError **error);

G_END_DECLS
