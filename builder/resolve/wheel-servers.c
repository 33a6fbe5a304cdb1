/* Asks indexes and pages of links on servers for projects, several concurrently. */
#include "builder/resolve/wheel-places-private.h"

#include "builder/python/index.h"

#include "oci/base/parallel.h"

#include <string.h>

typedef struct
{
  TerraneWheelPlaces *places;
  GPtrArray *open; /* of TerraneWheelOffer: each is changed by one thread */
  const TerranePythonTarget *target;
  OciHttpClient *client;
  GCancellable *cancellable;
} Round;

static gboolean
is_connection (const GError *error)
{
  return g_error_matches (error, OCI_ERROR, OCI_ERROR_NETWORK)
         || g_error_matches (error, OCI_ERROR, OCI_ERROR_UNREACHABLE);
}

/* If a server did not answer one request, the others do not wait for it. */
static gboolean
fail_as_before (TerraneWheelPlaces *self, TerraneWheelPlace *place, gboolean hasty, GError **error)
{
  g_mutex_lock (&self->mutex);
  gboolean failed = place->failure != NULL && (hasty || place->gave_up);
  GError *failure = failed ? g_error_copy (place->failure) : NULL;
  g_mutex_unlock (&self->mutex);
  if (failed)
    g_propagate_error (error, failure);
  return failed;
}

static void
remember (TerraneWheelPlaces *self, TerraneWheelPlace *place, gboolean hasty, const GError *failure)
{
  g_mutex_lock (&self->mutex);
  g_clear_error (&place->failure);
  place->failure = failure != NULL ? g_error_copy (failure) : NULL;
  place->gave_up = failure != NULL && (place->gave_up || !hasty);
  g_mutex_unlock (&self->mutex);
}

/* Object stores answer 403 for missing objects. */
static void
soften (const TerraneWheelPlaces *self, const TerraneIndexRequest *request, GError *failure)
{
  if (self->servers->len > 1 && request->status == 403 && !request->authorized)
    failure->code = OCI_ERROR_NOT_FOUND;
}

/* Lists all files of a page, fetched once. */
static gboolean
fetch_links (TerraneWheelPlaces *self, TerraneWheelPlace *place, OciHttpClient *client,
             TerraneIndexRequest *request, GCancellable *cancellable, GError **error)
{
  g_autoptr (GError) local = NULL;
  if (place->files != NULL)
    return TRUE;
  if (fail_as_before (self, place, request->hasty, error))
    return FALSE;
  if (terrane_index_fetch (client, place->url, NULL, request, cancellable, &place->files, &local))
    return TRUE;
  soften (self, request, local);
  remember (self, place, request->hasty, local);
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

static gboolean
fetch_project (TerraneWheelPlaces *self, TerraneWheelPlace *place, OciHttpClient *client,
               const char *name, TerraneIndexRequest *request, GCancellable *cancellable,
               GPtrArray **out_files, GError **error)
{
  g_autoptr (GError) local = NULL;
  if (fail_as_before (self, place, request->hasty, error))
    return FALSE;
  if (terrane_index_fetch (client, place->url, name, request, cancellable, out_files, &local))
    {
      remember (self, place, request->hasty, NULL);
      return TRUE;
    }
  if (is_connection (local) && request->status == 0)
    remember (self, place, request->hasty, local);
  soften (self, request, local);
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

/* Fetches a server's files of a project. @hasty: there are other servers to ask */
static gboolean
fetch_from (TerraneWheelPlaces *self, TerraneWheelPlace *place, OciHttpClient *client,
            const char *name, gboolean hasty, GCancellable *cancellable, GPtrArray **out_files,
            GError **error)
{
  TerraneIndexRequest request = { .netrc = self->netrc, .hasty = hasty };
  if (!place->is_page)
    return fetch_project (self, place, client, name, &request, cancellable, out_files, error);
  g_mutex_lock (&place->mutex);
  gboolean ok = fetch_links (self, place, client, &request, cancellable, error);
  g_mutex_unlock (&place->mutex);
  if (ok)
    *out_files = terrane_wheel_places_pick (place->files, name);
  return ok;
}

/* Whether the error ends everything: an interrupt, or the end of the time limit. */
static gboolean
is_final (const Round *self, const GError *error)
{
  return g_error_matches (error, OCI_ERROR, OCI_ERROR_CANCELLED)
         || oci_http_client_time_left (self->client) == 0;
}

static gboolean
ask_servers (Round *self, TerraneWheelOffer *offer, GError **error)
{
  TerraneWheelPlaces *places = self->places;
  gboolean alone = places->servers->len == 1;
  for (guint i = 0; i < places->servers->len; i++)
    {
      TerraneWheelPlace *place = places->servers->pdata[i];
      GPtrArray *files = NULL;
      g_autoptr (GError) local = NULL;
      if (!fetch_from (places, place, self->client, offer->requirement->normalised, !alone,
                       self->cancellable, &files, &local)
          && (is_final (self, local)
              || (alone && !g_error_matches (local, OCI_ERROR, OCI_ERROR_NOT_FOUND))))
        {
          g_propagate_prefixed_error (error, g_steal_pointer (&local), "%s: %s: ", place->shown,
                                      offer->requirement->name);
          return FALSE;
        }
      terrane_wheel_offer_take (offer, place, files, g_steal_pointer (&local));
    }
  return TRUE;
}

/* Asks servers whose connection failed again, with all retries. */
static gboolean
ask_again (Round *self, TerraneWheelOffer *offer, GError **error)
{
  TerraneWheelPlaces *places = self->places;
  guint n = offer->answers->len;
  for (guint i = 0; i < n; i++)
    {
      const TerraneWheelAnswer *before = offer->answers->pdata[i];
      TerraneWheelPlace *place = before->place;
      g_autoptr (GError) local = NULL;
      GPtrArray *files = NULL;
      if (place->is_local || !is_connection (before->failure))
        continue;
      if (!fetch_from (places, place, self->client, offer->requirement->normalised, FALSE,
                       self->cancellable, &files, &local)
          && is_final (self, local))
        {
          g_propagate_error (error, g_steal_pointer (&local));
          return FALSE;
        }
      terrane_wheel_offer_take (offer, place, files, g_steal_pointer (&local));
      g_ptr_array_remove_index (offer->answers, i); /* replaced by the later answer, at the end */
      i--;
      n--;
    }
  return TRUE;
}

static gboolean
ask_for_project (Round *self, TerraneWheelOffer *offer, GError **error)
{
  return ask_servers (self, offer, error)
         && (terrane_wheel_offer_suffices (offer, self->target) || self->places->servers->len == 1
             || ask_again (self, offer, error));
}

/* A failure about one project does not interrupt questions in progress: @stop is not passed to
 * them. */
static gboolean
ask_for_item (gpointer data, gpointer offer, G_GNUC_UNUSED GCancellable *stop, GError **error)
{
  return ask_for_project (data, offer, error);
}

static gboolean
ask_all (OciHttpClient *client, GCancellable *cancellable, gpointer data, GError **error)
{
  Round *self = data;
  self->client = client;
  self->cancellable = cancellable;
  return oci_parallel_each (self->open, terrane_remote_jobs (self->places->remote), ask_for_item,
                            self, cancellable, error);
}

gboolean
terrane_wheel_servers_ask (TerraneWheelPlaces *self, GPtrArray *open,
                           const TerranePythonTarget *target, GError **error)
{
  Round round = { .places = self, .open = open, .target = target };
  return terrane_remote_run (self->remote, ask_all, &round, error);
}

/* The digest decides; a file without one is tried by name. */
static GPtrArray *
select_digest (GPtrArray *files, const TerraneWheelPin *pin)
{
  GPtrArray *selected = g_ptr_array_new_with_free_func ((GDestroyNotify) terrane_index_file_free);
  for (int with_digest = 1; with_digest >= 0; with_digest--)
    for (guint i = 0; i < files->len; i++)
      {
        const TerraneIndexFile *file = files->pdata[i];
        if (!file->local && file->has_sha256 == with_digest
            && (with_digest ? oci_digest_equal (&file->sha256, &pin->sha256)
                            : g_str_equal (file->file_name, pin->file_name)))
          g_ptr_array_add (selected, terrane_index_file_copy (file));
      }
  return selected;
}

GPtrArray *
terrane_wheel_places_search (TerraneWheelPlaces *self, guint nth, OciHttpClient *client,
                             const TerraneWheelPin *pin, gboolean *out_last,
                             GCancellable *cancellable, GError **error)
{
  *out_last = nth + 1 >= self->servers->len;
  if (nth >= self->servers->len)
    {
      oci_throw (error, OCI_ERROR_NOT_FOUND, "no package index is left to ask");
      return NULL;
    }
  TerraneWheelPlace *place = self->servers->pdata[nth];
  g_autoptr (GPtrArray) files = NULL;
  OCI_PREFIX (error, "%s", place->shown);
  if (!fetch_from (self, place, client, pin->name, self->servers->len > 1, cancellable, &files,
                   error))
    return NULL;
  g_autoptr (GPtrArray) selected = select_digest (files, pin);
  if (selected->len == 0)
    {
      oci_throw (error, OCI_ERROR_NOT_FOUND, "it has no file with this digest");
      return NULL;
    }
  return g_steal_pointer (&selected);
}
