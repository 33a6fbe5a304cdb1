#include "builder/resolve/wheel-places-private.h"

#include "builder/python/index.h"
#include "builder/python/name.h"
#include "builder/python/requirement-location.h"
#include "builder/python/select.h"
#include "builder/python/wheel-name.h"
#include "builder/source/file-digest.h"

#include "oci/base/fd.h"
#include "oci/base/text-hash.h"
#include "oci/http/credentials.h"
#include "oci/http/url.h"

#include <fcntl.h>
#include <string.h>

#define PYPI "https://pypi.org/simple"

static gboolean
is_url (const char *text)
{
  return strstr (text, "://") != NULL || terrane_index_is_local (text);
}

/* As in pip: a path is relative to the requirements file. */
static char *
absolute_place (const TerraneSourceSpec *spec, const char *text)
{
  if (is_url (text))
    return g_strdup (text);
  g_autofree char *beside = g_path_get_dirname (spec->wheels->requirements);
  return g_path_is_absolute (text) || g_str_equal (beside, ".")
             ? g_strdup (text)
             : g_build_filename (beside, text, NULL);
}

/* An index that is a directory has a file URL. */
static void
add_url (const TerraneSourceSpec *spec, GPtrArray *urls, const char *text)
{
  g_autofree char *place = absolute_place (spec, text);
  g_autofree char *path = is_url (place) ? NULL : g_canonicalize_filename (place, NULL);
  g_ptr_array_add (urls,
                   path != NULL ? g_filename_to_uri (path, NULL, NULL) : g_steal_pointer (&place));
}

/* Splits lists in variables like pip. */
static void
add_urls (const TerraneSourceSpec *spec, GPtrArray *urls, const char *words)
{
  g_auto (GStrv) split = g_strsplit_set (words != NULL ? words : "", " \t\r\n", -1);
  for (char **word = split; *word != NULL; word++)
    if ((*word)[0] != '\0')
      add_url (spec, urls, *word);
}

/* Returns the indexes in the order in which they are named: the first of equal wheels is used. */
static char **
list_indexes (const TerraneSourceSpec *spec, const TerraneRequirements *requirements)
{
  if (spec->wheels->indexes != NULL)
    return g_strdupv (spec->wheels->indexes);
  GPtrArray *urls = g_ptr_array_new ();
  const char *primary = requirements->index_url;
  if (primary == NULL)
    primary = g_getenv ("PIP_INDEX_URL");
  if (!requirements->no_index)
    {
      add_url (spec, urls, primary != NULL && primary[0] != '\0' ? primary : PYPI);
      for (char **url = requirements->extra_index_urls; *url != NULL; url++)
        add_url (spec, urls, *url);
      add_urls (spec, urls, g_getenv ("PIP_EXTRA_INDEX_URL"));
    }
  g_ptr_array_add (urls, NULL);
  return (char **) g_ptr_array_free (urls, FALSE);
}

void
terrane_wheel_places_name (TerranePin *source, const TerraneRequirements *requirements)
{
  const TerraneSourceSpec *spec = source->spec;
  GPtrArray *links = g_ptr_array_new ();
  for (char **link = requirements->find_links; *link != NULL; link++)
    g_ptr_array_add (links, absolute_place (spec, *link));
  g_ptr_array_add (links, NULL);
  g_strfreev (source->wheels->indexes);
  g_strfreev (source->wheels->links);
  source->wheels->indexes = list_indexes (spec, requirements);
  source->wheels->links = (char **) g_ptr_array_free (links, FALSE);
}

static void
place_free (gpointer data)
{
  TerraneWheelPlace *self = data;
  oci_secret_free (self->url);
  g_free (self->shown);
  g_mutex_clear (&self->mutex);
  g_clear_pointer (&self->files, g_ptr_array_unref);
  g_clear_error (&self->failure);
  g_free (self);
}

static void
add_place (TerraneWheelPlaces *self, const char *url, gboolean is_page, gboolean must_exist)
{
  TerraneWheelPlace *place = g_new0 (TerraneWheelPlace, 1);
  place->url = g_strdup (url);
  place->shown = oci_url_quote (url);
  place->is_page = is_page;
  place->is_local = !is_url (url) || terrane_index_is_local (url);
  place->must_exist = must_exist;
  g_mutex_init (&place->mutex);
  g_ptr_array_add (self->places, place);
  if (!place->is_local)
    g_ptr_array_add (self->servers, place);
}

static void
answer_free (gpointer data)
{
  TerraneWheelAnswer *self = data;
  g_clear_error (&self->failure);
  g_free (self);
}

static void
offer_free (gpointer data)
{
  TerraneWheelOffer *self = data;
  g_ptr_array_unref (self->files);
  g_ptr_array_unref (self->answers);
  g_free (self);
}

TerraneWheelPlaces *
terrane_wheel_places_new (const TerranePin *source, TerraneRemote *remote)
{
  const TerraneSourceSpec *spec = source->spec;
  g_autoptr (GError) local = NULL;
  TerraneWheelPlaces *self = g_new0 (TerraneWheelPlaces, 1);
  self->spec = spec;
  self->remote = remote;
  self->places = g_ptr_array_new_with_free_func (place_free);
  self->servers = g_ptr_array_new ();
  self->offers = g_hash_table_new_full (oci_text_hash, g_str_equal, g_free, offer_free);
  g_mutex_init (&self->mutex);
  if (spec->wheels->wheelhouse != NULL)
    add_place (self, spec->wheels->wheelhouse, TRUE, TRUE);
  for (char **link = source->wheels->links; *link != NULL; link++)
    add_place (self, *link, TRUE, FALSE);
  for (char **index = source->wheels->indexes; *index != NULL; index++)
    add_place (self, *index, FALSE, FALSE);
  self->netrc = oci_netrc_load (&local);
  if (self->netrc == NULL && terrane_remote_is_new (remote, local->message))
    terrane_progress_warn (terrane_remote_progress (remote), "%s; its passwords are not used",
                           local->message);
  return self;
}

void
terrane_wheel_places_free (TerraneWheelPlaces *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->offers);
  g_ptr_array_unref (self->servers);
  g_ptr_array_unref (self->places);
  oci_netrc_free (self->netrc);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

gboolean
terrane_wheel_places_has_remote (const TerraneWheelPlaces *self)
{
  return self->servers->len > 0;
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

/* Uses the user and password of a URL for its origin. */
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

/* Whether the user has named the host, rather than a page linking to it. */
static gboolean
names_host (const char *url, const OciUrlOrigin *target)
{
  g_auto (OciUrlOrigin) origin = { 0 };
  g_autofree char *bare = NULL;
  g_autoptr (OciSecret) authorization = NULL;
  return oci_url_take_user (url, &bare, &authorization, NULL)
         && oci_url_origin (bare, &origin, NULL) && g_str_equal (origin.host, target->host);
}

char *
terrane_wheel_places_authorize (const TerraneWheelPlaces *self, const char *asked_url,
                                const char *url)
{
  g_auto (OciUrlOrigin) target = { 0 };
  if (!oci_url_origin (url, &target, NULL))
    return NULL;
  char *authorization = asked_url != NULL ? authorize_as (asked_url, &target) : NULL;
  gboolean named = asked_url != NULL && names_host (asked_url, &target);
  for (guint i = 0; i < self->servers->len && authorization == NULL; i++)
    {
      const TerraneWheelPlace *place = self->servers->pdata[i];
      authorization = authorize_as (place->url, &target);
      named = named || names_host (place->url, &target);
    }
  /* "default" in ~/.netrc is not for every host that a page links to. */
  if (authorization == NULL && self->netrc != NULL)
    authorization = oci_netrc_authorize (self->netrc, target.host, named);
  return authorization;
}

/* Whether @file_name is that of a wheel, or possibly another distribution, of the project. */
static gboolean
is_of_project (const char *file_name, const char *normalised_name)
{
  if (terrane_wheel_name_is_wheel (file_name))
    {
      g_autoptr (TerraneWheelName) name = terrane_wheel_name_parse (file_name, NULL);
      return name != NULL && g_str_equal (name->name, normalised_name);
    }
  g_autofree char *normalised = terrane_python_normalise_name (file_name);
  return g_str_has_prefix (normalised, normalised_name)
         && normalised[strlen (normalised_name)] == '-';
}

GPtrArray *
terrane_wheel_places_pick (const GPtrArray *files, const char *normalised_name)
{
  GPtrArray *picked = g_ptr_array_new_with_free_func ((GDestroyNotify) terrane_index_file_free);
  for (guint i = 0; i < files->len; i++)
    {
      const TerraneIndexFile *file = files->pdata[i];
      if (is_of_project (file->file_name, normalised_name))
        g_ptr_array_add (picked, terrane_index_file_copy (file));
    }
  return picked;
}

/* Lists all files of a local directory or page of links. */
static gboolean
list_local (TerraneWheelPlace *place, GError **error)
{
  if (place->files != NULL)
    return TRUE;
  if (is_url (place->url))
    return terrane_index_read (place->url, NULL, &place->files, error);
  if (!g_file_test (place->url, G_FILE_TEST_IS_REGULAR))
    return terrane_index_list_directory (place->url, &place->files, error);
  g_autofree char *path = g_canonicalize_filename (place->url, NULL);
  g_autofree char *url = g_filename_to_uri (path, NULL, NULL);
  return terrane_index_read (url, NULL, &place->files, error);
}

static gboolean
digest_local (TerraneStore *store, GPtrArray *files, GError **error)
{
  for (guint i = 0; i < files->len; i++)
    {
      TerraneIndexFile *file = files->pdata[i];
      if (!file->local || !terrane_wheel_name_is_wheel (file->file_name))
        continue;
      file->has_sha256 = TRUE; /* regardless of the page */
      if (!terrane_file_digest (store, file->url, &file->sha256, error))
        return FALSE;
    }
  return TRUE;
}

/* Removes files that a page still lists but that do not exist any more. */
static void
drop_missing (GPtrArray *files)
{
  for (guint i = files->len; i-- > 0;)
    {
      const TerraneIndexFile *file = files->pdata[i];
      if (file->local && !g_file_test (file->url, G_FILE_TEST_EXISTS))
        g_ptr_array_remove_index (files, i);
    }
}

gboolean
terrane_wheel_place_read (TerraneWheelPlaces *self, TerraneWheelPlace *place,
                          const char *normalised_name, GPtrArray **out_files, GError **error)
{
  g_autoptr (GPtrArray) files = NULL;
  if (place->is_page)
    {
      if (!list_local (place, error))
        return FALSE;
      files = terrane_wheel_places_pick (place->files, normalised_name);
    }
  else if (!terrane_index_read (place->url, normalised_name, &files, error))
    return FALSE;
  drop_missing (files);
  if (!digest_local (terrane_remote_store (self->remote), files, error))
    return FALSE;
  *out_files = g_steal_pointer (&files);
  return TRUE;
}

char *
terrane_wheel_places_find (TerraneWheelPlaces *self, const char *normalised_name,
                           const char *file_name, const OciDigest *sha256, gboolean housed)
{
  g_autofree char *other = NULL;
  for (guint i = 0; i < self->places->len; i++)
    {
      TerraneWheelPlace *place = self->places->pdata[i];
      g_autoptr (GPtrArray) files = NULL;
      if (!place->is_local
          || !terrane_wheel_place_read (self, place, normalised_name, &files, NULL))
        continue;
      for (guint j = 0; j < files->len; j++)
        {
          const TerraneIndexFile *file = files->pdata[j];
          if (!file->local || !g_str_equal (file->file_name, file_name))
            continue;
          if (file->has_sha256 && oci_digest_equal (&file->sha256, sha256))
            return g_strdup (file->url);
          g_free (other);
          other = g_strdup (file->url);
        }
    }
  const char *wheelhouse = self->spec->wheels->wheelhouse;
  if (terrane_wheel_places_has_remote (self))
    return NULL;
  if (housed && other == NULL && wheelhouse != NULL
      && !g_file_test (wheelhouse, G_FILE_TEST_EXISTS))
    return g_build_filename (wheelhouse, file_name, NULL);
  return g_steal_pointer (&other);
}

void
terrane_wheel_offer_take (TerraneWheelOffer *self, TerraneWheelPlace *place, GPtrArray *files,
                          GError *failure)
{
  TerraneWheelAnswer *answer = g_new0 (TerraneWheelAnswer, 1);
  answer->place = place;
  answer->failure = failure;
  g_ptr_array_add (self->answers, answer);
  if (files == NULL)
    return;
  answer->n_files = files->len;
  g_ptr_array_set_free_func (files, NULL);
  g_ptr_array_extend_and_steal (self->files, files);
}

gboolean
terrane_wheel_offer_suffices (const TerraneWheelOffer *self, const TerranePythonTarget *target)
{
  const TerraneRequirement *requirement = self->requirement;
  const TerraneIndexFile *file =
      self->files->len > 0
          ? terrane_select_wheel (requirement->name, requirement->version, self->files,
                                  (const OciDigest *) (gconstpointer) requirement->hashes->data,
                                  requirement->hashes->len, target, NULL)
          : NULL;
  return file != NULL && file->has_sha256;
}

/* "name @ file:///PATH", or a path, offers itself. */
static gboolean
offer_path (TerraneStore *store, GPtrArray *list, const TerraneRequirement *requirement,
            GError **error)
{
  g_autoptr (TerraneIndexFile) file = g_new0 (TerraneIndexFile, 1);
  file->url = g_strdup (requirement->path);
  file->local = TRUE;
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
  g_autoptr (TerraneIndexFile) file = g_new0 (TerraneIndexFile, 1);
  if (!oci_url_take_user (requirement->url, &file->url, &file->authorization, error))
    return FALSE;
  file->file_name = terrane_wheel_places_file_name (requirement->url);
  if (requirement->hashes->len == 1)
    {
      file->has_sha256 = TRUE;
      file->sha256 = g_array_index (requirement->hashes, OciDigest, 0);
    }
  g_ptr_array_add (list, g_steal_pointer (&file));
  return TRUE;
}

/* A package of a pylock.toml offers its files; local ones have their actual digest. */
static gboolean
offer_files (TerraneStore *store, GPtrArray *list, const TerraneRequirement *requirement,
             GError **error)
{
  const TerraneIndexFile *missing = NULL;
  guint before = list->len;
  for (guint i = 0; i < requirement->files->len; i++)
    {
      const TerraneIndexFile *file = requirement->files->pdata[i];
      if (file->local && !g_file_test (file->url, G_FILE_TEST_EXISTS))
        missing = file;
      else
        g_ptr_array_add (list, terrane_index_file_copy (file));
    }
  OCI_PREFIX (error, "%s", requirement->name);
  if (list->len == 0 && before == 0 && missing != NULL)
    {
      g_autofree char *quoted = oci_quote (missing->url);
      return oci_throw (error, OCI_ERROR_NOT_FOUND, "%s is not there", quoted);
    }
  return digest_local (store, list, error);
}

/* Accepts local files that have one of the longer hashes. */
static gboolean
accept_local (TerraneRequirement *requirement, const GPtrArray *files, GError **error)
{
  for (guint i = 0; requirement->long_hashes->len > 0 && i < files->len; i++)
    {
      const TerraneIndexFile *file = files->pdata[i];
      g_auto (OciFd) fd = -1;
      if (file->local && file->has_sha256
          && (!oci_open_file (AT_FDCWD, file->url, TRUE, &fd, NULL, error)
              || !terrane_requirement_accept (requirement, fd, &file->sha256, error)))
        return FALSE;
    }
  return TRUE;
}

static gboolean
read_places (TerraneWheelPlaces *self, TerraneWheelOffer *offer, GError **error)
{
  for (guint i = 0; i < self->places->len; i++)
    {
      TerraneWheelPlace *place = self->places->pdata[i];
      g_autoptr (GError) local = NULL;
      GPtrArray *files = NULL;
      if (!place->is_local)
        continue;
      if (!terrane_wheel_place_read (self, place, offer->requirement->normalised, &files, &local)
          && place->must_exist)
        {
          g_propagate_error (error, g_steal_pointer (&local));
          return FALSE;
        }
      terrane_wheel_offer_take (offer, place, files, g_steal_pointer (&local));
    }
  return TRUE;
}

gboolean
terrane_wheel_places_ask (TerraneWheelPlaces *self, const GPtrArray *wanted,
                          const TerranePythonTarget *target, GError **error)
{
  g_autoptr (GPtrArray) open = g_ptr_array_new (); /* to ask servers for */
  for (guint i = 0; i < wanted->len; i++)
    {
      TerraneRequirement *requirement = wanted->pdata[i];
      TerraneWheelOffer *offer = g_new0 (TerraneWheelOffer, 1);
      offer->requirement = requirement;
      offer->files = g_ptr_array_new_with_free_func ((GDestroyNotify) terrane_index_file_free);
      offer->answers = g_ptr_array_new_with_free_func (answer_free);
      g_hash_table_insert (self->offers, g_strdup (requirement->normalised), offer);
      if (!read_places (self, offer, error)
          || (requirement->url != NULL && !offer_url (offer->files, requirement, error))
          || (requirement->path != NULL
              && !offer_path (terrane_remote_store (self->remote), offer->files, requirement,
                              error))
          || (requirement->files != NULL
              && !offer_files (terrane_remote_store (self->remote), offer->files, requirement,
                               error))
          || !accept_local (requirement, offer->files, error))
        return FALSE;
      if (requirement->url == NULL && requirement->path == NULL && requirement->files == NULL
          && !terrane_wheel_offer_suffices (offer, target))
        g_ptr_array_add (open, offer);
    }
  return open->len == 0 || self->servers->len == 0
         || terrane_wheel_servers_ask (self, open, target, error);
}

GPtrArray *
terrane_wheel_places_files (const TerraneWheelPlaces *self, const char *normalised_name)
{
  return ((TerraneWheelOffer *) g_hash_table_lookup (self->offers, normalised_name))->files;
}

char *
terrane_wheel_places_report (const TerraneWheelPlaces *self, const char *normalised_name, int *code)
{
  const TerraneWheelOffer *offer = g_hash_table_lookup (self->offers, normalised_name);
  GString *text = g_string_new (NULL);
  for (guint i = 0; i < offer->answers->len; i++)
    {
      const TerraneWheelAnswer *answer = offer->answers->pdata[i];
      if (answer->failure == NULL)
        g_string_append_printf (text, "\n  asked: %s: %u file%s", answer->place->shown,
                                answer->n_files, answer->n_files == 1 ? "" : "s");
      else
        g_string_append_printf (text, "\n  asked: %s: %s", answer->place->shown,
                                answer->failure->message);
      if (answer->failure != NULL
          && !g_error_matches (answer->failure, OCI_ERROR, OCI_ERROR_NOT_FOUND))
        *code = answer->failure->code;
    }
  return g_string_free (text, FALSE);
}

void
terrane_wheel_places_warn (TerraneWheelPlaces *self, const char *normalised_name)
{
  const TerraneWheelOffer *offer = g_hash_table_lookup (self->offers, normalised_name);
  for (guint i = 0; i < offer->answers->len; i++)
    {
      const TerraneWheelAnswer *answer = offer->answers->pdata[i];
      const TerraneWheelPlace *place = answer->place;
      if (answer->failure == NULL
          || g_error_matches (answer->failure, OCI_ERROR, OCI_ERROR_NOT_FOUND)
          || !terrane_remote_is_new (self->remote, place->shown))
        continue;
      terrane_progress_warn (terrane_remote_progress (self->remote),
                             "%s was skipped: %s; the wheel of %s was found elsewhere",
                             place->shown, answer->failure->message, normalised_name);
    }
}
