#include "builder/drift/inventory.h"

#include "builder/facts/dpkg-status.h"
#include "builder/facts/os-release.h"
#include "builder/facts/python-dists.h"
#include "builder/geo/geo-index.h"
#include "builder/python/dependency.h"
#include "builder/python/marker.h"

#include "oci/base/text-hash.h"

#include <string.h>

static void
component_free (gpointer data)
{
  TerraneComponent *self = data;
  terrane_osv_package_free (self->package);
  g_free (self->source);
  g_ptr_array_unref (self->packages);
  g_free (self);
}

static void
need_free (gpointer data)
{
  TerraneNeed *self = data;
  g_free (self->name);
  g_free (self->needed_by);
  g_free (self->specifiers);
  g_free (self);
}

void
terrane_inventory_free (TerraneInventory *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->components);
  g_ptr_array_unref (self->needs);
  g_free (self->seen);
  g_free (self->python);
  g_free (self->runtime);
  g_free (self->os);
  g_free (self->os_version);
  g_free (self);
}

/* State of taking an inventory. */
typedef struct
{
  const TerraneInventoryContext *context;
  TerraneInventory *inventory;
  TerraneDriftReport *report;
  GHashTable *locked; /* "TREE NAME" of wheels in the lock, and "NAME": a set */
} Taking;

static TerraneComponent *
add (Taking *self, TerraneOsvPackage *package, const char *source)
{
  TerraneComponent *component = g_new0 (TerraneComponent, 1);
  component->package = package;
  component->source = g_strdup (source);
  component->packages = g_ptr_array_new_with_free_func (g_free);
  g_ptr_array_add (self->inventory->components, component);
  return component;
}

/* The wheels of one tree, and the Python that they are for. */
static void
take_locked (Taking *self, const char *tree)
{
  size_t i;
  json_t *wheel;
  const json_t *entry = terrane_lock_get (self->context->lock, self->context->platform, tree);
  const char *python = json_string_value (json_object_get (entry, "python_full"));
  if (python == NULL)
    python = json_string_value (json_object_get (entry, "python"));
  if (python != NULL && self->inventory->python == NULL)
    self->inventory->python = g_strdup (python);
  json_array_foreach (json_object_get (entry, "wheels"), i, wheel)
  {
    const char *name = json_string_value (json_object_get (wheel, "name"));
    const char *version = json_string_value (json_object_get (wheel, "version"));
    if (name == NULL || version == NULL)
      continue;
    TerraneOsvPackage *package =
        terrane_osv_package_new ("PyPI", name, version, TERRANE_OSV_ORDER_PEP440);
    (void) add (self, package, tree);
    g_hash_table_add (self->locked, g_strconcat (tree, " ", package->name, NULL));
    g_hash_table_add (self->locked, g_strdup (package->name));
  }
}

/* Layers that no tree of the profile made belong to the base. */
static const char *
source_of (const Taking *self, const TerraneImageView *view, const TerraneNode *node)
{
  const char *tree = terrane_image_view_tree (view, node);
  const GPtrArray *trees = self->context->profile->trees;
  for (guint i = 0; tree != NULL && i < trees->len; i++)
    if (strcmp (((const TerraneSourceSpec *) trees->pdata[i])->name, tree) == 0)
      return tree;
  return "base";
}

/* Takes the versions of other packages that a distribution allows, without extras. */
static void
take_needs (Taking *self, const TerranePythonDist *dist, const TerranePythonTarget *target)
{
  for (guint i = 0; i < dist->requires->len; i++)
    {
      gboolean holds = TRUE;
      g_autoptr (TerraneDependency) dependency =
          terrane_dependency_parse (dist->requires->pdata[i], NULL);
      if (dependency == NULL || dependency->specifiers[0] == '\0'
          || (dependency->marker != NULL
              && (!terrane_marker_evaluate (dependency->marker, target, NULL, &holds, NULL)
                  || !holds)))
        continue;
      TerraneNeed *need = g_new0 (TerraneNeed, 1);
      need->name = g_steal_pointer (&dependency->normalised);
      need->needed_by = g_strdup (dist->name);
      need->specifiers = g_steal_pointer (&dependency->specifiers);
      g_ptr_array_add (self->inventory->needs, need);
    }
}

/* Wheels of the lock are taken from it. Packages of a Linux distribution have its advisories. */
static void
take_dist (Taking *self, const TerraneImageView *view, const TerranePython *python,
           const TerranePythonDist *dist)
{
  const char *source = source_of (self, view, dist->node);
  g_autofree char *key = g_strconcat (source, " ", dist->normalised, NULL);
  take_needs (self, dist, &python->target);
  if (dist->system || g_hash_table_contains (self->locked, key))
    return;
  (void) add (
      self,
      terrane_osv_package_new ("PyPI", dist->normalised, dist->version, TERRANE_OSV_ORDER_PEP440),
      source);
}

static gboolean
take_python (Taking *self, const TerraneImageView *view, GError **error)
{
  TerraneInventory *inventory = self->inventory;
  gboolean lambda = self->context->profile->target == TERRANE_TARGET_AWS_LAMBDA;
  g_autoptr (TerranePython) python = terrane_python_new (view, lambda, error);
  if (python == NULL)
    return FALSE;
  const TerranePythonBase *base = &python->base;
  if (base->interpreter == NULL)
    return TRUE;
  if (g_str_has_prefix (base->interpreter, "/var/lang/bin/"))
    inventory->runtime = g_strdup_printf ("python%u.%u", base->python_major, base->python_minor);
  g_free (inventory->python);
  inventory->python =
      base->has_patch
          ? g_strdup_printf ("%u.%u.%u", base->python_major, base->python_minor, base->python_patch)
          : g_strdup_printf ("%u.%u", base->python_major, base->python_minor);
  for (guint i = 0; i < python->dists->len; i++)
    take_dist (self, view, python, python->dists->pdata[i]);
  return TRUE;
}

/* "Debian:12", "Ubuntu:24.04:LTS". Returns: (transfer full) (nullable) */
static char *
ecosystem_of (const TerraneInventory *inventory)
{
  unsigned year = 0;
  if (inventory->os == NULL || inventory->os_version == NULL)
    return NULL;
  if (strcmp (inventory->os, "debian") == 0)
    return g_strdup_printf ("Debian:%s", inventory->os_version);
  if (strcmp (inventory->os, "ubuntu") != 0)
    return NULL;
  year = (unsigned) g_ascii_strtoull (inventory->os_version, NULL, 10);
  gboolean long_term = year % 2 == 0 && g_str_has_suffix (inventory->os_version, ".04");
  return g_strdup_printf ("Ubuntu:%s%s", inventory->os_version, long_term ? ":LTS" : "");
}

/* Advisories of Debian are about source packages. */
static void
take_dpkg (Taking *self, const TerraneImageView *view, const GPtrArray *packages,
           const char *ecosystem)
{
  g_autoptr (GHashTable) seen = g_hash_table_new_full (oci_text_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < packages->len; i++)
    {
      const TerraneDpkgPackage *package = packages->pdata[i];
      g_autofree char *key = g_strconcat (package->source, " ", package->source_version, NULL);
      TerraneComponent *component = g_hash_table_lookup (seen, key);
      if (component == NULL)
        {
          component =
              add (self,
                   terrane_osv_package_new (ecosystem, package->source, package->source_version,
                                            TERRANE_OSV_ORDER_DPKG),
                   source_of (self, view, package->node));
          g_hash_table_insert (seen, g_steal_pointer (&key), component);
        }
      g_ptr_array_add (component->packages, g_strdup (package->name));
    }
}

/* Reports package lists that cannot be looked up in OSV, or cannot be read here. */
static void
report_others (Taking *self, const TerraneImageView *view)
{
  static const char *const lists[][2] = {
    { "var/lib/rpm", "the RPM packages" },
    { "usr/lib/sysimage/rpm", "the RPM packages" },
    { "lib/apk/db/installed", "the packages of Alpine" },
    { "var/lib/pacman", "the packages of Arch" },
  };
  const char *os = self->inventory->os != NULL ? self->inventory->os : "an unnamed system";
  for (size_t i = 0; i < G_N_ELEMENTS (lists); i++)
    {
      if (terrane_tree_follow (view->tree, lists[i][0]) == NULL)
        continue;
      gboolean amazon = strcmp (os, "amzn") == 0;
      terrane_drift_report_unanswered (
          self->report, "advisories", "base", FALSE, "%s of %s: %s", lists[i][1], os,
          amazon ? "OSV has no advisories for Amazon Linux; a newer base has its fixes, and Amazon "
                   "Inspector knows them"
                 : "their list is not read here");
      return;
    }
}

static gboolean
take_os (Taking *self, const TerraneImageView *view, GError **error)
{
  g_auto (TerraneOsRelease) release = { 0 };
  g_autoptr (GPtrArray) packages = NULL;
  TerraneInventory *inventory = self->inventory;
  if (!terrane_os_release_find (view, &release, error)
      || !terrane_dpkg_status_find (view, &packages, error))
    return FALSE;
  inventory->os = g_steal_pointer (&release.id);
  inventory->os_version = g_steal_pointer (&release.version);
  g_autofree char *ecosystem = ecosystem_of (inventory);
  if (packages->len > 0 && ecosystem != NULL)
    take_dpkg (self, view, packages, ecosystem);
  else if (packages->len > 0)
    terrane_drift_report_unanswered (
        self->report, "advisories", "base", FALSE,
        "%u packages of dpkg: os-release does not say of which release of Debian or Ubuntu they "
        "are",
        packages->len);
  else
    report_others (self, view);
  return TRUE;
}

/* Takes a library in a wheel, by OSS-Fuzz's names of its project. */
static void
take_library (Taking *self, const TerraneImageView *view, const TerraneGeoEntry *entry)
{
  const TerraneGeoFile *facts = entry->facts;
  const struct
  {
    const char *prefix, *project, *version;
  } rows[] = {
    { "libgdal", "gdal", facts->gdal },
    { "libproj", "proj4", facts->proj },
    { "libgeos", "geos", facts->geos },
    { "libcurl", "curl", facts->curl },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    if (rows[i].version != NULL && g_str_has_prefix (entry->node->name, rows[i].prefix))
      {
        TerraneComponent *component =
            add (self,
                 terrane_osv_package_new ("OSS-Fuzz", rows[i].project, rows[i].version,
                                          TERRANE_OSV_ORDER_NONE),
                 source_of (self, view, entry->node));
        g_ptr_array_add (component->packages, g_strconcat ("/", entry->path, NULL));
      }
}

static gboolean
take_libraries (Taking *self, const TerraneImageView *view, GError **error)
{
  guint before = self->inventory->components->len;
  g_autoptr (TerraneGeoIndex) index = terrane_geo_index_new (view->store, view->tree, error);
  if (index == NULL)
    return FALSE;
  const GPtrArray *entries = terrane_geo_index_entries (index);
  for (guint i = 0; i < entries->len; i++)
    {
      const TerraneGeoEntry *entry = entries->pdata[i];
      if (entry->package != NULL)
        take_library (self, view, entry);
    }
  guint found = self->inventory->components->len - before;
  if (found > 0)
    terrane_drift_report_unanswered (
        self->report, "advisories", NULL, FALSE,
        "%u librar%s inside of wheels: OSV names their releases in records of OSS-Fuzz only, and "
        "most advisories about them by Git commits",
        found, found == 1 ? "y" : "ies");
  return TRUE;
}

static gboolean
take_files (Taking *self, const TerraneImageView *view, GError **error)
{
  return take_python (self, view, error) && take_os (self, view, error)
         && take_libraries (self, view, error);
}

TerraneInventory *
terrane_inventory_new (const TerraneInventoryContext *context, TerraneDriftReport *report,
                       GError **error)
{
  g_autoptr (TerraneInventory) inventory = g_new0 (TerraneInventory, 1);
  g_autoptr (GHashTable) locked = g_hash_table_new_full (oci_text_hash, g_str_equal, g_free, NULL);
  Taking self = { .context = context, .inventory = inventory, .report = report, .locked = locked };
  g_autoptr (GError) local = NULL;
  inventory->components = g_ptr_array_new_with_free_func (component_free);
  inventory->needs = g_ptr_array_new_with_free_func (need_free);
  g_auto (GStrv) trees = terrane_lock_trees (context->lock, context->platform);
  for (char **tree = trees; *tree != NULL; tree++)
    take_locked (&self, *tree);
  g_autoptr (TerraneImageRoot) root = terrane_image_root_find (context, &local);
  inventory->seen = g_strdup (root == NULL ? "lock" : root->is_image ? "image" : "base");
  if (root != NULL)
    {
      const TerraneImageView view = terrane_image_root_view (root, context->store);
      (void) take_files (&self, &view, &local); /* its error is handled below */
    }
  else if (g_error_matches (local, OCI_ERROR, OCI_ERROR_NOT_FOUND))
    {
      terrane_drift_report_unanswered (
          report, "packages", "base", FALSE,
          "neither the image nor its base is in the store, so that only the wheels of the lock are "
          "known; build the profile first: %s",
          local->message);
      g_clear_error (&local);
    }
  if (local != NULL
      && !terrane_drift_report_failure (report, "packages", "base", g_steal_pointer (&local),
                                        error))
    return NULL;
  return g_steal_pointer (&inventory);
}
