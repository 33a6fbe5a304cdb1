#include "builder/check/geo.h"

#include "builder/check/geo-context.h"
#include "builder/geo/proj-search.h"

#include <string.h>

const TerraneGeoUse *
terrane_geo_use (const TerraneGeoContext *self, const TerraneNode *node)
{
  static const TerraneGeoUse none = { 0 };
  const TerraneGeoUse *use = g_hash_table_lookup (self->uses, node);
  return use != NULL ? use : &none;
}

gboolean
terrane_geo_is_readable (const TerraneGeoContext *self, const TerraneNode *node)
{
  if (!self->any_user)
    return TRUE;
  for (const TerraneNode *parent = node->parent; parent != NULL; parent = parent->parent)
    if ((parent->mode & 0001) == 0)
      return FALSE;
  return (node->mode & 0004) != 0;
}

const char *
terrane_geo_variable (const TerraneGeoContext *self, const char *name)
{
  const char *value = g_environ_getenv (self->environment, name);
  return value != NULL && value[0] != '\0' ? value : NULL;
}

char *
terrane_geo_describe (const TerraneGeoContext *self, const TerraneGeoEntry *entry, const char *what,
                      const char *version)
{
  const char *owner = terrane_geo_entry_owner (entry);
  g_autofree char *quoted_version = oci_quote (version);
  g_autofree char *quoted = oci_quote (owner);
  if (owner[0] != '\0')
    return g_strdup_printf ("the %s %s that %s brings along", what, quoted_version, quoted);
  g_autofree char *there = terrane_image_view_quote (self->view, entry->node);
  return g_strdup_printf ("%s %s (%s)", what, quoted_version, there);
}

void
terrane_geo_report (const TerraneGeoContext *self, const char *id, TerraneSeverity severity,
                    const TerraneNode *node, const char *message, const char *fix)
{
  g_autofree char *path = node != NULL ? terrane_node_path (node) : NULL;
  const TerraneFinding finding = {
    .id = id,
    .severity = severity,
    .path = path,
    .tree = node != NULL ? terrane_image_view_tree (self->view, node) : NULL,
    .message = message,
    .fix = fix,
  };
  terrane_findings_add (self->findings, &finding);
}

static void
on_need (G_GNUC_UNUSED const TerraneRoot *root, G_GNUC_UNUSED const TerraneClosure *closure,
         G_GNUC_UNUSED const TerraneLoaded *loader, G_GNUC_UNUSED const char *name,
         G_GNUC_UNUSED const TerraneLoaded *found, G_GNUC_UNUSED TerraneSearchStep step,
         G_GNUC_UNUSED gpointer data)
{
}

static void
on_loaded (const TerraneRoot *root, const TerraneClosure *closure, gpointer data)
{
  const TerraneGeoContext *self = data;
  const GPtrArray *files = terrane_closure_files (closure);
  for (guint i = 0; root->role != TERRANE_ROOT_LIBRARY && i < files->len; i++)
    {
      TerraneNode *node = ((const TerraneLoaded *) files->pdata[i])->entry->node;
      const TerraneGeoEntry *entry = terrane_geo_index_find (self->index, node);
      if (entry == NULL)
        continue;
      if (entry->facts->gdal != NULL && strstr (root->entry->path, "osgeo/_gdal.") != NULL)
        g_hash_table_insert (self->osgeo, (gpointer) root->entry, (gpointer) entry);
      TerraneGeoUse *use = g_hash_table_lookup (self->uses, node);
      if (use == NULL)
        {
          use = g_new0 (TerraneGeoUse, 1);
          g_hash_table_insert (self->uses, node, use);
        }
      if (use->module == NULL && root->role == TERRANE_ROOT_MODULE)
        use->module = root->entry;
      if (use->required == NULL && root->required)
        use->required = root->entry;
    }
}

static gboolean
is_root (const char *user)
{
  return user == NULL || user[0] == '\0' || strcmp (user, "0") == 0 || strcmp (user, "root") == 0
         || g_str_has_prefix (user, "0:") || g_str_has_prefix (user, "root:");
}

gboolean
terrane_check_geo (const TerraneImageView *view, TerranePrograms *programs,
                   const char *const *grids, const char *prefix, gboolean any_user,
                   TerraneFindings *findings, GError **error)
{
  static const TerraneProgramsVisitor visitor = { .need = on_need, .loaded = on_loaded };
  g_autoptr (TerraneGeoIndex) index = terrane_geo_index_new (view->store, view->tree, error);
  g_auto (GStrv) environment = oci_image_config_env (view->config);
  g_autoptr (GHashTable) uses = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  g_autoptr (GHashTable) osgeo = g_hash_table_new (NULL, NULL);
  if (index == NULL)
    return FALSE;
  if (terrane_geo_index_entries (index)->len == 0)
    return TRUE;
  TerraneGeoContext self = {
    .view = view,
    .programs = programs,
    .index = index,
    .findings = findings,
    .environment = environment,
    .grids = grids,
    .prefix = prefix,
    .any_user = any_user || !is_root (oci_image_config_user (view->config)),
    .uses = uses,
    .osgeo = osgeo,
  };
  terrane_programs_visit (programs, &visitor, &self);
  terrane_check_geo_proj (&self);
  terrane_check_geo_data (&self);
  terrane_check_geo_copies (&self);
  terrane_check_geo_tls (&self);
  terrane_check_geo_bindings (&self);
  terrane_check_geo_grids (&self);
  return TRUE;
}
