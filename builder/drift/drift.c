#include "builder/drift/drift.h"

#include "builder/drift/advisories.h"
#include "builder/drift/advisory-files.h"
#include "builder/drift/advisory-service.h"
#include "builder/drift/end-of-life.h"
#include "builder/drift/sources.h"
#include "builder/drift/wheels.h"

#include <string.h>

/* A platform of a profile that was added. */
typedef struct
{
  char *profile;
  char *platform;
  TerraneInventory *inventory;
  TerraneDriftReport *report;
  TerraneDriftRules rules;
} Part;

struct _TerraneDrift
{
  TerraneDriftOptions options;
  TerraneProgress quiet; /* for look-ups in the store */
  TerraneRemote *nobody; /* makes no connection */
  TerraneEndOfLife *ends;
  TerraneAdvisories *advisories;
  GPtrArray *parts;
};

static void
part_free (gpointer data)
{
  Part *self = data;
  g_free (self->profile);
  g_free (self->platform);
  terrane_inventory_free (self->inventory);
  terrane_drift_report_free (self->report);
  g_free (self);
}

TerraneDrift *
terrane_drift_new (const TerraneDriftOptions *options, GError **error)
{
  g_autoptr (TerraneDrift) self = g_new0 (TerraneDrift, 1);
  self->options = *options;
  self->parts = g_ptr_array_new_with_free_func (part_free);
  self->advisories = terrane_advisories_new ();
  const TerraneRemoteOptions nobody = { .offline = TRUE, .jobs = 1, .progress = &self->quiet };
  self->nobody = terrane_remote_new (options->store, &nobody);
  self->ends = terrane_end_of_life_new (options->end_of_life, error);
  return self->ends != NULL ? g_steal_pointer (&self) : NULL;
}

void
terrane_drift_free (TerraneDrift *self)
{
  if (self == NULL)
    return;
  terrane_advisories_free (self->advisories); /* before the parts, whose packages it borrows */
  g_ptr_array_unref (self->parts);
  terrane_end_of_life_free (self->ends);
  terrane_remote_free (self->nobody);
  g_free (self);
}

gboolean
terrane_drift_add (TerraneDrift *self, const TerraneProfile *profile, const TerraneLock *lock,
                   const char *platform, GError **error)
{
  const TerraneDriftOptions *options = &self->options;
  Part *part = g_new0 (Part, 1);
  g_ptr_array_add (self->parts, part);
  part->profile = g_strdup (profile->path);
  part->platform = g_strdup (platform);
  part->report = terrane_drift_report_new ();
  part->rules = (TerraneDriftRules){ .today = options->today,
                                     .ignore = profile->drift.ignore,
                                     .ignored = options->ignored,
                                     .fixable = options->fixable };
  const TerraneInventoryContext context = {
    .store = options->store,
    .offline = self->nobody,
    .profile = profile,
    .lock = lock,
    .platform = platform,
    .jobs = options->jobs,
    .progress = &self->quiet,
  };
  const TerraneDriftUnit unit = {
    .profile = profile,
    .lock = lock,
    .platform = platform,
    .remote = options->remote,
    .offline = options->offline,
    .jobs = options->jobs,
    .rules = &part->rules,
    .report = part->report,
  };
  if (terrane_lock_get_platform (lock, platform) == NULL)
    {
      terrane_drift_report_unanswered (part->report, "lock", NULL, TRUE,
                                       "%s has nothing of this platform; run: terrane lock %s",
                                       terrane_lock_file (lock), profile->path);
      return TRUE;
    }
  part->inventory = terrane_inventory_new (&context, part->report, error);
  if (part->inventory == NULL || !terrane_drift_ask_sources (&unit, error)
      || !terrane_drift_ask_wheels (&unit, part->inventory, error))
    return FALSE;
  terrane_end_of_life_report (self->ends, &unit, part->inventory, options->days);
  terrane_advisories_watch (self->advisories, part->inventory);
  return TRUE;
}

/* Reports for every part what is unknown about advisories. */
static void
leave_open (TerraneDrift *self, gboolean failed, const char *reason)
{
  for (guint i = 0; i < self->parts->len; i++)
    {
      const Part *part = self->parts->pdata[i];
      if (part->inventory != NULL)
        terrane_drift_report_unanswered (part->report, "advisories", NULL, failed, "%s", reason);
    }
}

/* @failure: (transfer full) */
static gboolean
leave_failed (TerraneDrift *self, GError *failure, GError **error)
{
  if (g_error_matches (failure, OCI_ERROR, OCI_ERROR_CANCELLED))
    {
      g_propagate_error (error, failure);
      return FALSE;
    }
  leave_open (self, TRUE, failure->message);
  g_error_free (failure);
  return TRUE;
}

static gboolean
read_files (TerraneDrift *self, const char *path, GError **error)
{
  GError *local = NULL;
  g_auto (TerraneAdvisoryFiles) files = { 0 };
  terrane_progress_phase (self->options.progress, 0, "reading the advisories of %s", path);
  if (!terrane_advisory_files_read (path, self->advisories, &files, &local))
    return leave_failed (self, local, error);
  if (files.broken > 0)
    {
      g_autofree char *reason =
          g_strdup_printf ("%s: %u of %u advisories cannot be read: %s", path, files.broken,
                           files.broken + files.records, files.first);
      leave_open (self, TRUE, reason);
    }
  else if (files.records == 0)
    {
      g_autofree char *reason = g_strdup_printf ("%s: it contains no advisories", path);
      leave_open (self, TRUE, reason);
    }
  return TRUE;
}

static gboolean
ask_service (TerraneDrift *self, GError **error)
{
  GError *local = NULL;
  const char *url =
      self->options.service != NULL ? self->options.service : TERRANE_ADVISORY_SERVICE;
  g_auto (TerraneAdvisoryLosses) losses = { 0 };
  if (self->options.offline)
    {
      leave_open (self, FALSE, "--offline: advisories out of files can be named by --advisories");
      return TRUE;
    }
  if (!terrane_advisory_service_ask (self->options.remote, url, self->advisories, &losses, &local))
    return leave_failed (self, local, error);
  if (losses.n > 0)
    {
      g_autofree char *reason = g_strdup_printf ("%u advisor%s cannot be read: %s", losses.n,
                                                 losses.n == 1 ? "y" : "ies", losses.first);
      leave_open (self, TRUE, reason);
    }
  return TRUE;
}

static gboolean
ask_advisories (TerraneDrift *self, GError **error)
{
  const char *const *paths = self->options.advisories;
  if (terrane_advisories_packages (self->advisories)->len == 0)
    return TRUE; /* there is nothing to ask about */
  if (paths == NULL || paths[0] == NULL)
    return ask_service (self, error);
  for (; *paths != NULL; paths++)
    if (!read_files (self, *paths, error))
      return FALSE;
  return TRUE;
}

static json_t *
count_packages (const TerraneInventory *inventory)
{
  json_t *counts = json_object ();
  for (guint i = 0; i < inventory->components->len; i++)
    {
      const TerraneComponent *component = inventory->components->pdata[i];
      const char *ecosystem = component->package->ecosystem;
      json_int_t before = json_integer_value (json_object_get (counts, ecosystem));
      oci_json_set (counts, ecosystem, json_integer (before + 1));
    }
  return counts;
}

static json_t *
describe (const Part *part)
{
  json_t *object = json_object ();
  oci_json_set (object, "profile", oci_json_text (part->profile));
  oci_json_set (object, "platform", oci_json_text (part->platform));
  if (part->inventory != NULL)
    {
      oci_json_set (object, "packages_of", oci_json_text (part->inventory->seen));
      oci_json_set (object, "packages", count_packages (part->inventory));
    }
  oci_json_set (object, "findings", json_incref (part->report->findings));
  oci_json_set (object, "ignored", json_incref (part->report->ignored));
  oci_json_set (object, "unanswered", json_incref (part->report->unanswered));
  return object;
}

json_t *
terrane_drift_finish (TerraneDrift *self, GError **error)
{
  if (!ask_advisories (self, error))
    return NULL;
  json_t *document = json_object (), *profiles = json_array ();
  size_t findings = 0;
  for (guint i = 0; i < self->parts->len; i++)
    {
      const Part *part = self->parts->pdata[i];
      if (part->inventory != NULL)
        terrane_advisories_report (self->advisories, part->inventory, &part->rules, part->report);
      terrane_drift_report_sort (part->report);
      findings += json_array_size (part->report->findings);
      oci_json_append (profiles, describe (part));
    }
  oci_json_set (document, "today", oci_json_text (self->options.today));
  oci_json_set (document, "end_of_life_table",
                oci_json_text (terrane_end_of_life_date (self->ends)));
  oci_json_set (document, "moved", json_boolean (findings > 0));
  oci_json_set (document, "profiles", profiles);
  return document;
}
