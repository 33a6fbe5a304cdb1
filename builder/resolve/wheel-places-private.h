/* What the files about places of wheels share. */
#pragma once

#include "builder/resolve/wheel-places.h"

#include "oci/http/netrc.h"

G_BEGIN_DECLS

/* An index or a page with links to files of any projects; of a directory the page is its list. */
typedef struct
{
  char *url;   /* a path, of directories; may have a user and a password */
  char *shown; /* for messages */
  gboolean is_page;
  gboolean is_local;
  gboolean must_exist; /* the profile's own directory */
  GMutex mutex;        /* of a page: held while it is fetched */
  GPtrArray *files;    /* (nullable): of a page, once it was fetched */
  GError *failure;     /* (nullable): of a page, and of a server that cannot be reached */
  gboolean gave_up;    /* that was with patience */
} TerraneWheelPlace;

/* What a place said about a project. */
typedef struct
{
  TerraneWheelPlace *place;
  guint n_files;
  GError *failure; /* (nullable); %OCI_ERROR_NOT_FOUND when it has no such project */
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
  GPtrArray *servers; /* those of @places that are not local; borrowed */
  GHashTable *offers; /* normalised name -> TerraneWheelOffer */
  GMutex mutex;       /* guards @failure of indexes */
};

/** The files of one project among those of a page, copied. Returns: (transfer full) */
GPtrArray *terrane_wheel_places_pick (const GPtrArray *files, const char *normalised_name);

/** Takes what a local place has of the project: digested. */
gboolean terrane_wheel_place_read (TerraneWheelPlaces *self, TerraneWheelPlace *place,
                                   const char *normalised_name, GPtrArray **out_files,
                                   GError **error);

/** Asks the servers for the projects of @open, several at a time. @open: (element-type
 * TerraneWheelOffer) */
gboolean terrane_wheel_servers_ask (TerraneWheelPlaces *self, GPtrArray *open,
                                    const TerranePythonTarget *target, GError **error);

/** Adds an answer; @files and @failure are taken over. */
void terrane_wheel_offer_take (TerraneWheelOffer *self, TerraneWheelPlace *place, GPtrArray *files,
                               GError *failure);

/** Whether there is a wheel that will do, with a digest. */
gboolean terrane_wheel_offer_suffices (const TerraneWheelOffer *self,
                                       const TerranePythonTarget *target);

G_END_DECLS
