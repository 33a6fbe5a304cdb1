/* For what opens a store. */
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
  OstreeRepo *repo; /* (nullable): once something needed it */
  OciLayout *layout;
  OciLayout *downloads;
  const TerraneElsewhere *elsewhere; /* (nullable) */
  GMutex elsewhere_mutex;
  gint notes_used;    /* atomic: something of another machine's notes was believed */
  gint notes_doubted; /* atomic: nothing is any more */
  json_t *reads;      /* (nullable): see terrane_reads_begin() */
};

/** Looks for a part of the store without following links. @out_stat: (out): when it is there.
 * Returns: FALSE for every error but ENOENT, which says that it is not there */
gboolean terrane_store_find_part (TerraneStore *self, const char *name, struct stat *out_stat,
                                  gboolean *out_there, GError **error);

/** Whether the repository is as terrane makes it, so that it can be opened later. */
gboolean terrane_store_repo_is_usual (TerraneStore *self);

/** The kernel's id of this boot. @out_id: (out) (transfer full) */
gboolean terrane_store_read_boot_id (char **out_id, GError **error);

G_END_DECLS
