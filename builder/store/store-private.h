/* Internals of a store, for the files that open it. */
#pragma once

#include "builder/store/store.h"

#include "oci/base/json.h"

G_BEGIN_DECLS

#define TERRANE_STORE_UNSYNCED "unsynced"
#define TERRANE_STORE_CONFIG "[core]\nrepo_version=1\nmode=bare-user\n" /* of repo/ */

typedef struct _TerraneElsewhere TerraneElsewhere; /* elsewhere.h */

struct _TerraneStore
{
  char *path;
  OciFd dfd;
  OciFd lock;
  OciFd roots;
  GArray *kept;     /* (nullable): of OciFd */
  GMutex mutex;     /* of @repo */
  OstreeRepo *repo; /* (nullable): set once something needed it */
  unsigned jobs;    /* 0 if it is not set */
  OciLayout *layout;
  OciLayout *downloads;
  const TerraneElsewhere *elsewhere; /* (nullable) */
  GMutex elsewhere_mutex;
  gint notes_used;    /* atomic: another machine's notes were used */
  gint notes_doubted; /* atomic: they are not used any more */
  json_t *reads;      /* (nullable): see terrane_reads_begin() */
  GMutex looked_mutex;
  GHashTable *looked; /* (nullable): digest in hex -> GBytes, see looked.h */
  uint64_t looked_bytes;
};

/** Looks for a part of the store without following links. @out_stat: (out): if it exists. A missing
 * one is not an error. Errors: %OCI_ERROR_IO. */
gboolean terrane_store_find_part (TerraneStore *self, const char *name, struct stat *out_stat,
                                  gboolean *out_there, GError **error);

/** Whether the repository has terrane's usual form, so that it can be opened later. */
gboolean terrane_store_repo_is_usual (TerraneStore *self);

/** Reads the kernel's id of this boot. @out_id: (out) (transfer full). Errors: %OCI_ERROR_IO. */
gboolean terrane_store_read_boot_id (char **out_id, GError **error);

G_END_DECLS
