/* State shared by the two passes over a wheel: wheel.c reads its metadata, wheel-install.c installs
 * it. */
#pragma once

#include "oci/archive-reader.h"

#include "builder/python/wheel.h"

G_BEGIN_DECLS

struct _TerraneWheel
{
  char *label; /* quoted file name, for messages */
  int fd;
  uint64_t file_size;
  OciUnpackBudget budget; /* of the reader */
  char *info_dir;         /* "NAME-VERSION.dist-info" */
  char *data_dir;         /* (nullable): "NAME-VERSION.data" */
  TerraneMetadata *metadata;
  GPtrArray *tags;          /* of char *: "Tag" of WHEEL */
  GHashTable *record;       /* terrane_record_parse() */
  GPtrArray *problems;      /* of char *: problems of RECORD */
  guint parse_problems;     /* number of these before anything was installed */
  GPtrArray *rows;          /* (nullable): of TerraneRecordRow: installed files */
  GPtrArray *entry_points;  /* terrane_entry_points_parse() */
  GHashTable *script_names; /* of @entry_points: a set */
};

/* Totals of a pass, to be compared with the limits. */
typedef struct
{
  uint64_t members;
  uint64_t bytes; /* unpacked, as declared: reading stops if a member is larger */
} TerraneWheelTotals;

/** Returns: (transfer full): a reader at the wheel's first member. Errors: %OCI_ERROR_FORMAT,
 * %OCI_ERROR_UNSUPPORTED, %OCI_ERROR_LIMIT, %OCI_ERROR_IO. */
OciArchiveReader *terrane_wheel_rewind (TerraneWheel *self, GError **error);

/** Counts a member. Fails if it exceeds a limit or is neither a file nor a directory. Errors:
 * %OCI_ERROR_FORMAT, %OCI_ERROR_LIMIT. */
gboolean terrane_wheel_count (const TerraneWheel *self, const OciEntry *entry,
                              TerraneWheelTotals *totals, GError **error);

G_END_DECLS
