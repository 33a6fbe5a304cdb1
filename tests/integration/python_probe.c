/* Answers the questions of a JSON array on stdin about versions, markers, tags and advisories, for
 * a comparison with another implementation: a JSON value on a line for each, null where there is an
 * error. */
#include "builder/drift/dpkg-version.h"
#include "builder/drift/osv.h"
#include "builder/python/marker.h"
#include "builder/python/tags.h"
#include "builder/python/version.h"
#include "oci/base/json.h"

#include <stdio.h>
#include <string.h>

static const char *
text_of (const json_t *question, const char *key)
{
  return json_string_value (json_object_get (question, key));
}

static unsigned
number_of (const json_t *question, const char *key)
{
  return (unsigned) json_integer_value (json_object_get (question, key));
}

static TerranePythonTarget
target_of (const json_t *question)
{
  gboolean musl = json_is_true (json_object_get (question, "musl"));
  return (TerranePythonTarget){ .python_major = 3,
                                .python_minor = number_of (question, "python_minor"),
                                .libc = musl ? TERRANE_LIBC_MUSL : TERRANE_LIBC_GLIBC,
                                .libc_major = musl ? 1 : 2,
                                .libc_minor = number_of (question, "libc_minor"),
                                .architecture = text_of (question, "architecture") };
}

static json_t *
compare (const json_t *question)
{
  g_autoptr (TerraneVersion) a = terrane_version_parse (text_of (question, "a"), NULL);
  g_autoptr (TerraneVersion) b = terrane_version_parse (text_of (question, "b"), NULL);
  return a != NULL && b != NULL ? json_integer (terrane_version_compare (a, b)) : json_null ();
}

static json_t *
match (const json_t *question)
{
  gboolean matches = FALSE;
  g_autoptr (TerraneVersion) version = terrane_version_parse (text_of (question, "version"), NULL);
  return version != NULL
                 && terrane_version_matches (version, text_of (question, "specifiers"), &matches,
                                             NULL)
             ? json_boolean (matches)
             : json_null ();
}

static json_t *
evaluate (const json_t *question)
{
  gboolean holds = FALSE;
  TerranePythonTarget target = target_of (question);
  const char *extras[] = { text_of (question, "extra"), NULL };
  return terrane_marker_evaluate (text_of (question, "marker"), &target, extras, &holds, NULL)
             ? json_boolean (holds)
             : json_null ();
}

static json_t *
list (const json_t *question)
{
  TerranePythonTarget target = target_of (question);
  g_autoptr (TerraneTags) tags = terrane_tags_new (&target);
  const GPtrArray *all = terrane_tags_list (tags);
  json_t *answer = json_array ();
  for (guint i = 0; i < all->len; i++)
    oci_json_append (answer, json_string (all->pdata[i]));
  return answer;
}

/* The rank of each wheel; null for what is not the name of one. */
static json_t *
rank (const json_t *question)
{
  TerranePythonTarget target = target_of (question);
  g_autoptr (TerraneTags) tags = terrane_tags_new (&target);
  const json_t *names = json_object_get (question, "wheels");
  json_t *answer = json_array ();
  for (size_t i = 0; i < json_array_size (names); i++)
    {
      const char *name = json_string_value (json_array_get (names, i));
      g_autoptr (TerraneWheelName) wheel = terrane_wheel_name_parse (name, NULL);
      oci_json_append (answer, wheel != NULL ? json_integer (terrane_tags_rank_wheel (tags, wheel))
                                             : json_null ());
    }
  return answer;
}

static json_t *
parse (const json_t *question)
{
  g_autoptr (TerraneWheelName) wheel = terrane_wheel_name_parse (text_of (question, "wheel"), NULL);
  if (wheel == NULL)
    return json_null ();
  return wheel->has_build ? json_pack ("[s, s, I, s]", wheel->name, wheel->version,
                                       (json_int_t) wheel->build_number, wheel->build_suffix)
                          : json_pack ("[s, s]", wheel->name, wheel->version);
}

static json_t *
compare_dpkg (const json_t *question)
{
  return json_integer (
      terrane_dpkg_version_compare (text_of (question, "a"), text_of (question, "b")));
}

/* Whether an advisory is about a version: [verdict, the version that has it fixed]. */
static json_t *
judge (const json_t *question)
{
  TerraneOsvMatch match = { NULL };
  gboolean dpkg = strcmp (text_of (question, "ecosystem"), "PyPI") != 0;
  g_autoptr (GBytes) data = oci_json_dump (json_object_get (question, "record"));
  g_autoptr (TerraneOsvRecord) record = terrane_osv_record_parse ("record", data, NULL);
  g_autoptr (TerraneOsvPackage) package = terrane_osv_package_new (
      text_of (question, "ecosystem"), text_of (question, "name"), text_of (question, "version"),
      dpkg ? TERRANE_OSV_ORDER_DPKG : TERRANE_OSV_ORDER_PEP440);
  if (record == NULL)
    return json_null ();
  gboolean affected = terrane_osv_record_judge (record, package, &match) == TERRANE_OSV_AFFECTED;
  return json_pack ("[b, s?]", affected, match.fixed);
}

int
main (void)
{
  static const struct
  {
    const char *name;
    json_t *(*answer) (const json_t *);
  } kinds[] = { { "compare", compare },   { "match", match }, { "marker", evaluate },
                { "tags", list },         { "rank", rank },   { "parse", parse },
                { "dpkg", compare_dpkg }, { "judge", judge } };
  g_autoptr (OciJsonValue) questions = json_loadf (stdin, 0, NULL);
  for (size_t i = 0; i < json_array_size (questions); i++)
    {
      const json_t *question = json_array_get (questions, i);
      for (size_t k = 0; k < G_N_ELEMENTS (kinds); k++)
        if (strcmp (text_of (question, "ask"), kinds[k].name) == 0)
          {
            g_autoptr (OciJsonValue) answer = kinds[k].answer (question);
            g_autofree char *line = json_dumps (answer, JSON_ENCODE_ANY | JSON_COMPACT);
            (void) printf ("%s\n", line);
          }
    }
  return json_is_array (questions) ? 0 : 1;
}
