/* Advisories from servers and files: whatever a record says, a verdict comes, and it is the same
 * for the same question. */
#include "fuzz.h"

#include "builder/drift/cvss.h"
#include "builder/drift/osv.h"

static void
judge (gpointer data, const char *ecosystem, const char *name)
{
  static const char *const versions[] = { "0", "1.0", "1:2.3-4~deb12u1", "2.0rc1+local" };
  static const TerraneOsvOrder orders[] = { TERRANE_OSV_ORDER_PEP440, TERRANE_OSV_ORDER_DPKG,
                                            TERRANE_OSV_ORDER_NONE };
  for (size_t i = 0; i < G_N_ELEMENTS (versions) * G_N_ELEMENTS (orders); i++)
    {
      unsigned tenths = 0;
      TerraneOsvMatch match = { 0 }, again = { 0 };
      g_autoptr (TerraneOsvPackage) package =
          terrane_osv_package_new (ecosystem, name, versions[i % G_N_ELEMENTS (versions)],
                                   orders[i / G_N_ELEMENTS (versions)]);
      TerraneOsvVerdict verdict = terrane_osv_record_judge (data, package, &match);
      g_assert_true (verdict == terrane_osv_record_judge (data, package, &again));
      g_assert_true (match.fixed == again.fixed);
      if (match.vector != NULL && terrane_cvss_score (match.vector, &tenths))
        g_assert_true (tenths <= 100);
    }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GError) error = NULL;
  if (size > (size_t) 16 * 1024) /* all packages are asked about */
    return 0;
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);
  g_autoptr (TerraneOsvRecord) record = terrane_osv_record_parse ("a.json", bytes, &error);
  FUZZ_CHECK (record != NULL, error);
  if (record == NULL)
    return 0;
  for (const char *id = terrane_osv_record_id (record); *id != '\0'; id++)
    g_assert_true (g_ascii_isgraph (*id));
  terrane_osv_record_foreach (record, judge, record);
  return 0;
}
