#include "builder/resolve/fetch.h"

#include "builder/image/source-tree.h"
#include "builder/resolve/source-fetcher.h"

enum
{
  LABEL_LENGTH = 40, /* characters */
};

/* Data that downloads refer to. */
typedef struct
{
  gpointer data;
  GDestroyNotify free_func;
} Kept;

static void
kept_free (gpointer data)
{
  Kept *kept = data;
  kept->free_func (kept->data);
  g_free (kept);
}

void
terrane_fetch_keep (TerraneFetch *self, gpointer data, GDestroyNotify free_func)
{
  Kept *kept = g_new (Kept, 1);
  *kept = (Kept){ .data = data, .free_func = free_func };
  g_ptr_array_add (self->kept, kept);
}

/* Returns: (transfer full): the last component of the URL's path */
static char *
make_label (const char *url, const char *fallback)
{
  g_autofree char *path = g_strndup (url, strcspn (url, "?#"));
  const char *slash = strrchr (path, '/');
  const char *name = slash != NULL && slash[1] != '\0' ? slash + 1 : fallback;
  return g_utf8_validate (name, -1, NULL)
             ? g_utf8_substring (name, 0, MIN (g_utf8_strlen (name, -1), (glong) LABEL_LENGTH))
             : g_strdup (fallback);
}

void
terrane_fetch_add_file (TerraneFetch *self, const char *url, OciDigest sha256, const char *fallback,
                        char *where)
{
  char *label = make_label (url, fallback);
  const TerraneDownload download = { .url = url, .label = label, .where = where, .sha256 = sha256 };
  terrane_fetch_keep (self, label, g_free);
  terrane_fetch_keep (self, where, g_free);
  g_array_append_val (self->downloads, download);
}

static void
fetch_clear (TerraneFetch *self)
{
  g_clear_pointer (&self->downloads, g_array_unref);
  g_clear_pointer (&self->kept, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TerraneFetch, fetch_clear)

/* @pins: of TerranePin */
static gboolean
fetch (TerraneRemote *remote, const TerraneProfile *profile, const GPtrArray *pins, GError **error)
{
  g_auto (TerraneFetch) self = {
    .remote = remote,
    .downloads = g_array_new (FALSE, FALSE, sizeof (TerraneDownload)),
    .kept = g_ptr_array_new_with_free_func (kept_free),
  };
  for (guint i = 0; i < pins->len; i++)
    {
      TerranePin *pin = pins->pdata[i];
      const TerraneSourceFetcher *fetcher = terrane_source_fetcher_of (pin->spec->kind);
      gboolean stored = fetcher->fetch == NULL || pin->is_taken;
      if (!stored
          && !terrane_source_tree_is_stored (terrane_remote_store (remote), pin, &stored, error))
        return FALSE;
      if (!stored && !fetcher->fetch (&self, pin, error))
        return FALSE;
    }
  OCI_PREFIX (error, "%s", profile->path);
  return terrane_remote_download (remote,
                                  (const TerraneDownload *) (gconstpointer) self.downloads->data,
                                  self.downloads->len, error);
}

gboolean
terrane_fetch_base (TerraneRemote *remote, TerranePlan *plan, GError **error)
{
  g_autoptr (GPtrArray) pins = g_ptr_array_new ();
  g_ptr_array_add (pins, plan->base);
  return fetch (remote, plan->profile, pins, error);
}

gboolean
terrane_fetch_trees (TerraneRemote *remote, TerranePlan *plan, GError **error)
{
  return fetch (remote, plan->profile, plan->trees, error);
}
