/* Archives: the digest of each file; for a URL the profile has it. */
#include "builder/resolve/source-fetcher.h"
#include "builder/resolve/source-resolver.h"
#include "builder/source/file-digest.h"

#include "oci/http/credentials.h"
#include "oci/http/url.h"

#include <string.h>
#include <sys/stat.h>

/* A user and password in a URL are only for the server, and so is a query, which is often a
 * signature: the digest identifies the file. */
static gboolean
set_place (const TerraneResolution *self, const TerraneArchiveFile *file, json_t *archive,
           GError **error)
{
  g_autofree char *text = NULL;
  g_autoptr (OciSecret) authorization = NULL;
  if (file->url != NULL && !oci_url_take_user (file->url, &text, &authorization, error))
    return FALSE;
  if (file->url == NULL)
    text = terrane_resolution_path (self, file->path);
  else
    text[strcspn (text, "?#")] = '\0';
  oci_json_set (archive, file->url != NULL ? "url" : "file", oci_json_text (text));
  return TRUE;
}

static json_t *
ask (TerraneResolution *self, const TerraneSourceSpec *spec, GError **error)
{
  OciDigestHex hex;
  json_t *archives = json_array ();
  g_autoptr (OciJsonValue) entry = json_object ();
  oci_json_set (entry, "archives", archives);
  for (guint i = 0; i < spec->archives->len; i++)
    {
      const TerraneArchiveFile *file = spec->archives->pdata[i];
      json_t *archive = json_object ();
      oci_json_append (archives, archive);
      if (!set_place (self, file, archive, error))
        return NULL;
      if (file->has_sha256)
        oci_json_set (archive, "sha256", oci_json_text (oci_digest_hex (&file->sha256, hex)));
    }
  return g_steal_pointer (&entry);
}

/* Locks of older versions have queries, which are kept until the lock is made again. */
static void
keep_queries (const json_t *locked, json_t *entry)
{
  size_t i;
  json_t *archive;
  json_array_foreach (json_object_get (entry, "archives"), i, archive)
  {
    json_t *before =
        json_object_get (json_array_get (json_object_get (locked, "archives"), i), "url");
    if (before != NULL && json_object_get (archive, "url") != NULL)
      oci_json_set (archive, "url", json_incref (before));
  }
}

/* Whether some file of the base has to be read for its digest. */
static gboolean
is_unread (TerraneStore *store, const TerraneSourceSpec *spec)
{
  for (guint i = 0; i < spec->archives->len; i++)
    {
      const TerraneArchiveFile *file = spec->archives->pdata[i];
      struct stat st;
      if (!file->has_sha256 && file->url == NULL && stat (file->path, &st) == 0
          && S_ISREG (st.st_mode) && !terrane_stat_is_racy (&st)
          && !terrane_file_digest_is_known (store, &st))
        return TRUE;
    }
  return FALSE;
}

static gboolean
add_digests (TerraneResolution *self, const TerranePin *pin, const json_t *locked, json_t *entry,
             GError **error)
{
  const TerraneSourceSpec *spec = pin->spec;
  OCI_PREFIX (error, "%s.archive", spec->where);
  keep_queries (locked, entry);
  for (guint i = 0; i < spec->archives->len; i++)
    {
      const TerraneArchiveFile *file = spec->archives->pdata[i];
      OciDigest digest;
      OciDigestHex hex;
      if (file->has_sha256) /* compared with the file when it is read */
        continue;
      if (!terrane_file_digest (self->options->store, file->path, &digest, error))
        return FALSE;
      json_t *object = json_array_get (json_object_get (entry, "archives"), i);
      oci_json_set (object, "sha256", oci_json_text (oci_digest_hex (&digest, hex)));
    }
  return TRUE;
}

/* A base that will be read is read now: unpacking its files digests them in the same pass. If
 * registries can be asked, it may not have to be read. */
static gboolean
answer (TerraneResolution *self, TerranePin *pin, const json_t *locked, json_t *entry,
        GError **error)
{
  const TerraneResolveOptions *options = self->options;
  if (pin == self->plan->base && self->reads_base && !options->look && options->shared == NULL
      && is_unread (options->store, pin->spec) && terrane_resolution_base (self, error) == NULL)
    return FALSE;
  return add_digests (self, pin, locked, entry, error);
}

const TerraneSourceResolver terrane_resolver_archive = {
  .ask = ask,
  .answer = answer,
};

static gboolean
fetch (TerraneFetch *self, const TerranePin *pin, G_GNUC_UNUSED GError **error)
{
  const GPtrArray *archives = pin->spec->archives;
  for (guint i = 0; i < archives->len; i++)
    {
      const TerraneArchiveFile *file = archives->pdata[i];
      if (file->url == NULL)
        continue;
      terrane_fetch_add_file (self, file->url, file->sha256, pin->spec->name,
                              g_strdup_printf ("%s.archive", pin->spec->where));
    }
  return TRUE;
}

const TerraneSourceFetcher terrane_fetcher_archive = { .fetch = fetch };
