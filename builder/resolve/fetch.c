#include "builder/resolve/fetch.h"

#include "builder/image/tree-cache.h"
#include "builder/remote/download.h"
#include "builder/remote/ostree.h"
#include "builder/resolve/fetch-wheels.h"
#include "builder/source/ostree.h"
#include "builder/store/pulled.h"

#include <string.h>

enum
{
  LABEL_BYTES = 40,
};

/* The last component of the URL's path. Returns: (transfer full) */
static char *
make_label (const TerraneSourceSpec *spec, const char *url)
{
  g_autofree char *path = g_strndup (url, strcspn (url, "?#"));
  const char *slash = strrchr (path, '/');
  const char *name = slash != NULL && slash[1] != '\0' ? slash + 1 : spec->name;
  return g_utf8_validate (name, -1, NULL)
             ? g_utf8_substring (name, 0, MIN (g_utf8_strlen (name, -1), (glong) LABEL_BYTES))
             : g_strdup (spec->name);
}

static void
collect_archives (const TerraneSourceSpec *spec, GArray *downloads, GPtrArray *texts)
{
  for (guint i = 0; i < spec->archives->len; i++)
    {
      const TerraneArchiveFile *file = spec->archives->pdata[i];
      if (file->url == NULL)
        continue;
      char *label = make_label (spec, file->url);
      const TerraneDownload download = { .url = file->url, .label = label, .sha256 = file->sha256 };
      g_ptr_array_add (texts, label);
      g_array_append_val (downloads, download);
    }
}

gboolean
terrane_fetch_ostree_commit (TerraneRemote *remote, const TerraneSourceSpec *spec,
                             OciDigest *out_commit, GError **error)
{
  OCI_PREFIX (error, "%s.ostree", spec->where);
  if (terrane_ostree_is_remote (spec) && !terrane_ostree_is_pinned (spec, out_commit))
    return terrane_remote_resolve_ostree (remote, spec->ostree_repository, spec->ostree_ref,
                                          out_commit, error);
  return terrane_ostree_resolve (terrane_remote_store (remote), spec, out_commit, error);
}

static gboolean
fetch_commit (TerraneRemote *remote, const TerraneSourceSpec *spec, TerraneModes modes,
              GError **error)
{
  OciDigest commit;
  OciDigestHex hex;
  TerraneStore *store = terrane_remote_store (remote);
  if (!terrane_ostree_is_remote (spec))
    return TRUE;
  if (!terrane_fetch_ostree_commit (remote, spec, &commit, error))
    return FALSE;
  gboolean stored = FALSE;
  if (!terrane_tree_is_stored (store, spec, modes, &stored, error))
    return FALSE;
  if (stored)
    return TRUE;
  OCI_PREFIX (error, "%s.ostree", spec->where);
  /* Noted before and by its checksum too, so that gc keeps what has arrived. */
  return terrane_store_begin_write (store, error)
         && terrane_pulled_note (store, spec->ostree_repository, oci_digest_hex (&commit, hex),
                                 &commit, error)
         && terrane_remote_pull_ostree (remote, spec->ostree_repository, &commit, error);
}

/* What is to be downloaded, and what must stay meanwhile. */
typedef struct
{
  GArray *downloads;   /* of TerraneDownload */
  GPtrArray *texts;    /* of strings */
  GPtrArray *searches; /* of TerraneWheelSearch */
} Wanted;

static void
wanted_clear (Wanted *self)
{
  g_clear_pointer (&self->downloads, g_array_unref);
  g_clear_pointer (&self->texts, g_ptr_array_unref);
  g_clear_pointer (&self->searches, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Wanted, wanted_clear)

static gboolean
fetch_source (TerraneRemote *remote, const TerraneSourceSpec *spec, TerraneModes modes,
              Wanted *wanted, GError **error)
{
  if (spec->kind == TERRANE_SOURCE_OSTREE)
    return fetch_commit (remote, spec, modes, error);
  gboolean from_files = spec->kind == TERRANE_SOURCE_ARCHIVE || spec->kind == TERRANE_SOURCE_WHEELS;
  gboolean stored = !from_files;
  if (from_files
      && !terrane_tree_is_stored (terrane_remote_store (remote), spec, modes, &stored, error))
    return FALSE;
  if (stored)
    return TRUE;
  if (spec->kind == TERRANE_SOURCE_ARCHIVE)
    {
      collect_archives (spec, wanted->downloads, wanted->texts);
      return TRUE;
    }
  TerraneWheelSearch *search = terrane_wheel_search_new (remote, spec, wanted->downloads, error);
  if (search != NULL)
    g_ptr_array_add (wanted->searches, search);
  return search != NULL;
}

/* @specs: of TerraneSourceSpec */
static gboolean
fetch (TerraneRemote *remote, const TerraneProfile *profile, const GPtrArray *specs, GError **error)
{
  g_auto (Wanted) wanted = {
    .downloads = g_array_new (FALSE, FALSE, sizeof (TerraneDownload)),
    .texts = g_ptr_array_new_with_free_func (g_free),
    .searches = g_ptr_array_new_with_free_func ((GDestroyNotify) terrane_wheel_search_free),
  };
  for (guint i = 0; i < specs->len; i++)
    {
      const TerraneSourceSpec *spec = specs->pdata[i];
      TerraneModes modes = spec == profile->base ? TERRANE_MODES_KEEP : spec->transforms->modes;
      if (!fetch_source (remote, spec, modes, &wanted, error))
        return FALSE;
    }
  OCI_PREFIX (error, "%s", profile->path);
  return terrane_remote_download (remote,
                                  (const TerraneDownload *) (gconstpointer) wanted.downloads->data,
                                  wanted.downloads->len, error);
}

gboolean
terrane_fetch_base (TerraneRemote *remote, const TerraneProfile *profile, GError **error)
{
  g_autoptr (GPtrArray) specs = g_ptr_array_new ();
  g_ptr_array_add (specs, profile->base);
  return fetch (remote, profile, specs, error);
}

gboolean
terrane_fetch_trees (TerraneRemote *remote, const TerraneProfile *profile, GError **error)
{
  return fetch (remote, profile, profile->trees, error);
}
