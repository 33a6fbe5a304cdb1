/* Output of a process of the validation: lines that start with the token, and anything else. The
 * results go through JSON into XML. */
#include "fuzz.h"

#include "builder/validation/junit.h"
#include "builder/validation/report.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_auto (TerraneReport) report = { 0 };
  /* As the sandbox gives it: text. */
  g_autofree char *output =
      g_utf8_make_valid ((const char *) data, (gssize) MIN (size, FUZZ_MAX_BYTES));
  terrane_report_parse (output, "@", "suite", &report);
  g_assert_cmpuint (report.results->len, <=, TERRANE_REPORT_MAX_RESULTS);
  for (guint i = 0; i < report.results->len; i++)
    {
      const TerraneResult *result = report.results->pdata[i];
      g_assert_true (result->name[0] != '\0');
      g_assert_true (result->status != TERRANE_RESULT_FAILED || result->message != NULL);
    }
  json_t *json = terrane_results_to_json (report.results);
  g_autofree char *xml = terrane_junit_format ("fuzz", json);
  g_assert_true (g_utf8_validate (xml, -1, NULL));
  json_decref (json);
  return 0;
}
