#include "oci/base/number.h"

#include "oci/base/error.h"

#include "testing.h"

static void
test_accepted (void)
{
  static const struct
  {
    const char *text;
    uint64_t max, want;
  } rows[] = {
    { "0", 0, 0 },
    { "0", 10, 0 },
    { "007", 10, 7 },
    { "9", 10, 9 },
    { "10", 10, 10 },
    { "18446744073709551614", UINT64_MAX, UINT64_MAX - 1 },
    { "18446744073709551615", UINT64_MAX, UINT64_MAX },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      uint64_t value = 42;
      g_autoptr (GError) error = NULL;
      g_assert_true (oci_parse_u64 (rows[i].text, rows[i].max, &value, &error));
      g_assert_no_error (error);
      g_assert_cmpuint (value, ==, rows[i].want);
    }
}

static void
test_refused (void)
{
  static const struct
  {
    const char *text;
    uint64_t max;
  } rows[] = {
    { "", 10 },
    { "11", 10 },
    { "1", 0 },
    { "-1", 10 },
    { "-0", 10 },
    { "+1", 10 },
    { " 1", 10 },
    { "1 ", 10 },
    { "1\n", 10 },
    { "0x10", 100 },
    { "1e3", UINT64_MAX },
    { "1.0", 10 },
    { "\xd9\xa1", 10 }, /* ARABIC-INDIC DIGIT ONE */
    { "18446744073709551616", UINT64_MAX },
    { "18446744073709551620", UINT64_MAX },
    { "184467440737095516150", UINT64_MAX },
    { "99999999999999999999999999", UINT64_MAX },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      uint64_t value = 42;
      g_autoptr (GError) error = NULL;
      g_test_message ("%s", rows[i].text);
      g_assert_false (oci_parse_u64 (rows[i].text, rows[i].max, &value, &error));
      assert_error (error, OCI_ERROR, OCI_ERROR_FORMAT, "expected a number from 0 to *, got ‘*’");
      g_assert_cmpuint (value, ==, 42);
    }
}

static void
test_parse_sizes (void)
{
  static const struct
  {
    uint64_t bytes;
    const char *want;
  } rows[] = {
    { 0, "0 B" },
    { 512, "512 B" },
    { 999, "999 B" },
    { 1000, "1.0 kB" },
    { 1500, "1.5 kB" },
    { 999900, "999.9 kB" },
    { 999960, "1.0 MB" }, /* not "1000.0 kB" */
    { 168100000, "168.1 MB" },
    { 10737418240, "10.7 GB" },
    { UINT64_C (5000000000000), "5.0 TB" },
    { UINT64_MAX, "18446744.1 TB" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *text = oci_format_size (rows[i].bytes);
      g_assert_cmpstr (text, ==, rows[i].want);
    }
}

static void
test_sizes (void)
{
  static const struct
  {
    const char *text;
    uint64_t want;
  } rows[] = {
    { "1B", 1 },
    { "600MB", 600000000 },
    { "600 MB", 600000000 },
    { "512MiB", 536870912 },
    { "1.5kB", 1500 },
    { "0.5KiB", 512 },
    { "0.000001MB", 1 },
    { "1.999999B", 1 },
    { "16777215TiB", UINT64_C (16777215) << 40 },
    { "18446744TB", UINT64_C (18446744) * 1000000000000 },
    { "600", UINT64_C (600) << 20 },
    { "0.5", 524288 },
    { "0", 0 },
  };
  static const char *const refused[] = {
    "",           "MB",          "600 ",    "600Mb", "600mb",      "-1MB",
    "1e3MB",      "1.MB",        ".5MB",    "1,5MB", "1MB ",       "1  MB",
    "1.2345678B", "16777216TiB", "1.5.2MB", "+1MB",  "18446745TB", "99999999999999999999B"
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      uint64_t bytes = 0;
      g_autoptr (GError) error = NULL;
      g_assert_true (oci_parse_size (rows[i].text, &bytes, &error));
      g_assert_cmpuint (bytes, ==, rows[i].want);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (refused); i++)
    {
      uint64_t bytes = 0;
      g_autoptr (GError) error = NULL;
      g_test_message ("%s", refused[i]);
      g_assert_false (oci_parse_size (refused[i], &bytes, &error));
      assert_error (error, OCI_ERROR, OCI_ERROR_FORMAT, "expected a size*");
    }
}

static void
test_durations (void)
{
  static const struct
  {
    const char *text;
    uint64_t want;
  } rows[] = { { "1ms", 1 },      { "500ms", 500 },    { "3s", 3000 },  { "1.5s", 1500 },
               { "15m", 900000 }, { "0.25h", 900000 }, { "90", 90000 }, { "1.5", 1500 } };
  static const char *const refused[] = { "",   "3 ",    "3sec", "0s",    "0",   "901",
                                         "1h", "0.9ms", "901s", "15.1m", "-1s", "s" };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      uint64_t ms = 0;
      g_autoptr (GError) error = NULL;
      g_assert_true (oci_parse_duration (rows[i].text, 900000, &ms, &error));
      g_assert_cmpuint (ms, ==, rows[i].want);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (refused); i++)
    {
      uint64_t ms = 0;
      g_autoptr (GError) error = NULL;
      g_test_message ("%s", refused[i]);
      g_assert_false (oci_parse_duration (refused[i], 900000, &ms, &error));
      assert_error (error, OCI_ERROR, OCI_ERROR_FORMAT, "expected a duration*");
    }
}

static void
test_written_sizes (void)
{
  static const char *const same[] = { "0B",     "1B",    "1000B", "1KiB",   "1536B",
                                      "128MiB", "10GiB", "3TiB",  "1025TiB" };
  for (gsize i = 0; i < G_N_ELEMENTS (same); i++)
    {
      uint64_t bytes = 0;
      g_assert_true (oci_parse_size (same[i], &bytes, NULL));
      g_autofree char *text = oci_write_size (bytes);
      g_assert_cmpstr (text, ==, same[i]);
    }
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/number/accepted", test_accepted);
  g_test_add_func ("/number/refused", test_refused);
  g_test_add_func ("/number/parse-sizes", test_parse_sizes);
  g_test_add_func ("/number/durations", test_durations);
  g_test_add_func ("/number/sizes", test_sizes);
  g_test_add_func ("/number/written-sizes", test_written_sizes);
  return g_test_run ();
}
