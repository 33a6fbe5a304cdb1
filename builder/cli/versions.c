#include "builder/cli/versions.h"

#include "builder/cli/terminal.h"
#include "builder/store/store.h"
#include "builder/version.h"

#include "oci/base/json.h"

#include <archive.h>
#include <curl/curl.h>
#include <libdeflate.h>

typedef struct
{
  const char *name, *version;
} Row;

enum
{
  ROWS = 7,
};

static void
find_rows (Row rows[ROWS])
{
  const Row all[ROWS] = {
    { "terrane", TERRANE_VERSION },
    { "assembler version", TERRANE_ASSEMBLER_VERSION },
    { "OCI image-spec", "1.1" },
    { "curl", curl_version () },
    { "libostree", OSTREE_VERSION_S },
    { "libarchive", archive_version_string () },
    { "libdeflate", LIBDEFLATE_VERSION_STRING },
  };
  for (size_t i = 0; i < ROWS; i++)
    rows[i] = all[i];
}

json_t *
terrane_versions_to_json (void)
{
  Row rows[ROWS];
  json_t *object = json_object ();
  find_rows (rows);
  for (size_t i = 0; i < ROWS; i++)
    oci_json_set (object, rows[i].name, oci_json_text (rows[i].version));
  return object;
}

void
terrane_versions_print (void)
{
  Row rows[ROWS];
  find_rows (rows);
  for (size_t i = 0; i < ROWS; i++)
    if (g_str_has_prefix (rows[i].version, "lib")) /* the text contains the name */
      terrane_print ("%s\n", rows[i].version);
    else
      terrane_print ("%s %s\n", rows[i].name, rows[i].version);
}
