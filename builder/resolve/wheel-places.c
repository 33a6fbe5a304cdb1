#include "builder/resolve/wheel-places.h"

#include "builder/python/index.h"
#include "builder/python/select.h"
#include "builder/python/wheel-name.h"
#include "builder/source/file-digest.h"

#include "oci/registry/credentials.h"
#include "oci/registry/url.h"

#include <string.h>

#define PYPI "https://pypi.org/simple"

static void
add_urls (GPtrArray *urls, const char *words)
{
  g_auto (GStrv) split = g_strsplit (words != NULL ? words : "", " ", -1);
  for (char **url = split; *url != NULL; url++)
    if ((*url)[0] != '\0')
      g_ptr_array_add (urls, g_strdup (*url));
}

/* The indexes in the order in which they are named: of equal wheels the first is taken. */
static char **
list_indexes (const TerraneSourceSpec *spec, const TerraneRequirements *requirements)
{
  if (spec->wheels->indexes != NULL)
    return g_strdupv (spec->wheels->indexes);
  if (requirements->no_index)
    return g_new0 (char *, 1);
  GPtrArray *urls = g_ptr_array_new ();
  const char *primary = requirements->index_url;
  if (primary == NULL)
    primary = g_getenv ("PIP_INDEX_URL");
  add_urls (urls, primary != NULL && primary[0] != '\0' ? primary : PYPI);
  for (char **url = requirements->extra_index_urls; *url != NULL; url++)
    add_urls (urls, *url);
  add_urls (urls, g_getenv ("PIP_EXTRA_INDEX_URL"));
  g_ptr_array_add (urls, NULL);
  return (char **) g_ptr_array_free (urls, FALSE);
}

char *
terrane_wheel_places_file_name (const char *url)
{
  g_autofree char *path = g_strndup (url, strcspn (url, "?#"));
  const char *slash = strrchr (path, '/');
  const char *name = slash != NULL ? slash + 1 : path;
  g_autofree char *decoded = g_uri_unescape_string (name, "/");
  return decoded != NULL ? g_steal_pointer (&decoded) : g_strdup (name);
}

/* Of a URL that may have a user and a password: the same origin gets them. */
static char *
authorize_as (const char *with_user, const OciUrlOrigin *target)
{
  g_auto (OciUrlOrigin) origin = { 0 };
  g_autofree char *bare = NULL;
  g_autoptr (OciSecret) authorization = NULL;
  if (oci_url_take_user (with_user, &bare, &authorization, NULL) && authorization != NULL
      && oci_url_origin (bare, &origin, NULL) && oci_url_same_origin (&origin, target))
    return g_steal_pointer (&authorization);
  return NULL;
}

char *
terrane_wheel_places_authorize (const TerraneSourceSpec *spec,
                                const TerraneRequirements *requirements,
                                const TerraneRequirement *requirement, const char *url)
{
  g_auto (GStrv) indexes = list_indexes (spec, requirements);
  g_auto (OciUrlOrigin) target = { 0 };
  if (!oci_url_origin (url, &target, NULL))
    return NULL;
  char *authorization = requirement->url != NULL ? authorize_as (requirement->url, &target) : NULL;
  for (char **index = indexes; authorization == NULL && *index != NULL; index++)
    authorization = authorize_as (*index, &target);
  return authorization;
}

/* Pages of indexes, several under way at a time. */
typedef struct
{
  char **indexes;
  GHashTable *offers; /* normalised name -> GPtrArray of TerraneIndexFile */
  GPtrArray *names;   /* to ask for */
  unsigned jobs;
  OciHttpClient *client;
  GCancellable *cancellable;
  GMutex mutex;    /* guards @offers and @failure */
  GError *failure; /* (nullable): the first one */
} Pages;

static void
take_files (GPtrArray *list, GPtrArray *files)
{
  g_ptr_array_set_free_func (files, NULL);
  g_ptr_array_extend_and_steal (list, g_ptr_array_ref (files));
}

/* A project must be in one of the indexes, not in all. */
static gboolean
fetch_project (Pages *self, const char *name, GError **error)
{
  g_autoptr (GPtrArray) found =
      g_ptr_array_new_with_free_func ((GDestroyNotify) terrane_index_file_free);
  for (char **index = self->indexes; *index != NULL; index++)
    {
      g_autoptr (GError) local = NULL;
      g_autoptr (GPtrArray) files = NULL;
      if (terrane_index_fetch (self->client, *index, name, self->cancellable, &files, &local))
        take_files (found, files);
      else if (!g_error_matches (local, OCI_ERROR, OCI_ERROR_NOT_FOUND))
        {
          g_propagate_error (error, g_steal_pointer (&local));
          return FALSE;
        }
    }
  g_mutex_lock (&self->mutex);
  take_files (g_hash_table_lookup (self->offers, name), found);
  g_mutex_unlock (&self->mutex);
  return TRUE;
}

static void
fetch_in_thread (gpointer name, gpointer data)
{
  Pages *self = data;
  g_autoptr (GError) local = NULL;
  g_mutex_lock (&self->mutex);
  gboolean failed = self->failure != NULL;
  g_mutex_unlock (&self->mutex);
  if (failed || fetch_project (self, name, &local))
    return;
  g_mutex_lock (&self->mutex);
  if (self->failure == NULL)
    self->failure = g_steal_pointer (&local);
  g_mutex_unlock (&self->mutex);
}

static gboolean
fetch_all (OciHttpClient *client, GCancellable *cancellable, gpointer data, GError **error)
{
  Pages *self = data;
  self->client = client;
  self->cancellable = cancellable;
  g_mutex_init (&self->mutex);
  /* The threads change the lists, not the table. */
  GThreadPool *pool = g_thread_pool_new (fetch_in_thread, self, (int) self->jobs, FALSE, NULL);
  for (guint i = 0; i < self->names->len; i++)
    g_thread_pool_push (pool, self->names->pdata[i], NULL);
  g_thread_pool_free (pool, FALSE, TRUE);
  g_mutex_clear (&self->mutex);
  if (self->failure == NULL)
    return TRUE;
  g_propagate_error (error, self->failure);
  return FALSE;
}

/* The wheels of the wheelhouse that are of a wanted project, digested. */
static gboolean
list_wheelhouse (TerraneStore *store, const char *directory, GHashTable *offers, GError **error)
{
  g_autoptr (GPtrArray) files = NULL;
  if (!terrane_index_list_directory (directory, &files, error))
    return FALSE;
  for (guint i = 0; i < files->len; i++)
    {
      TerraneIndexFile *file = files->pdata[i];
      g_autoptr (TerraneWheelName) name = terrane_wheel_name_parse (file->file_name, NULL);
      GPtrArray *list = name != NULL ? g_hash_table_lookup (offers, name->name) : NULL;
      if (list == NULL)
        continue;
      if (!terrane_file_digest (store, file->url, &file->sha256, error))
        return FALSE;
      file->has_sha256 = TRUE;
      g_ptr_array_add (list, terrane_index_file_copy (file));
    }
  return TRUE;
}

/* The wheelhouse, and what the requirements file says of directories. */
static GPtrArray *
find_directories (const TerraneSourceSpec *spec, const TerraneRequirements *requirements,
                  GError **error)
{
  const TerraneWheelsSpec *wheels = spec->wheels;
  g_autoptr (GPtrArray) directories = g_ptr_array_new_with_free_func (g_free);
  if (wheels->wheelhouse != NULL)
    g_ptr_array_add (directories, g_strdup (wheels->wheelhouse));
  g_autofree char *beside = g_path_get_dirname (wheels->requirements);
  for (char **link = requirements->find_links; *link != NULL; link++)
    {
      g_autofree char *quoted = oci_url_quote (*link);
      if (strstr (*link, "://") != NULL)
        {
          oci_throw (error, OCI_ERROR_UNSUPPORTED,
                     "%s: --find-links %s: pages of links are not supported; use an index or a "
                     "directory",
                     wheels->requirements, quoted);
          return NULL;
        }
      g_ptr_array_add (directories, g_path_is_absolute (*link)
                                        ? g_strdup (*link)
                                        : g_build_filename (beside, *link, NULL));
    }
  return g_steal_pointer (&directories);
}

char *
terrane_wheel_places_find (const TerraneSourceSpec *spec, const TerraneRequirements *requirements,
                           const char *file_name, GError **error)
{
  g_autoptr (GPtrArray) directories = find_directories (spec, requirements, error);
  if (directories == NULL)
    return NULL;
  for (guint i = 0; i < directories->len; i++)
    {
      g_autofree char *path = g_build_filename (directories->pdata[i], file_name, NULL);
      if (g_file_test (path, G_FILE_TEST_EXISTS))
        return g_steal_pointer (&path);
    }
  oci_throw (error, OCI_ERROR_NOT_FOUND, "%s is not in the wheelhouse any more", file_name);
  return NULL;
}

static gboolean
list_directories (TerraneStore *store, const TerraneSourceSpec *spec,
                  const TerraneRequirements *requirements, GHashTable *offers, GError **error)
{
  g_autoptr (GPtrArray) directories = find_directories (spec, requirements, error);
  if (directories == NULL)
    return FALSE;
  for (guint i = 0; i < directories->len; i++)
    if (!list_wheelhouse (store, directories->pdata[i], offers, error))
      return FALSE;
  return TRUE;
}

/* "name @ file:///PATH", or a path, offers itself. */
static gboolean
offer_path (TerraneStore *store, GPtrArray *list, const TerraneRequirement *requirement,
            GError **error)
{
  g_autoptr (TerraneIndexFile) file = g_new0 (TerraneIndexFile, 1);
  file->url = g_strdup (requirement->path);
  file->file_name = g_path_get_basename (requirement->path);
  file->has_sha256 = TRUE;
  OCI_PREFIX (error, "%s", requirement->name);
  if (!terrane_file_digest (store, requirement->path, &file->sha256, error))
    return FALSE;
  g_ptr_array_add (list, g_steal_pointer (&file));
  return TRUE;
}

/* "name @ URL" offers itself. */
static gboolean
offer_url (GPtrArray *list, const TerraneRequirement *requirement, GError **error)
{
  g_autofree char *bare = NULL;
  g_autoptr (OciSecret) authorization = NULL;
  if (!oci_url_take_user (requirement->url, &bare, &authorization, error))
    return FALSE;
  TerraneIndexFile *file = g_new0 (TerraneIndexFile, 1);
  file->url = g_steal_pointer (&bare);
  file->file_name = terrane_wheel_places_file_name (requirement->url);
  if (requirement->hashes->len == 1)
    {
      file->has_sha256 = TRUE;
      file->sha256 = g_array_index (requirement->hashes, OciDigest, 0);
    }
  g_ptr_array_add (list, file);
  return TRUE;
}

static GPtrArray *
new_list (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) terrane_index_file_free);
}

/* Whether a directory has a wheel that will do: no index need be asked. */
static gboolean
is_offered (const GPtrArray *list, const TerraneRequirement *requirement,
            const TerranePythonTarget *target)
{
  return list->len > 0
         && terrane_select_wheel (requirement->name, requirement->version, list,
                                  (const OciDigest *) (gconstpointer) requirement->hashes->data,
                                  requirement->hashes->len, target, NULL)
                != NULL;
}

GHashTable *
terrane_wheel_places_list (TerraneRemote *remote, const TerraneSourceSpec *spec,
                           const TerraneRequirements *requirements, const GPtrArray *wanted,
                           const TerranePythonTarget *target, GError **error)
{
  g_autoptr (GHashTable) offers =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_ptr_array_unref);
  g_autoptr (GPtrArray) names = g_ptr_array_new (); /* to ask indexes for */
  for (guint i = 0; i < wanted->len; i++)
    g_hash_table_insert (offers, g_strdup (((TerraneRequirement *) wanted->pdata[i])->normalised),
                         new_list ());
  if (!list_directories (terrane_remote_store (remote), spec, requirements, offers, error))
    return NULL;
  for (guint i = 0; i < wanted->len; i++)
    {
      TerraneRequirement *requirement = wanted->pdata[i];
      GPtrArray *list = g_hash_table_lookup (offers, requirement->normalised);
      if ((requirement->url != NULL && !offer_url (list, requirement, error))
          || (requirement->path != NULL
              && !offer_path (terrane_remote_store (remote), list, requirement, error)))
        return NULL;
      if (requirement->url == NULL && requirement->path == NULL
          && !is_offered (list, requirement, target))
        g_ptr_array_add (names, requirement->normalised);
    }
  g_auto (GStrv) indexes = list_indexes (spec, requirements);
  Pages pages = {
    .indexes = indexes, .offers = offers, .names = names, .jobs = terrane_remote_jobs (remote)
  };
  if (names->len > 0 && indexes[0] != NULL
      && !terrane_remote_run (remote, fetch_all, &pages, error))
    return NULL;
  return g_steal_pointer (&offers);
}
