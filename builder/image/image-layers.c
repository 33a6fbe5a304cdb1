#include "builder/image/image-layers.h"

#include "builder/image/assemble.h"
#include "builder/image/image-look.h"
#include "builder/image/layer-plan.h"
#include "builder/image/layer.h"

#include "oci/base/parallel.h"
#include "oci/base/text-hash.h"
#include "oci/tar-writer.h"

#include <stdlib.h>
#include <string.h>

enum
{
  MAX_IMAGE_LAYERS = 127, /* the limit of docker's overlay2; Lambda documents none */
};

/* A layer that a thread of its own makes. */
typedef struct
{
  const TerraneLayerPart *part;
  TerraneLayer *layer;
  TerraneImageLook *look; /* (nullable): for a layer that is only looked for */
} Piece;

/* Makes the layers of one tree at the same time. */
typedef struct
{
  TerraneImageJob *job;
  const char *name;
  unsigned jobs; /* threads for each layer */
  TerraneProgress progress;
  GMutex mutex;   /* guards @job->options->progress and @total */
  uint64_t total; /* bytes of the layers that have to be made */
} Making;

/* The layers of a tree are one phase. */
static void
begin_phase (gpointer data, const char *label, uint64_t total)
{
  Making *self = data;
  g_mutex_lock (&self->mutex);
  if (self->total == 0)
    terrane_progress_phase (self->job->options->progress, total, "%s", label);
  else
    terrane_progress_expect (self->job->options->progress, self->total + total);
  self->total += total;
  g_mutex_unlock (&self->mutex);
}

static void
advance (gpointer data, uint64_t bytes)
{
  Making *self = data;
  g_mutex_lock (&self->mutex);
  terrane_progress_advance (self->job->options->progress, bytes);
  g_mutex_unlock (&self->mutex);
}

static void
warn (gpointer data, const char *message)
{
  Making *self = data;
  g_mutex_lock (&self->mutex);
  terrane_progress_warn (self->job->options->progress, "%s", message);
  g_mutex_unlock (&self->mutex);
}

static void
free_piece (gpointer data)
{
  Piece *self = data;
  terrane_layer_free (self->layer);
  terrane_image_look_free (self->look);
  g_free (self);
}

/* Records the content of the next layer. */
static void
audit_layer (TerraneImageJob *job, const GPtrArray *paths, guint index)
{
  terrane_layer_audit_content (job->audit, index, "gzip");
  for (guint i = 0; i < paths->len; i++)
    {
      TerraneNode *node = terrane_tree_lookup (job->assembled, paths->pdata[i]);
      OciEntry entry = terrane_node_entry (node, paths->pdata[i]);
      entry.mtime = OCI_TAR_MTIME;
      terrane_layer_audit_entry (job->audit, index, &entry);
      /* Directories may be in several layers of a tree, and belong to the first. Directories of a
       * base image belong to its layers. */
      if (node->layer == 0 && (node->tree_number > 0 || job->base->manifest == NULL))
        node->layer = (int) index + 1;
    }
}

static gboolean
make_piece (gpointer data, gpointer item, G_GNUC_UNUSED GCancellable *stop, GError **error)
{
  Making *self = data;
  Piece *piece = item;
  const TerraneImageJob *job = self->job;
  if (job->options->look != NULL)
    {
      piece->look =
          terrane_image_look_new (self->name, (const char *const *) piece->part->packages);
      piece->layer = terrane_image_look_find (piece->look, job->store, job->assembled,
                                              piece->part->paths, job->options->remote, error);
    }
  else
    piece->layer = terrane_layer_build (job->store, job->assembled, piece->part->paths, self->name,
                                        job->options->remote, self->jobs, &self->progress, error);
  return piece->layer != NULL;
}

/* "terrane: deps", or with the packages of the layer "terrane: deps: boto3, botocore" */
static char *
created_by (const char *name, char **packages)
{
  g_autofree char *joined = packages != NULL ? g_strjoinv (", ", packages) : NULL;
  return g_strdup_printf ("terrane: %s%s%s", name, joined != NULL ? ": " : "",
                          joined != NULL ? joined : "");
}

static void
take_piece (TerraneImageJob *job, const char *name, Piece *piece)
{
  TerraneLayer *layer = piece->layer;
  if (piece->look != NULL)
    g_ptr_array_add (job->options->look, g_steal_pointer (&piece->look));
  char **packages = piece->part->packages;
  g_autofree char *text = created_by (name, packages);
  audit_layer (job, piece->part->paths, job->manifest->layers->len);
  if (packages != NULL)
    terrane_layer_set_packages (layer->descriptor, (const char *const *) packages);
  oci_image_config_add_layer (job->config, &layer->diff_id, job->options->stamp->created, text);
  g_array_append_val (job->reused, layer->reused);
  g_ptr_array_add (job->manifest->layers, g_steal_pointer (&layer->descriptor));
}

/* @parts: the contents of the tree's layers, in their order */
static gboolean
add_layers (TerraneImageJob *job, const GPtrArray *parts, const char *name, GError **error)
{
  unsigned jobs = job->options->jobs;
  /* A layer that has to be fetched first is fetched by one thread. */
  gboolean fetches = job->options->remote != NULL && job->options->look == NULL
                     && terrane_remote_layers_fetches (job->options->remote);
  guint wide = job->options->partial || fetches ? 1 : MIN (MAX (parts->len, 1), jobs);
  Making making = { .job = job, .name = name, .jobs = MAX (1, jobs / wide) };
  g_autoptr (GPtrArray) pieces = g_ptr_array_new_with_free_func (free_piece);
  making.progress =
      (TerraneProgress){ .phase = begin_phase, .advance = advance, .warn = warn, .data = &making };
  for (guint i = 0; i < parts->len; i++)
    {
      Piece *piece = g_new0 (Piece, 1);
      piece->part = parts->pdata[i];
      g_ptr_array_add (pieces, piece);
    }
  g_mutex_init (&making.mutex);
  gboolean made = oci_parallel_each (pieces, wide, make_piece, &making, NULL, error);
  g_mutex_clear (&making.mutex);
  for (guint i = 0; made && i < pieces->len; i++)
    take_piece (job, name, pieces->pdata[i]);
  return made;
}

/* @paths: (transfer full) */
static gboolean
add_layer (TerraneImageJob *job, GPtrArray *paths, const char *name, GError **error)
{
  g_autoptr (GPtrArray) parts = terrane_layer_plan_whole (paths);
  if (job->no_layers)
    return TRUE;
  if (paths->len > 0)
    return add_layers (job, parts, name, error);
  terrane_progress_warn (job->options->progress,
                         "%s: it has nothing that the layers below lack, and gets no layer", name);
  return TRUE;
}

static gboolean
add_base (TerraneImageJob *job, GError **error)
{
  if (job->base->manifest != NULL)
    {
      TerraneImageFiles *files = &job->base->files;
      if (!terrane_image_files_load (files, job->store, error))
        return FALSE;
      for (guint i = 0; i < job->base->manifest->layers->len; i++)
        {
          OciDescriptor *layer = oci_descriptor_copy (job->base->manifest->layers->pdata[i]);
          oci_descriptor_to_oci_family (layer); /* as in the manifest */
          g_ptr_array_add (job->manifest->layers, layer);
        }
      job->assembled = g_steal_pointer (&files->tree);
      job->audit = g_steal_pointer (&files->audit);
      return TRUE;
    }
  job->assembled = terrane_source_tree_steal (&job->base->root, job->store, error);
  if (job->assembled == NULL)
    return FALSE;
  job->audit = terrane_layer_audit_new ();
  return add_layer (job, terrane_assemble_all_paths (job->assembled), "base", error);
}

static gboolean
is_wheels (const TerraneProfile *profile, guint tree)
{
  return ((TerraneSourceSpec *) profile->trees->pdata[tree])->kind == TERRANE_SOURCE_WHEELS;
}

/* Returns how many layers each tree of wheels may become, so that the image can be stacked
 * everywhere. */
static guint
max_parts (const TerraneImageJob *job)
{
  const TerraneProfile *profile = job->profile;
  guint others = terrane_base_count_layers (job->base) + (job->base->manifest == NULL);
  guint wheels = 0;
  for (guint i = 0; i < profile->trees->len; i++)
    {
      if (is_wheels (profile, i))
        wheels++;
      else
        others++;
    }
  guint room = others < MAX_IMAGE_LAYERS && wheels > 0 ? (MAX_IMAGE_LAYERS - others) / wheels : 0;
  return CLAMP (room, 1, profile->layers.max);
}

/* @paths: (transfer full) */
static gboolean
add_packages (TerraneImageJob *job, guint tree, GPtrArray *paths, GError **error)
{
  const TerraneSourceSpec *spec = job->profile->trees->pdata[tree];
  guint folded = 0, max = max_parts (job);
  g_autoptr (GPtrArray) parts = terrane_layer_plan (
      job->store, job->assembled, job->options->pins->pdata[tree], paths, max, &folded, error);
  if (parts == NULL)
    return FALSE;
  if (folded > 0)
    terrane_progress_warn (job->options->progress,
                           "%s: becomes %u layer%s instead of %u, since images of more than %d "
                           "layers do not run everywhere",
                           spec->name, max, max == 1 ? "" : "s", max + folded, MAX_IMAGE_LAYERS);
  return add_layers (job, parts, spec->name, error);
}

GPtrArray *
terrane_image_tree_names (const TerraneProfile *profile)
{
  GPtrArray *names = g_ptr_array_new ();
  g_ptr_array_add (names, (gpointer) "base");
  for (guint i = 0; i < profile->trees->len; i++)
    g_ptr_array_add (names, ((TerraneSourceSpec *) profile->trees->pdata[i])->name);
  g_ptr_array_add (names, NULL);
  return names;
}

static int
compare_paths (const void *a, const void *b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* After the last tree of wheels, unites what all of them carry. Files that another tree has
 * replaced since are in its layer. */
static GPtrArray *
unite (const TerraneImageJob *job, const GPtrArray *lists)
{
  GPtrArray *united = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GHashTable) seen = g_hash_table_new (oci_text_hash, g_str_equal);
  for (guint i = 0; i < lists->len; i++)
    {
      const GPtrArray *paths = lists->pdata[i];
      for (guint j = 0; j < paths->len; j++)
        {
          const char *path = paths->pdata[j];
          const TerraneNode *node = terrane_tree_lookup (job->assembled, path);
          gboolean own =
              node->type == OCI_ENTRY_DIRECTORY
              || (node->tree_number > 0 && is_wheels (job->profile, (guint) node->tree_number - 1));
          if (own && g_hash_table_add (seen, (gpointer) path))
            g_ptr_array_add (united, g_strdup (path));
        }
    }
  if (united->len > 0)
    qsort (united->pdata, united->len, sizeof united->pdata[0], compare_paths);
  return united;
}

/* All trees of wheels but the last one wait for it. @waiting: the paths that they carry. @paths:
 * (transfer full) */
static gboolean
add_single (TerraneImageJob *job, guint tree, GPtrArray *waiting, GPtrArray *paths, GError **error)
{
  const GPtrArray *trees = job->profile->trees;
  g_autoptr (GString) names = g_string_new (NULL);
  g_ptr_array_add (waiting, paths);
  for (guint i = tree + 1; i < trees->len; i++)
    if (is_wheels (job->profile, i))
      return TRUE;
  for (guint i = 0; i <= tree; i++)
    if (is_wheels (job->profile, i))
      g_string_append_printf (names, "%s%s", names->len > 0 ? "+" : "",
                              ((TerraneSourceSpec *) trees->pdata[i])->name);
  return add_layer (job, unite (job, waiting), names->str, error);
}

/* @paths: (transfer full) */
static gboolean
add_tree_layers (TerraneImageJob *job, guint tree, GPtrArray *waiting, GPtrArray *paths,
                 GError **error)
{
  const TerraneSourceSpec *spec = job->profile->trees->pdata[tree];
  TerraneLayersMode mode = job->profile->layers.wheels;
  if (spec->kind == TERRANE_SOURCE_WHEELS && mode == TERRANE_LAYERS_SINGLE)
    return add_single (job, tree, waiting, paths, error);
  if (spec->kind == TERRANE_SOURCE_WHEELS && mode == TERRANE_LAYERS_PER_PACKAGE
      && job->options->pins != NULL && paths->len > 0 && !job->no_layers)
    return add_packages (job, tree, paths, error);
  return add_layer (job, paths, spec->name, error);
}

static void
free_list (gpointer list)
{
  g_ptr_array_unref (list);
}

static gboolean
add_trees (TerraneImageJob *job, GError **error)
{
  g_autoptr (GPtrArray) names = terrane_image_tree_names (job->profile);
  g_autoptr (GPtrArray) waiting = g_ptr_array_new_with_free_func (free_list);
  for (guint i = 0; i < job->profile->trees->len; i++)
    {
      const TerraneSourceSpec *spec = job->profile->trees->pdata[i];
      GPtrArray *paths = NULL;
      g_autoptr (TerraneTree) tree = terrane_source_tree_steal (
          &g_array_index (job->trees, TerraneSourceTree, i), job->store, error);
      if (tree == NULL
          || !terrane_assemble (job->assembled, tree, (int) i + 1,
                                (const char *const *) names->pdata, spec, &paths, error)
          || !add_tree_layers (job, i, waiting, paths, error))
        return FALSE;
    }
  return TRUE;
}

gboolean
terrane_image_job_add_all (TerraneImageJob *job, GError **error)
{
  return add_base (job, error) && add_trees (job, error);
}
