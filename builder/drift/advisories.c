#include "builder/drift/advisories.h"

#include "builder/drift/cvss.h"

#include "oci/base/text-hash.h"

#include <string.h>

enum
{
  MAX_HITS = 200000,
  MAX_SUMMARY_CHARACTERS = 120,
};

/* A record about a package. */
typedef struct
{
  TerraneOsvRecord *record;
  TerraneOsvMatch match;
} Hit;

/* One package with its records. */
typedef struct
{
  const TerraneOsvPackage *package; /* borrowed */
  GPtrArray *hits;                  /* of Hit */
  guint undecided;                  /* records whose versions cannot be compared */
} Watched;

struct _TerraneAdvisories
{
  GHashTable *by_key;  /* "ECOSYSTEM NAME VERSION" -> Watched */
  GHashTable *by_name; /* NAME -> GPtrArray of Watched, borrowed */
  GPtrArray *packages; /* of TerraneOsvPackage, borrowed */
  guint n_hits;
  guint dropped; /* number of hits beyond the limit */
  GMutex mutex;
};

static void
hit_free (gpointer data)
{
  Hit *self = data;
  terrane_osv_record_unref (self->record);
  g_free (self);
}

static void
watched_free (gpointer data)
{
  Watched *self = data;
  g_ptr_array_unref (self->hits);
  g_free (self);
}

TerraneAdvisories *
terrane_advisories_new (void)
{
  TerraneAdvisories *self = g_new0 (TerraneAdvisories, 1);
  self->by_key = g_hash_table_new_full (oci_text_hash, g_str_equal, g_free, watched_free);
  self->by_name = g_hash_table_new_full (oci_text_hash, g_str_equal, g_free,
                                         (GDestroyNotify) g_ptr_array_unref);
  self->packages = g_ptr_array_new ();
  g_mutex_init (&self->mutex);
  return self;
}

void
terrane_advisories_free (TerraneAdvisories *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->by_name);
  g_hash_table_unref (self->by_key);
  g_ptr_array_unref (self->packages);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

static char *
key_of (const TerraneOsvPackage *package)
{
  return g_strjoin ("\n", package->ecosystem, package->name, package->version, NULL);
}

static void
watch (TerraneAdvisories *self, const TerraneOsvPackage *package)
{
  g_autofree char *key = key_of (package);
  if (g_hash_table_contains (self->by_key, key))
    return;
  Watched *watched = g_new0 (Watched, 1);
  watched->package = package;
  watched->hits = g_ptr_array_new_with_free_func (hit_free);
  g_hash_table_insert (self->by_key, g_steal_pointer (&key), watched);
  g_ptr_array_add (self->packages, (gpointer) package);
  GPtrArray *named = g_hash_table_lookup (self->by_name, package->name);
  if (named == NULL)
    {
      named = g_ptr_array_new ();
      g_hash_table_insert (self->by_name, g_strdup (package->name), named);
    }
  g_ptr_array_add (named, watched);
}

void
terrane_advisories_watch (TerraneAdvisories *self, const TerraneInventory *inventory)
{
  for (guint i = 0; i < inventory->components->len; i++)
    watch (self, ((const TerraneComponent *) inventory->components->pdata[i])->package);
}

const GPtrArray *
terrane_advisories_packages (const TerraneAdvisories *self)
{
  return self->packages;
}

/* Packages that a record may be about. */
typedef struct
{
  const TerraneAdvisories *advisories;
  GPtrArray *watched; /* each once */
} Candidates;

static void
find_candidates (gpointer data, G_GNUC_UNUSED const char *ecosystem, const char *name)
{
  Candidates *self = data;
  GPtrArray *named = g_hash_table_lookup (self->advisories->by_name, name);
  for (guint i = 0; named != NULL && i < named->len; i++)
    if (!g_ptr_array_find (self->watched, named->pdata[i], NULL))
      g_ptr_array_add (self->watched, named->pdata[i]);
}

/* Called with the mutex held. */
static void
add_hit (TerraneAdvisories *self, Watched *watched, TerraneOsvRecord *record,
         const TerraneOsvMatch *match)
{
  if (self->n_hits >= MAX_HITS)
    {
      self->dropped++;
      return;
    }
  Hit *hit = g_new0 (Hit, 1);
  hit->record = terrane_osv_record_ref (record);
  hit->match = *match;
  g_ptr_array_add (watched->hits, hit);
  self->n_hits++;
}

void
terrane_advisories_take (TerraneAdvisories *self, TerraneOsvRecord *record)
{
  g_autoptr (GPtrArray) watched = g_ptr_array_new ();
  Candidates candidates = { .advisories = self, .watched = watched };
  terrane_osv_record_foreach (record, find_candidates, &candidates);
  for (guint i = 0; i < watched->len; i++)
    {
      Watched *one = watched->pdata[i];
      TerraneOsvMatch match = { 0 };
      TerraneOsvVerdict verdict = terrane_osv_record_judge (record, one->package, &match);
      g_mutex_lock (&self->mutex);
      if (verdict == TERRANE_OSV_AFFECTED)
        add_hit (self, one, record, &match);
      else if (verdict == TERRANE_OSV_UNDECIDED)
        one->undecided++;
      g_mutex_unlock (&self->mutex);
    }
}

/* Hits about the same vulnerability. */
typedef struct
{
  GHashTable *ids; /* set of char *, borrowed */
  GPtrArray *hits; /* of Hit, borrowed */
} Group;

static void
group_free (gpointer data)
{
  Group *self = data;
  g_hash_table_unref (self->ids);
  g_ptr_array_unref (self->hits);
  g_free (self);
}

static int
compare_hits (gconstpointer a, gconstpointer b)
{
  const Hit *x = *(Hit *const *) a, *y = *(Hit *const *) b;
  return strcmp (terrane_osv_record_id (x->record), terrane_osv_record_id (y->record));
}

static void
add_all (GHashTable *ids, const char *const *more)
{
  for (const char *const *id = more; *id != NULL; id++)
    g_hash_table_add (ids, (gpointer) *id);
}

/* A distribution's record about one vulnerability is equivalent to it; one about several, such as a
 * DSA, is not an alias of any. */
static Group *
group_of (Hit *hit)
{
  Group *self = g_new0 (Group, 1);
  const char *const *upstream = terrane_osv_record_upstream (hit->record);
  self->ids = g_hash_table_new (oci_text_hash, g_str_equal);
  self->hits = g_ptr_array_new ();
  g_ptr_array_add (self->hits, hit);
  g_hash_table_add (self->ids, (gpointer) terrane_osv_record_id (hit->record));
  add_all (self->ids, terrane_osv_record_aliases (hit->record));
  if (upstream[0] != NULL && upstream[1] == NULL)
    add_all (self->ids, upstream);
  return self;
}

static void
merge (Group *into, const Group *other)
{
  GHashTableIter iter;
  gpointer id = NULL;
  g_hash_table_iter_init (&iter, other->ids);
  while (g_hash_table_iter_next (&iter, &id, NULL))
    g_hash_table_add (into->ids, id);
  g_ptr_array_extend (into->hits, other->hits, NULL, NULL);
}

static Group *
largest (Group *group, const GPtrArray *others)
{
  for (guint i = 0; i < others->len; i++)
    {
      Group *other = others->pdata[i];
      if (g_hash_table_size (other->ids) + other->hits->len
          > g_hash_table_size (group->ids) + group->hits->len)
        group = other;
    }
  return group;
}

static void
point_to (GHashTable *by_id, Group *group, const Group *ids_of)
{
  GHashTableIter iter;
  gpointer id = NULL;
  g_hash_table_iter_init (&iter, ids_of->ids);
  while (g_hash_table_iter_next (&iter, &id, NULL))
    g_hash_table_replace (by_id, id, group);
}

/* Consumes @group, and merges it with all groups of @by_id, id -> Group, that share an id with it;
 * smaller ones into the largest. @groups: a set that owns them */
static void
join (GHashTable *groups, GHashTable *by_id, Group *group)
{
  GHashTableIter iter;
  gpointer id = NULL;
  g_autoptr (GPtrArray) others = g_ptr_array_new ();
  g_hash_table_iter_init (&iter, group->ids);
  while (g_hash_table_iter_next (&iter, &id, NULL))
    {
      Group *other = g_hash_table_lookup (by_id, id);
      if (other != NULL && !g_ptr_array_find (others, other, NULL))
        g_ptr_array_add (others, other);
    }
  g_hash_table_add (groups, group);
  g_ptr_array_add (others, group);
  Group *into = largest (group, others);
  for (guint i = 0; i < others->len; i++)
    {
      Group *other = others->pdata[i];
      point_to (by_id, into, other);
      if (other == into)
        continue;
      merge (into, other);
      g_hash_table_remove (groups, other);
    }
}

/* Whether a distribution's record about several vulnerabilities adds nothing to the records about
 * each of them. */
static gboolean
is_collection (const Group *self, GHashTable *by_id)
{
  const Hit *hit = self->hits->pdata[0];
  const char *const *upstream = terrane_osv_record_upstream (hit->record);
  if (self->hits->len > 1 || upstream[0] == NULL || upstream[1] == NULL)
    return FALSE;
  for (; *upstream != NULL; upstream++)
    if (!g_hash_table_contains (by_id, *upstream))
      return FALSE;
  return TRUE;
}

static int
compare_texts (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* CVE ids are best known; then the most informative ones. */
static unsigned
rank (const char *id)
{
  static const char *const prefixes[] = { "CVE-", "GHSA-", "PYSEC-", NULL };
  unsigned i = 0;
  while (prefixes[i] != NULL && !g_str_has_prefix (id, prefixes[i]))
    i++;
  return i;
}

/* Returns: (transfer container): of char *, borrowed */
static GPtrArray *
sorted_ids (const Group *self)
{
  GHashTableIter iter;
  gpointer id = NULL;
  GPtrArray *ids = g_ptr_array_new ();
  g_hash_table_iter_init (&iter, self->ids);
  while (g_hash_table_iter_next (&iter, &id, NULL))
    g_ptr_array_add (ids, id);
  g_ptr_array_sort (ids, compare_texts);
  return ids;
}

static const char *
best_id (const GPtrArray *ids)
{
  const char *best = ids->pdata[0];
  for (guint i = 1; i < ids->len; i++)
    if (rank (ids->pdata[i]) < rank (best))
      best = ids->pdata[i];
  return best;
}

/* Returns the version that satisfies all records with a fixed version. */
static const char *
fixed_of (const Group *self, TerraneOsvOrder order)
{
  const char *fixed = NULL;
  for (guint i = 0; i < self->hits->len; i++)
    {
      const char *one = ((const Hit *) self->hits->pdata[i])->match.fixed;
      if (one != NULL && (fixed == NULL || terrane_osv_is_before (order, fixed, one)))
        fixed = one;
    }
  return fixed;
}

/* Uses the highest score, else the first vector, else a word of the database. */
static void
set_severity (const Group *self, json_t *finding)
{
  const char *vector = NULL, *rating = NULL;
  unsigned best = 0;
  gboolean scored = FALSE, unimportant = FALSE;
  for (guint i = 0; i < self->hits->len; i++)
    {
      unsigned tenths = 0;
      const TerraneOsvMatch *match = &((const Hit *) self->hits->pdata[i])->match;
      gboolean has_score = match->vector != NULL && terrane_cvss_score (match->vector, &tenths);
      if (match->vector != NULL && (vector == NULL || (has_score && (!scored || tenths > best))))
        vector = match->vector;
      best = has_score ? MAX (best, tenths) : best;
      scored = scored || has_score;
      unimportant = unimportant || g_strcmp0 (match->rating, "unimportant") == 0;
      rating = rating == NULL ? match->rating : rating;
    }
  oci_json_set_text (finding, "vector", vector);
  if (scored)
    {
      g_autofree char *score = g_strdup_printf ("%u.%u", best / 10, best % 10);
      oci_json_set (finding, "score", oci_json_text (score));
    }
  oci_json_set_text (finding, "severity",
                     unimportant ? "unimportant"
                     : scored    ? terrane_cvss_word (best)
                                 : rating);
}

static char *
summary_of (const Group *self)
{
  for (guint i = 0; i < self->hits->len; i++)
    {
      const char *summary =
          terrane_osv_record_summary (((const Hit *) self->hits->pdata[i])->record);
      if (summary == NULL || summary[0] == '\0')
        continue;
      glong length = g_utf8_strlen (summary, -1);
      g_autofree char *text =
          g_utf8_substring (summary, 0, MIN (length, (glong) MAX_SUMMARY_CHARACTERS));
      return g_strdelimit (g_steal_pointer (&text), "\r\n\t", ' ');
    }
  return NULL;
}

static json_t *
describe (Group *self, const TerraneComponent *component)
{
  const TerraneOsvPackage *package = component->package;
  g_ptr_array_sort (self->hits, compare_hits);
  g_autoptr (GPtrArray) ids = sorted_ids (self);
  const char *id = best_id (ids);
  const char *fixed = fixed_of (self, package->order);
  g_autofree char *summary = summary_of (self);
  const TerraneDriftFinding finding = { .kind = "advisory",
                                        .source = component->source,
                                        .subject = package->name,
                                        .locked = package->version,
                                        .now = fixed };
  json_t *object = terrane_drift_finding_new (
      &finding, "%s: %s", id, summary != NULL ? summary : "the advisory has no summary");
  json_t *all = json_array (), *packages = json_array ();
  for (guint i = 0; i < ids->len; i++)
    oci_json_append (all, oci_json_text (ids->pdata[i]));
  for (guint i = 0; i < component->packages->len; i++)
    oci_json_append (packages, oci_json_text (component->packages->pdata[i]));
  oci_json_set (object, "id", oci_json_text (id));
  oci_json_set (object, "ids", all);
  oci_json_set (object, "ecosystem", oci_json_text (package->ecosystem));
  if (json_array_size (packages) > 0)
    oci_json_set (object, "packages", json_incref (packages));
  json_decref (packages);
  set_severity (self, object);
  return object;
}

/* Records with one id from two sources are the same; the first one is used. */
static void
report_component (Watched *watched, const TerraneComponent *component,
                  const TerraneDriftRules *rules, TerraneDriftReport *report)
{
  GHashTableIter iter;
  gpointer group = NULL;
  g_autoptr (GHashTable) groups = g_hash_table_new_full (NULL, NULL, group_free, NULL);
  g_autoptr (GHashTable) by_id = g_hash_table_new (oci_text_hash, g_str_equal);
  const char *last = NULL;
  g_ptr_array_sort (watched->hits, compare_hits); /* independent of the order of arrival */
  for (guint i = 0; i < watched->hits->len; i++)
    {
      Hit *hit = watched->hits->pdata[i];
      if (g_strcmp0 (terrane_osv_record_id (hit->record), last) == 0)
        continue;
      last = terrane_osv_record_id (hit->record);
      join (groups, by_id, group_of (hit));
    }
  g_hash_table_iter_init (&iter, groups);
  while (g_hash_table_iter_next (&iter, &group, NULL))
    if (!is_collection (group, by_id))
      terrane_drift_report_add (report, rules, describe (group, component));
  if (watched->undecided > 0)
    terrane_drift_report_unanswered (report, "advisories", component->source, FALSE,
                                     "%u of %s: they name versions that cannot be compared with %s",
                                     watched->undecided, watched->package->name,
                                     watched->package->version);
}

void
terrane_advisories_report (TerraneAdvisories *self, const TerraneInventory *inventory,
                           const TerraneDriftRules *rules, TerraneDriftReport *report)
{
  for (guint i = 0; i < inventory->components->len; i++)
    {
      const TerraneComponent *component = inventory->components->pdata[i];
      g_autofree char *key = key_of (component->package);
      report_component (g_hash_table_lookup (self->by_key, key), component, rules, report);
    }
  if (self->dropped > 0)
    terrane_drift_report_unanswered (report, "advisories", NULL, TRUE,
                                     "%u over the limit of %d were left out", self->dropped,
                                     MAX_HITS);
}
