#include "builder/facts/pure-wheel.h"

#include "builder/facts/python-dists.h"
#include "builder/python/metadata.h"

#include <string.h>

enum
{
  MAX_WHEEL_BYTES = 1024 * 1024,
};

struct _TerranePureWheels
{
  const TerraneImageView *view;
  GHashTable *files; /* TerraneNode of NAME.dist-info -> set of TerraneNode: empty if not pure */
};

TerranePureWheels *
terrane_pure_wheels_new (const TerraneImageView *view)
{
  TerranePureWheels *self = g_new0 (TerranePureWheels, 1);
  self->view = view;
  self->files = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify) g_hash_table_unref);
  return self;
}

void
terrane_pure_wheels_free (TerranePureWheels *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->files);
  g_free (self);
}

typedef struct
{
  guint any, others;
} Tags;

static gboolean
take_tag (gpointer data, const char *name, const char *value, G_GNUC_UNUSED GError **error)
{
  Tags *tags = data;
  if (g_ascii_strcasecmp (name, "Tag") == 0)
    *(g_str_has_suffix (value, "-any") ? &tags->any : &tags->others) += 1;
  return TRUE;
}

static gboolean
is_pure (const TerranePureWheels *self, const TerraneNode *info)
{
  g_autoptr (GBytes) bytes = NULL;
  Tags tags = { 0 };
  return terrane_image_view_read (self->view, terrane_node_child (info, "WHEEL", strlen ("WHEEL")),
                                  MAX_WHEEL_BYTES, &bytes, NULL)
         && bytes != NULL && terrane_headers_parse (bytes, take_tag, &tags, NULL) && tags.any > 0
         && tags.others == 0;
}

static GHashTable *
files_of (TerranePureWheels *self, TerraneNode *info)
{
  GHashTable *files = g_hash_table_lookup (self->files, info);
  if (files != NULL)
    return files;
  files = g_hash_table_new (NULL, NULL);
  g_hash_table_insert (self->files, info, files);
  g_autoptr (GPtrArray) list = NULL;
  const TerranePythonDist dist = { .node = info, .directory = info->parent };
  if (is_pure (self, info) && terrane_python_dist_files (&dist, self->view, &list, NULL))
    for (guint i = 0; list != NULL && i < list->len; i++)
      g_hash_table_add (files, list->pdata[i]);
  return files;
}

gboolean
terrane_pure_wheels_have (TerranePureWheels *self, const TerraneNode *file)
{
  for (const TerraneNode *above = file->parent; above != NULL; above = above->parent)
    for (guint i = 0; i < above->children->len; i++)
      {
        TerraneNode *info = above->children->pdata[i];
        if (info->type == OCI_ENTRY_DIRECTORY && g_str_has_suffix (info->name, ".dist-info")
            && g_hash_table_contains (files_of (self, info), file))
          return TRUE;
      }
  return FALSE;
}
