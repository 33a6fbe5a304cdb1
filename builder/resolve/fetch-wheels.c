#include "builder/resolve/fetch-wheels.h"

#include "builder/resolve/wheel-places.h"
#include "builder/store/downloads.h"

#include "oci/http/credentials.h"
#include "oci/http/url.h"

#include <string.h>

typedef struct
{
  TerraneWheelPlaces *places;
  const TerraneWheelPin *pin;
} Wheel;

struct _TerraneWheelSearch
{
  TerraneWheelPlaces *places;
  GPtrArray *wheels; /* of Wheel */
};

static GPtrArray *
new_places (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) terrane_download_place_free);
}

static void
add_place (GPtrArray *places, const Wheel *self, char *url, const char *authorization)
{
  TerraneDownloadPlace *place = g_new0 (TerraneDownloadPlace, 1);
  place->url = url;
  place->authorization =
      authorization != NULL
          ? g_strdup (authorization)
          : terrane_wheel_places_authorize (self->places, self->pin->asked_url, url);
  g_ptr_array_add (places, place);
}

/* Offers the URL of the requirement itself, unless that was tried. */
static GPtrArray *
offer_asked (const Wheel *self)
{
  const TerraneWheelPin *pin = self->pin;
  char *bare = NULL;
  g_autoptr (OciSecret) authorization = NULL;
  GPtrArray *places = new_places ();
  if (pin->asked_url != NULL && oci_url_take_user (pin->asked_url, &bare, &authorization, NULL))
    {
      if (g_strcmp0 (bare, pin->url) != 0)
        add_place (places, self, bare, authorization);
      else
        g_free (bare);
    }
  return places;
}

static GPtrArray *
find (gpointer data, guint nth, OciHttpClient *client, gboolean *out_last,
      GCancellable *cancellable, GError **error)
{
  const Wheel *self = data;
  *out_last = !terrane_wheel_places_has_remote (self->places);
  if (nth == 0)
    return offer_asked (self);
  g_autoptr (GPtrArray) files = terrane_wheel_places_search (
      self->places, nth - 1, client, self->pin, out_last, cancellable, error);
  if (files == NULL)
    return NULL;
  GPtrArray *places = new_places ();
  for (guint i = 0; i < files->len; i++)
    {
      const TerraneIndexFile *file = files->pdata[i];
      add_place (places, self, g_strdup (file->url), file->authorization);
    }
  return places;
}

static gboolean
has_other_places (const Wheel *self)
{
  g_autoptr (GPtrArray) asked = offer_asked (self);
  return asked->len > 0 || terrane_wheel_places_has_remote (self->places);
}

TerraneWheelSearch *
terrane_wheel_search_new (TerraneRemote *remote, const TerranePin *source, GArray *downloads,
                          GError **error)
{
  g_autoptr (TerraneWheelSearch) self = g_new0 (TerraneWheelSearch, 1);
  self->wheels = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < source->wheels->wheels->len; i++)
    {
      const TerraneWheelPin *pin = source->wheels->wheels->pdata[i];
      gboolean found = pin->path != NULL;
      if (!found
          && !terrane_downloads_find (terrane_remote_store (remote), &pin->sha256, &found, error))
        return NULL;
      if (found)
        continue;
      if (self->places == NULL)
        self->places = terrane_wheel_places_new (source, remote);
      Wheel *wheel = g_new0 (Wheel, 1);
      wheel->places = self->places;
      wheel->pin = pin;
      g_ptr_array_add (self->wheels, wheel);
      /* The size in an index is not reliable, unlike the digest; that in a pylock.toml is. */
      const TerraneDownload download = { .url = pin->url,
                                         .label = pin->file_name,
                                         .sha256 = pin->sha256,
                                         .size = pin->size,
                                         .authorization = pin->authorization,
                                         .find = has_other_places (wheel) ? find : NULL,
                                         .find_data = wheel };
      g_array_append_val (downloads, download);
    }
  return g_steal_pointer (&self);
}

void
terrane_wheel_search_free (TerraneWheelSearch *self)
{
  g_ptr_array_unref (self->wheels);
  terrane_wheel_places_free (self->places);
  g_free (self);
}
