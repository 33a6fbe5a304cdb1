/* Types and functions shared by the files that search for wheels.
 *
 * Errors: %OCI_ERROR_USAGE, %OCI_ERROR_FORMAT, %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_LIMIT,
 * %OCI_ERROR_NOT_FOUND, %OCI_ERROR_UNREACHABLE, %OCI_ERROR_NETWORK, %OCI_ERROR_TIMEOUT,
 * %OCI_ERROR_DENIED, %OCI_ERROR_IO, %OCI_ERROR_CANCELLED. */
#pragma once

#include "builder/resolve/wheel-places.h"

#include "oci/http/netrc.h"

G_BEGIN_DECLS

/* An index or a page with links to files of any projects; for a directory, the page is its list of
 * files. */
typedef struct
{
  char *url;   /* a path for directories; may contain a user and a password */
  char *shown; /* for messages */
  gboolean is_page;
  gboolean is_local;
  gboolean must_exist; /* the profile's own directory */
  GMutex mutex;        /* of a page: locked while it is fetched */
  GPtrArray *files;    /* (nullable): of a page, set once it was fetched */
  GError *failure;     /* (nullable): of a page, or of a server that cannot be reached */
  gboolean gave_up;    /* @failure came after all retries */
} TerraneWheelPlace;

/* Answer of a place about a project. */
typedef struct
{
  TerraneWheelPlace *place;
  guint n_files;
  GError *failure; /* (nullable): %OCI_ERROR_NOT_FOUND if it does not have the project */
} TerraneWheelAnswer;

typedef struct
{
  const TerraneRequirement *requirement;
  GPtrArray *files;   /* of TerraneIndexFile */
  GPtrArray *answers; /* of TerraneWheelAnswer */
} TerraneWheelOffer;

struct _TerraneWheelPlaces
{
  const TerraneSourceSpec *spec;
  TerraneRemote *remote;
  OciNetrc *netrc;
  GPtrArray *places;  /* of TerraneWheelPlace: local ones first */
  GPtrArray *servers; /* the remote ones of @places; borrowed */
  GHashTable *offers; /* normalised name -> TerraneWheelOffer */
  GMutex mutex;       /* guards @failure of indexes */
};

/** Returns: (transfer full): copies of the files of one project among those of a page */
GPtrArray *terrane_wheel_places_pick (const GPtrArray *files, const char *normalised_name);

/** Reads the files of the project in a local place, and digests them. Errors: see the head. */
gboolean terrane_wheel_place_read (TerraneWheelPlaces *self, TerraneWheelPlace *place,
                                   const char *normalised_name, GPtrArray **out_files,
                                   GError **error);

/** Asks the servers for the projects of @open, several concurrently. @open:
 * (element-type TerraneWheelOffer). Errors: see the head. */
gboolean terrane_wheel_servers_ask (TerraneWheelPlaces *self, GPtrArray *open,
                                    const TerranePythonTarget *target, GError **error);

/** Adds an answer. @files, @failure: (transfer full) */
void terrane_wheel_offer_take (TerraneWheelOffer *self, TerraneWheelPlace *place, GPtrArray *files,
                               GError *failure);

/** Whether there is a suitable wheel with a digest. */
gboolean terrane_wheel_offer_suffices (const TerraneWheelOffer *self,
                                       const TerranePythonTarget *target);

G_END_DECLS
