#include "builder/drift/osv.h"

#include "builder/python/name.h"

#include <string.h>

enum
{
  MAX_ID_BYTES = 128,
  MAX_IDS = 5000,
  MAX_AFFECTED = 20000,
  MAX_RANGES = 1000,
  MAX_EVENTS = 10000,
  MAX_VERSIONS = 200000,
  MAX_VERSION_BYTES = 512,
  MAX_SEVERITIES = 20,
};

typedef enum
{
  EVENT_INTRODUCED,
  EVENT_FIXED,
  EVENT_LAST_AFFECTED,
  EVENT_LIMIT,
  N_EVENTS,
} EventKind;

static const char *const event_words[] = { "introduced", "fixed", "last_affected", "limit" };

typedef struct
{
  EventKind kind;
  char *version;
} Event;

typedef struct
{
  char *ecosystem;
  char *name;
  GPtrArray *ranges; /* of GArray of Event */
  char **versions;
  char *vector; /* (nullable) */
  char *rating; /* (nullable) */
} Affected;

struct _TerraneOsvRecord
{
  char *id;
  char **aliases;
  char **upstream;
  char *summary; /* (nullable) */
  gboolean withdrawn;
  char *vector; /* (nullable) */
  char *rating; /* (nullable) */
  GPtrArray *affected;
};

TerraneOsvPackage *
terrane_osv_package_new (const char *ecosystem, const char *name, const char *version,
                         TerraneOsvOrder order)
{
  TerraneOsvPackage *self = g_new0 (TerraneOsvPackage, 1);
  self->ecosystem = g_strdup (ecosystem);
  self->name =
      order == TERRANE_OSV_ORDER_PEP440 ? terrane_python_normalise_name (name) : g_strdup (name);
  self->version = g_strdup (version);
  self->order = order;
  return self;
}

void
terrane_osv_package_free (TerraneOsvPackage *self)
{
  if (self == NULL)
    return;
  g_free (self->ecosystem);
  g_free (self->name);
  g_free (self->version);
  g_free (self);
}

static void
event_clear (gpointer data)
{
  g_free (((Event *) data)->version);
}

static void
affected_free (gpointer data)
{
  Affected *self = data;
  g_free (self->ecosystem);
  g_free (self->name);
  g_ptr_array_unref (self->ranges);
  g_strfreev (self->versions);
  g_free (self->vector);
  g_free (self->rating);
  g_free (self);
}

static void
record_clear (gpointer data)
{
  TerraneOsvRecord *self = data;
  g_free (self->id);
  g_strfreev (self->aliases);
  g_strfreev (self->upstream);
  g_free (self->summary);
  g_free (self->vector);
  g_free (self->rating);
  g_ptr_array_unref (self->affected);
}

TerraneOsvRecord *
terrane_osv_record_ref (TerraneOsvRecord *self)
{
  return g_rc_box_acquire (self);
}

void
terrane_osv_record_unref (TerraneOsvRecord *self)
{
  if (self != NULL)
    g_rc_box_release_full (self, record_clear);
}

gboolean
terrane_osv_is_id (const char *text)
{
  size_t length = strlen (text);
  for (const char *at = text; *at != '\0'; at++)
    if (!g_ascii_isalnum (*at) && strchr ("-_.:+", *at) == NULL)
      return FALSE;
  return length > 0 && length <= MAX_ID_BYTES && text[0] != '.'; /* ".." leads outside */
}

/* Reads an optional text member. */
static char *
read_text (const OciJson *at, const char *key)
{
  OciJson member;
  const char *text = NULL;
  return oci_json_member (at, key, &member) && oci_json_string (&member, &text) ? g_strdup (text)
                                                                                : NULL;
}

/* Skips texts that are not ids, since nothing can match them. */
static char **
read_ids (const OciJson *at, const char *key)
{
  OciJson member;
  g_auto (GStrv) all = NULL;
  g_autoptr (GStrvBuilder) ids = g_strv_builder_new ();
  if (oci_json_member (at, key, &member) && oci_json_strv (&member, MAX_IDS, &all))
    for (char **id = all; *id != NULL; id++)
      if (terrane_osv_is_id (*id))
        g_strv_builder_add (ids, *id);
  return g_strv_builder_end (ids);
}

static void
read_event (const OciJson *at, GArray *events)
{
  if (!oci_json_object (at, NULL))
    return;
  for (EventKind kind = 0; kind < N_EVENTS; kind++)
    {
      Event event = { .kind = kind, .version = read_text (at, event_words[kind]) };
      if (event.version == NULL)
        continue;
      if (strlen (event.version) > MAX_VERSION_BYTES)
        oci_json_problem (at, "a version has more than %d bytes", MAX_VERSION_BYTES);
      g_array_append_val (events, event);
    }
}

static void
read_range (const OciJson *at, Affected *affected)
{
  OciJson events, event;
  size_t length = 0;
  if (!oci_json_object (at, NULL))
    return;
  g_autofree char *type = read_text (at, "type");
  if (g_strcmp0 (type, "ECOSYSTEM") != 0 && g_strcmp0 (type, "SEMVER") != 0)
    return;
  GArray *list = g_array_new (FALSE, FALSE, sizeof (Event));
  g_array_set_clear_func (list, event_clear);
  g_ptr_array_add (affected->ranges, list);
  if (!oci_json_require (at, "events", &events) || !oci_json_array (&events, MAX_EVENTS, &length))
    return;
  for (size_t i = 0; i < length; i++)
    {
      oci_json_element (&events, i, &event);
      read_event (&event, list);
    }
}

/* Returns the newest form of CVSS for which a score can be calculated, else the first. */
static char *
read_vector (const OciJson *at)
{
  OciJson member, element;
  size_t length = 0;
  char *vector = NULL;
  if (!oci_json_member (at, "severity", &member)
      || !oci_json_array (&member, MAX_SEVERITIES, &length))
    return NULL;
  for (size_t i = 0; i < length; i++)
    {
      oci_json_element (&member, i, &element);
      if (!oci_json_object (&element, NULL))
        continue;
      g_autofree char *score = read_text (&element, "score");
      if (score == NULL || !g_str_has_prefix (score, "CVSS:")
          || (vector != NULL && !g_str_has_prefix (score, "CVSS:3.")))
        continue;
      g_free (vector);
      vector = g_steal_pointer (&score);
    }
  return vector;
}

/* Words of databases: GitHub's severity, Debian's urgency, Ubuntu's priority. */
static char *
read_rating (const OciJson *at)
{
  static const char *const places[][2] = {
    { "ecosystem_specific", "urgency" },
    { "ecosystem_specific", "severity" },
    { "ecosystem_specific", "ubuntu_priority" },
    { "database_specific", "severity" },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (places); i++)
    {
      const json_t *value =
          json_object_get (json_object_get (at->value, places[i][0]), places[i][1]);
      const char *word = json_string_value (value);
      if (word != NULL && terrane_osv_is_id (word))
        return g_ascii_strdown (word, -1);
      if (word != NULL && strcmp (word, "not yet assigned") != 0 && strlen (word) <= MAX_ID_BYTES)
        return g_strcanon (g_ascii_strdown (word, -1), "abcdefghijklmnopqrstuvwxyz-", '-');
    }
  return NULL;
}

static void
read_ranges (const OciJson *at, Affected *self)
{
  OciJson ranges, range;
  size_t length = 0;
  if (!oci_json_member (at, "ranges", &ranges) || !oci_json_array (&ranges, MAX_RANGES, &length))
    return;
  for (size_t i = 0; i < length; i++)
    {
      oci_json_element (&ranges, i, &range);
      read_range (&range, self);
    }
}

/* Without a package it is only about commits of a repository. */
static void
read_affected (const OciJson *at, TerraneOsvRecord *record)
{
  OciJson package, versions;
  if (!oci_json_object (at, NULL) || !oci_json_member (at, "package", &package)
      || !oci_json_object (&package, NULL))
    return;
  Affected *self = g_new0 (Affected, 1);
  self->ranges = g_ptr_array_new_with_free_func ((GDestroyNotify) g_array_unref);
  g_ptr_array_add (record->affected, self);
  g_autofree char *name = read_text (&package, "name");
  self->ecosystem = read_text (&package, "ecosystem");
  if (name == NULL || self->ecosystem == NULL)
    {
      oci_json_problem (&package, "a package needs ‘ecosystem’ and ‘name’");
      return;
    }
  self->name = strcmp (self->ecosystem, "PyPI") == 0 ? terrane_python_normalise_name (name)
                                                     : g_steal_pointer (&name);
  read_ranges (at, self);
  if (oci_json_member (at, "versions", &versions))
    (void) oci_json_strv (&versions, MAX_VERSIONS, &self->versions); /* other types are noted */
  self->vector = read_vector (at);
  self->rating = read_rating (at);
}

static void
read_record (const OciJson *at, TerraneOsvRecord *self)
{
  OciJson affected, element;
  size_t length = 0;
  if (!oci_json_object (at, NULL))
    return;
  self->id = read_text (at, "id");
  self->aliases = read_ids (at, "aliases");
  self->upstream = read_ids (at, "upstream");
  self->summary = read_text (at, "summary");
  g_autofree char *withdrawn = read_text (at, "withdrawn");
  self->withdrawn = withdrawn != NULL;
  self->vector = read_vector (at);
  self->rating = read_rating (at);
  if (self->id == NULL || !terrane_osv_is_id (self->id))
    oci_json_problem (at, "an advisory needs an ‘id’ of letters, digits and “-_.:+”");
  if (!oci_json_member (at, "affected", &affected)
      || !oci_json_array (&affected, MAX_AFFECTED, &length))
    return;
  for (size_t i = 0; i < length; i++)
    {
      oci_json_element (&affected, i, &element);
      read_affected (&element, self);
    }
}

TerraneOsvRecord *
terrane_osv_record_parse (const char *name, GBytes *data, GError **error)
{
  OciJson root;
  if (g_bytes_get_size (data) > TERRANE_OSV_MAX_BYTES)
    {
      oci_throw (error, OCI_ERROR_LIMIT, "%s: an advisory has %zu bytes, at most %d", name,
                 g_bytes_get_size (data), TERRANE_OSV_MAX_BYTES);
      return NULL;
    }
  g_autoptr (OciJsonDocument) document =
      oci_json_parse (name, data, OCI_ERROR_FORMAT, &root, error);
  if (document == NULL)
    return NULL;
  g_autoptr (TerraneOsvRecord) self = g_rc_box_new0 (TerraneOsvRecord);
  self->affected = g_ptr_array_new_with_free_func (affected_free);
  read_record (&root, self);
  return oci_json_document_finish (document, error) ? g_steal_pointer (&self) : NULL;
}

const char *
terrane_osv_record_id (const TerraneOsvRecord *self)
{
  return self->id;
}

const char *const *
terrane_osv_record_aliases (const TerraneOsvRecord *self)
{
  return (const char *const *) self->aliases;
}

const char *const *
terrane_osv_record_upstream (const TerraneOsvRecord *self)
{
  return (const char *const *) self->upstream;
}

const char *
terrane_osv_record_summary (const TerraneOsvRecord *self)
{
  return self->summary;
}

void
terrane_osv_record_foreach (const TerraneOsvRecord *self, TerraneOsvPackageFunc func, gpointer data)
{
  for (guint i = 0; i < self->affected->len; i++)
    {
      const Affected *affected = self->affected->pdata[i];
      func (data, affected->ecosystem, affected->name);
    }
}

/* Whether @event is at or before @version, or, for the last affected version, before it. */
static gboolean
has_happened (const Event *event, const TerraneOsvPackage *package, const char *version,
              gboolean *out_happened)
{
  int order = 0;
  if (event->kind == EVENT_INTRODUCED && strcmp (event->version, "0") == 0)
    return *out_happened = TRUE;
  if (!terrane_osv_compare (package->order, event->version, version, &order))
    return FALSE;
  *out_happened = event->kind == EVENT_LAST_AFFECTED ? order < 0 : order <= 0;
  return TRUE;
}

/* Whether @later is at or after @earlier; both can be compared. "Last affected" ends after an event
 * at the same version began it, regardless of their order. */
static gboolean
is_after (const Event *later, const Event *earlier, TerraneOsvOrder order)
{
  int compared = 0;
  if (earlier->kind == EVENT_INTRODUCED && strcmp (earlier->version, "0") == 0)
    return TRUE;
  if (later->kind == EVENT_INTRODUCED && strcmp (later->version, "0") == 0)
    return FALSE;
  gboolean begins = earlier->kind == EVENT_LAST_AFFECTED && later->kind == EVENT_INTRODUCED;
  return terrane_osv_compare (order, later->version, earlier->version, &compared)
         && (begins ? compared > 0 : compared >= 0);
}

/* "BeforeLimits": without a limit all versions are. */
static gboolean
is_before_limits (const GArray *events, const TerraneOsvPackage *package, const char *version)
{
  gboolean limited = FALSE;
  for (guint i = 0; i < events->len; i++)
    {
      int order = 0;
      const Event *event = &g_array_index (events, Event, i);
      if (event->kind != EVENT_LIMIT)
        continue;
      limited = TRUE;
      if (strcmp (event->version, "*") == 0
          || (terrane_osv_compare (package->order, version, event->version, &order) && order < 0))
        return TRUE;
    }
  return !limited;
}

/* The latest event that has happened decides; among equal ones the last. */
static TerraneOsvVerdict
judge_range (const GArray *events, const TerraneOsvPackage *package, const char *version,
             TerraneOsvMatch *match)
{
  const Event *latest = NULL, *next_fix = NULL;
  if (package->order == TERRANE_OSV_ORDER_NONE)
    return TERRANE_OSV_UNDECIDED;
  for (guint i = 0; i < events->len; i++)
    {
      gboolean happened = FALSE;
      const Event *event = &g_array_index (events, Event, i);
      if (event->kind == EVENT_LIMIT)
        continue;
      if (!has_happened (event, package, version, &happened))
        return TERRANE_OSV_UNDECIDED;
      if (happened && (latest == NULL || is_after (event, latest, package->order)))
        latest = event;
      if (!happened && event->kind == EVENT_FIXED
          && (next_fix == NULL || is_after (next_fix, event, package->order)))
        next_fix = event;
    }
  if (latest == NULL || latest->kind != EVENT_INTRODUCED
      || !is_before_limits (events, package, version))
    return TERRANE_OSV_UNAFFECTED;
  if (match->fixed == NULL)
    match->fixed = next_fix != NULL ? next_fix->version : NULL;
  return TERRANE_OSV_AFFECTED;
}

static TerraneOsvVerdict
judge_affected (const Affected *self, const TerraneOsvPackage *package, const char *version,
                TerraneOsvMatch *match)
{
  TerraneOsvVerdict verdict = TERRANE_OSV_UNAFFECTED;
  for (guint i = 0; i < self->ranges->len; i++)
    {
      TerraneOsvVerdict one = judge_range (self->ranges->pdata[i], package, version, match);
      if (one == TERRANE_OSV_AFFECTED || verdict == TERRANE_OSV_UNAFFECTED)
        verdict = one;
    }
  for (char **listed = self->versions;
       verdict != TERRANE_OSV_AFFECTED && listed != NULL && *listed != NULL; listed++)
    if (strlen (*listed) <= MAX_VERSION_BYTES
        && terrane_osv_same (package->order, *listed, version))
      verdict = TERRANE_OSV_AFFECTED;
  gboolean says_versions = self->versions != NULL && self->versions[0] != NULL;
  return verdict == TERRANE_OSV_UNDECIDED && says_versions ? TERRANE_OSV_UNAFFECTED : verdict;
}

/* "Debian" means every release. */
static gboolean
is_about (const Affected *self, const TerraneOsvPackage *package)
{
  size_t length = strcspn (package->ecosystem, ":");
  return strcmp (self->name, package->name) == 0
         && (strcmp (self->ecosystem, package->ecosystem) == 0
             || (strlen (self->ecosystem) == length
                 && strncmp (self->ecosystem, package->ecosystem, length) == 0));
}

TerraneOsvVerdict
terrane_osv_record_judge (const TerraneOsvRecord *self, const TerraneOsvPackage *package,
                          TerraneOsvMatch *out_match)
{
  TerraneOsvVerdict verdict = TERRANE_OSV_UNAFFECTED;
  g_autofree char *version = terrane_osv_public (package->order, package->version);
  for (guint i = 0; !self->withdrawn && i < self->affected->len; i++)
    {
      const Affected *affected = self->affected->pdata[i];
      TerraneOsvMatch match = { 0 };
      if (!is_about (affected, package))
        continue;
      TerraneOsvVerdict one = judge_affected (affected, package, version, &match);
      if (one == TERRANE_OSV_AFFECTED)
        {
          match.vector = affected->vector != NULL ? affected->vector : self->vector;
          match.rating = affected->rating != NULL ? affected->rating : self->rating;
          *out_match = match;
          return one;
        }
      if (one == TERRANE_OSV_UNDECIDED)
        verdict = one;
    }
  return verdict;
}
