/* What the two passes over a wheel share: wheel.c reads what it is, wheel-install.c installs it. */
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
  GPtrArray *problems;      /* of char *: what is not right with RECORD */
  guint parse_problems;     /* how many of these were there before anything was installed */
  GPtrArray *rows;          /* (nullable): of TerraneRecordRow: what was installed */
  GPtrArray *entry_points;  /* terrane_entry_points_parse() */
  GHashTable *script_names; /* of @entry_points: a set */
};

/* What a pass has seen, to hold it to the limits. */
typedef struct
{
  uint64_t members;
  uint64_t bytes; /* unpacked, as declared: reading stops where a member is larger */
} TerraneWheelTotals;

/**
 * terrane_wheel_rewind:
 *
 * Returns: (transfer full): a reader at the wheel's first member
 */
OciArchiveReader *terrane_wheel_rewind (TerraneWheel *self, GError **error);

/** Counts a member in. Fails when it is over a limit or neither file nor directory. */
gboolean terrane_wheel_count (const TerraneWheel *self, const OciEntry *entry,
                              TerraneWheelTotals *totals, GError **error);

G_END_DECLS
