/* SARIF 2.1.0 (OASIS): the format of code scanning services. */
#include "builder/check/finding.h"
#include "builder/version.h"

#include <gio/gio.h>
#include <string.h>

static json_t *
text_object (const char *text)
{
  json_t *object = json_object ();
  oci_json_set (object, "text", oci_json_text (text));
  return object;
}

/* Section 3.49.14; the most severe one that a check gives. "properties" has all of them. */
static void
set_levels (json_t *rule, const char *id)
{
  json_t *configuration = json_object (), *properties = json_object (), *levels = json_array ();
  for (TerraneSeverity level = TERRANE_SEVERITY_ERROR; level < TERRANE_SEVERITY_OFF; level++)
    if (terrane_finding_may_be (id, level))
      oci_json_append (levels, oci_json_text (terrane_severity_name (level)));
  oci_json_set (configuration, "level", json_incref (json_array_get (levels, 0)));
  oci_json_set (rule, "defaultConfiguration", configuration);
  oci_json_set (properties, "levels", levels);
  oci_json_set (rule, "properties", properties);
}

static json_t *
make_rules (void)
{
  json_t *rules = json_array ();
  for (const char *const *id = terrane_finding_ids (); *id != NULL; id++)
    {
      json_t *rule = json_object ();
      oci_json_set (rule, "id", oci_json_text (*id));
      oci_json_set (rule, "shortDescription", text_object (terrane_finding_summary (*id)));
      set_levels (rule, *id);
      oci_json_append (rules, rule);
    }
  return rules;
}

/* Returns the URI of what was checked, for findings that are not about a file: a profile or archive
 * by path, an image by name. Colons are removed from a name, so that it is not a URI with a
 * scheme. */
static char *
make_artifact_uri (const char *artifact)
{
  g_autofree char *uri =
      g_path_is_absolute (artifact) ? g_filename_to_uri (artifact, NULL, NULL) : NULL;
  if (uri != NULL)
    return g_steal_pointer (&uri);
  const char *name = artifact;
  while (g_str_has_prefix (name, "./"))
    name += strlen ("./");
  return g_uri_escape_string (name, "/", FALSE);
}

/* Code scanning requires a file and a line for each result. @path: (nullable): in the image; %NULL
 * for what was checked */
static json_t *
make_location (const char *path, const char *artifact)
{
  json_t *location = json_object (), *physical = json_object (), *object = json_object ();
  json_t *region = json_object ();
  g_autofree char *uri =
      path != NULL ? g_uri_escape_string (path, "/", FALSE) : make_artifact_uri (artifact);
  oci_json_set (object, "uri", oci_json_text (uri));
  if (path != NULL)
    oci_json_set (object, "uriBaseId", oci_json_text ("IMAGE"));
  oci_json_set (region, "startLine", json_integer (1));
  oci_json_set (physical, "artifactLocation", object);
  oci_json_set (physical, "region", region);
  oci_json_set (location, "physicalLocation", physical);
  return location;
}

/* Section 3.27.22: further files with the same problem. One change, to their common cause, repairs
 * all, so they are one result. */
static json_t *
make_related (const TerraneFinding *finding, const char *artifact)
{
  json_t *locations = json_array ();
  for (guint i = 1; i < finding->files->len; i++)
    {
      const TerraneFindingFile *file = finding->files->pdata[i];
      oci_json_append (locations, make_location (file->path, artifact));
    }
  return locations;
}

static json_t *
make_suppressions (const TerraneFinding *finding)
{
  json_t *suppressions = json_array (), *suppression = json_object ();
  oci_json_set (suppression, "kind", oci_json_text ("external"));
  oci_json_set (suppression, "status", oci_json_text ("accepted"));
  if (finding->reason != NULL)
    oci_json_set (suppression, "justification", oci_json_text (finding->reason));
  oci_json_append (suppressions, suppression);
  return suppressions;
}

static json_t *
make_result (const TerraneFinding *finding, const char *artifact)
{
  json_t *result = json_object (), *locations = json_array (), *properties = json_object ();
  json_int_t index = 0;
  for (const char *const *id = terrane_finding_ids (); !g_str_equal (*id, finding->id); id++)
    index++;
  oci_json_set (result, "ruleId", oci_json_text (finding->id));
  oci_json_set (result, "ruleIndex", json_integer (index));
  /* Section 3.35: a suppressed result keeps its level. */
  gboolean off = finding->severity == TERRANE_SEVERITY_OFF;
  TerraneSeverity level = off ? finding->found_as : finding->severity;
  oci_json_set (result, "level", oci_json_text (terrane_severity_name (level)));
  if (off)
    oci_json_set (result, "suppressions", make_suppressions (finding));
  g_autofree char *message =
      g_strconcat (finding->message, finding->fix != NULL ? "\nfix: " : NULL, finding->fix, NULL);
  oci_json_set (result, "message", text_object (message));
  oci_json_append (locations, make_location (finding->path, artifact));
  oci_json_set (result, "locations", locations);
  if (finding->files != NULL)
    oci_json_set (result, "relatedLocations", make_related (finding, artifact));
  if (finding->tree != NULL)
    oci_json_set (properties, "tree", oci_json_text (finding->tree));
  if (finding->overridden)
    oci_json_set (properties, "found_as",
                  oci_json_text (terrane_severity_name (finding->found_as)));
  if (finding->reason != NULL)
    oci_json_set (properties, "reason", oci_json_text (finding->reason));
  oci_json_set (result, "properties", properties);
  return result;
}

json_t *
terrane_findings_to_sarif (TerraneFindings *self, const char *artifact)
{
  json_t *log = json_object (), *runs = json_array (), *run = json_object ();
  json_t *tool = json_object (), *driver = json_object (), *results = json_array ();
  json_t *bases = json_object (), *base = json_object ();
  const GPtrArray *list = terrane_findings_list (self);
  oci_json_set (driver, "name", oci_json_text ("terrane"));
  oci_json_set (driver, "version", oci_json_text (TERRANE_VERSION));
  oci_json_set (driver, "rules", make_rules ());
  oci_json_set (tool, "driver", driver);
  for (guint i = 0; i < list->len; i++)
    oci_json_append (results, make_result (list->pdata[i], artifact));
  oci_json_set (base, "description", text_object (artifact));
  oci_json_set (bases, "IMAGE", base);
  oci_json_set (run, "tool", tool);
  oci_json_set (run, "originalUriBaseIds", bases);
  oci_json_set (run, "results", results);
  oci_json_append (runs, run);
  oci_json_set (log, "$schema", oci_json_text ("https://json.schemastore.org/sarif-2.1.0.json"));
  oci_json_set (log, "version", oci_json_text ("2.1.0"));
  oci_json_set (log, "runs", runs);
  return log;
}
