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
test_sizes (void)
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

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/number/accepted", test_accepted);
  g_test_add_func ("/number/refused", test_refused);
  g_test_add_func ("/number/sizes", test_sizes);
  return g_test_run ();
}
