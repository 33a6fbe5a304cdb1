/* The "deploy" of a profile, and Lambda's report lines. */
#include "testing.h"

#include "builder/deploy/report-line.h"
#include "builder/profile/profile.h"

#include <string.h>

static void
test_steps (void)
{
  static const struct
  {
    const char *text;
    unsigned step;
  } cases[] = {
    { "1%", 100 },
    { "0.01%", 1 },
    { "2.5%", 250 },
    { "33.33%", 3333 },
    { "100%", 10000 },
    { "100.0%", 10000 },
    { "007%", 700 },
    /* parts that the events do not have */
    { "", 0 },
    { "%", 0 },
    { "0%", 0 },
    { "10", 0 },
    { "10 %", 0 },
    { "100.01%", 0 },
    { "101%", 0 },
    { "0.001%", 0 },
    { ".5%", 0 },
    { "1.%", 0 },
    { "-1%", 0 },
    { "1e1%", 0 },
    { "10%%", 0 },
    { "99999999999999999999%", 0 },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    g_assert_cmpuint (terrane_deploy_parse_step (cases[i].text), ==, cases[i].step);
}

static void
test_functions (void)
{
  static const char *const good[] = {
    "a", "tiles-a_1", "arn:aws:lambda:eu-west-1:123456789012:function:tiles",
    "arn:aws-us-gov:lambda:us-gov-west-1:123456789012:function:t"
  };
  static const char *const bad[] = { "",
                                     "a b",
                                     "a:1",
                                     "a/b",
                                     "arn:",
                                     "arn:aws:lambda",
                                     "arn:aws:lambda:eu-west-1:123456789012:function:tiles:live",
                                     "arn:aws:lambda:eu-west-1:12345678901:function:tiles",
                                     "arn:aws:lambda::123456789012:function:tiles",
                                     "arn:aws:lambda:eu-west-1:123456789012:layer:tiles",
                                     "arn:aws:s3:eu-west-1:123456789012:function:tiles" };
  for (size_t i = 0; i < G_N_ELEMENTS (good); i++)
    g_assert_true (terrane_deploy_is_function (good[i]));
  for (size_t i = 0; i < G_N_ELEMENTS (bad); i++)
    g_assert_false (terrane_deploy_is_function (bad[i]));
}

static TerraneProfile *
parse (const char *deploy)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = g_strdup_printf (
      "{\"name\":\"n\",\"platform\":\"linux/amd64\",\"base\":{\"directory\":\"d\"},"
      "\"deploy\":%s}",
      deploy);
  g_autoptr (GBytes) data = g_bytes_new (text, strlen (text));
  TerraneProfile *profile = terrane_profile_parse ("/p/p.json", data, NULL, &error);
  g_assert_no_error (error);
  return profile;
}

static void
test_targets (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (TerraneProfile) profile = parse (
      "{\"function\":\"f\",\"repository\":\"h.${region}.example/a\",\"steps\":[\"10%\",\"100%\"],"
      "\"smoke\":{\"event\":\"e.json\",\"expect\":1},\"wait\":\"2s\",\"targets\":["
      "{\"region\":\"r-1\",\"wait\":\"3s\"},"
      "{\"function\":\"arn:aws:lambda:r-2:123456789012:function:g\",\"alias\":\"blue\","
      "\"smoke\":[{\"event\":2},{\"event\":3}]},{}]}");
  g_autoptr (GPtrArray) targets =
      terrane_deploy_spec_resolve (&profile->deploy, "r-3", "other.example/b", &error);
  g_assert_no_error (error);
  g_assert_cmpuint (targets->len, ==, 3);
  const TerraneDeployTarget *first = targets->pdata[0];
  const TerraneDeployTarget *second = targets->pdata[1];
  const TerraneDeployTarget *third = targets->pdata[2];
  g_assert_cmpstr (first->function, ==, "f");
  g_assert_cmpstr (first->alias, ==, "live");
  g_assert_cmpstr (first->repository, ==, "h.r-1.example/a");
  g_assert_cmpuint (first->wait_ms, ==, 3000);
  g_assert_cmpuint (first->update_ms, ==, 600 * 1000);
  g_assert_cmpuint (first->smoke->len, ==, 1);
  g_assert_cmpstr (((TerraneSmokeSpec *) first->smoke->pdata[0])->invoke.event_path, ==,
                   "/p/e.json");
  g_assert_cmpstr (second->region, ==, "r-2");
  g_assert_cmpstr (second->alias, ==, "blue");
  g_assert_cmpuint (second->wait_ms, ==, 2000);
  g_assert_cmpuint (second->smoke->len, ==, 2);
  g_assert_cmpstr (third->region, ==, "r-3");
  g_assert_cmpstr (third->steps[0], ==, "10%");
  /* The profile itself is as it was. */
  g_assert_cmpstr (profile->deploy.common.repository, ==, "h.${region}.example/a");
}

static void
test_targets_without_a_place (void)
{
  static const struct
  {
    const char *deploy, *region, *repository, *message;
  } cases[] = {
    { "{\"function\":\"f\"}", NULL, "h.example/a", "*its region is not known*" },
    { "{\"function\":\"f\"}", "r", NULL, "*--repository has to say where*" },
    { "{\"function\":\"f\",\"targets\":[{\"region\":\"r\"},{\"alias\":\"live\"}]}", "r",
      "h.example/a", "*is among the targets twice" },
    { "{\"function\":\"arn:aws:lambda:r-2:123456789012:function:g\",\"targets\":[{\"region\":\"r-"
      "1\"}]}",
      "r", "h.example/a", "*is not in the region r-1" },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (TerraneProfile) profile = parse (cases[i].deploy);
      g_assert_null (terrane_deploy_spec_resolve (&profile->deploy, cases[i].region,
                                                  cases[i].repository, &error));
      g_assert_error (error, OCI_ERROR, OCI_ERROR_USAGE);
      if (!g_pattern_match_simple (cases[i].message, error->message))
        g_error ("%s", error->message);
    }
}

/* The first two are from AWS's documentation. */
static void
test_reports (void)
{
  static const struct
  {
    const char *log;
    gboolean found;
    uint64_t usecs;
  } cases[] = {
    { "START RequestId: d14b Version: $LATEST\nEND RequestId: d14b\n"
      "REPORT RequestId: d14b\tDuration: 89.65 ms\tBilled Duration: 262 ms\tMemory Size: 128 MB\t"
      "Max Memory Used: 32 MB\tInit Duration: 171.54 ms\t\n",
      TRUE, 171540 },
    { "{\"time\":\"2024-08-20T12:31:32.123Z\",\"type\":\"platform.report\",\"record\":{"
      "\"requestId\":\"d1\","
      "\"metrics\":{\"durationMs\":62.189,\"billedDurationMs\":63,\"initDurationMs\":1171.5}}}\n",
      TRUE, 1171500 },
    /* warm */
    { "REPORT RequestId: d14b\tDuration: 89.65 ms\n", FALSE, 0 },
    { "{\"type\":\"platform.report\",\"record\":{\"metrics\":{\"durationMs\":1}}}", FALSE, 0 },
    /* what a function printed before counts for nothing */
    { "REPORT RequestId: x\tInit Duration: 1.00 ms\nREPORT RequestId: y\tDuration: 1 ms\n", FALSE,
      0 },
    { "Init Duration: 5 ms\nREPORT RequestId: y\tInit Duration: 7.5 ms\n", TRUE, 7500 },
    { "my REPORT RequestId: y\tInit Duration: 7.5 ms\n", FALSE, 0 },
    /* one that took over 10 s, as AWS's documentation has it, and its second attempt */
    { "INIT_REPORT Init Duration: 9999.79 ms\tPhase: init\tStatus: timeout\nSTART RequestId: y\n"
      "REPORT RequestId: y\tDuration: 14000.00 ms\n",
      TRUE, 9999790 },
    { "INIT_REPORT Init Duration: 1000.00 ms\tPhase: init\tStatus: error\n"
      "INIT_REPORT Init Duration: 3012.51 ms\tPhase: invoke\tStatus: success\n"
      "REPORT RequestId: y\tDuration: 14000.00 ms\n",
      TRUE, 3012510 },
    { "{\"type\":\"platform.initReport\",\"record\":{\"status\":\"timeout\","
      "\"metrics\":{\"durationMs\":9999.5}}}\n"
      "{\"type\":\"platform.report\",\"record\":{\"metrics\":{\"durationMs\":1}}}",
      TRUE, 9999500 },
    { "INIT_REPORT Init Duration: 5 ms\nREPORT RequestId: x\nREPORT RequestId: y\n", FALSE, 0 },
    { "my INIT_REPORT Init Duration: 5 ms\nREPORT RequestId: y\n", FALSE, 0 },
    { "INIT_REPORT Init Duration: 5 ms\nREPORT RequestId: y\tInit Duration: 7 ms\n", TRUE, 7000 },
    /* cut, odd, empty */
    { "REPORT RequestId: y\tInit Duration: ", FALSE, 0 },
    { "REPORT RequestId: y\tInit Duration: nan ms", FALSE, 0 },
    { "REPORT RequestId: y\tInit Duration: -5 ms", FALSE, 0 },
    { "REPORT RequestId: y\tInit Duration: 1e300 ms", FALSE, 0 },
    { "REPORT RequestId: y\tInit Duration: 5 s", FALSE, 0 },
    { "{\"type\":\"platform.report\",\"record\":{\"metrics\":{\"initDurationMs\":\"5\"}}}", FALSE,
      0 },
    { "{{{", FALSE, 0 },
    { "", FALSE, 0 },
    { NULL, FALSE, 0 },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      uint64_t usecs = 0;
      g_assert_cmpint (terrane_report_line_find_init (cases[i].log, &usecs), ==, cases[i].found);
      g_assert_cmpuint (usecs, ==, cases[i].usecs);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/deploy/steps", test_steps);
  g_test_add_func ("/deploy/functions", test_functions);
  g_test_add_func ("/deploy/targets", test_targets);
  g_test_add_func ("/deploy/targets-without-a-place", test_targets_without_a_place);
  g_test_add_func ("/deploy/reports", test_reports);
  return g_test_run ();
}
