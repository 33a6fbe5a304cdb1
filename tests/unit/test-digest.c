#include "oci/digest.h"

#include "testing.h"

/* FIPS 180-4 examples and NIST's SHA256ShortMsg. */
static const struct
{
  const char *text;
  const char *hex;
} vectors[] = {
  { "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
  { "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
  { "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
    "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
};
#define MILLION_A "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"

static void
test_vectors (void)
{
  OciDigestHex hex;
  OciDigestText text;
  for (gsize i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      g_autoptr (GBytes) bytes = test_bytes (vectors[i].text);
      OciDigest a = oci_digest_of (vectors[i].text, strlen (vectors[i].text));
      OciDigest b = oci_digest_of_bytes (bytes);
      g_assert_cmpstr (oci_digest_hex (&a, hex), ==, vectors[i].hex);
      g_assert_true (oci_digest_equal (&a, &b));
      g_assert_true (g_str_has_prefix (oci_digest_text (&a, text), "sha256:"));
      g_assert_cmpstr (text + 7, ==, vectors[i].hex);
    }
}

static void
test_digester (void)
{
  OciDigestHex hex;
  g_autoptr (OciDigester) digester = oci_digester_new ();
  g_autofree char *piece = g_strnfill (1000, 'a');
  for (int round = 0; round < 2; round++) /* finish starts again */
    {
      for (int i = 0; i < 1000; i++)
        oci_digester_update (digester, piece, 1000);
      OciDigest digest = oci_digester_finish (digester);
      g_assert_cmpstr (oci_digest_hex (&digest, hex), ==, MILLION_A);
    }
  OciDigest empty = oci_digester_finish (digester);
  g_assert_cmpstr (oci_digest_hex (&empty, hex), ==, vectors[0].hex);
}

static void
test_of_fd (void)
{
  g_auto (TestDir) dir = test_dir_new ();
  g_autoptr (GError) error = NULL;
  g_autofree char *data = g_strnfill (1000000, 'a');
  g_autofree char *path = test_dir_write (&dir, "million", data, 1000000);
  g_auto (OciFd) fd = open (path, O_RDONLY | O_CLOEXEC);
  OciDigest digest;
  OciDigestHex hex;
  uint64_t size = 0;
  g_assert_true (oci_digest_of_fd (fd, &digest, &size, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (size, ==, 1000000);
  g_assert_cmpstr (oci_digest_hex (&digest, hex), ==, MILLION_A);

  g_auto (OciFd) directory = open (dir.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  g_assert_false (oci_digest_of_fd (directory, &digest, NULL, &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_IO, "*");
}

static void
test_parse (void)
{
  OciDigest digest;
  OciDigestHex hex;
  OciDigestText text;
  g_autoptr (GError) error = NULL;
  g_assert_true (oci_digest_parse ("sha256:" MILLION_A, &digest, &error));
  g_assert_cmpstr (oci_digest_text (&digest, text), ==, "sha256:" MILLION_A);
  g_assert_true (oci_digest_parse_hex (MILLION_A, &digest, &error));
  g_assert_cmpstr (oci_digest_hex (&digest, hex), ==, MILLION_A);
  g_assert_no_error (error);
}

static void
test_refused (void)
{
  static const struct
  {
    const char *text;
    OciError code;
    const char *pattern;
  } rows[] = {
    { "", OCI_ERROR_FORMAT, "expected a digest ‘sha256:…’, got ‘’" },
    { MILLION_A, OCI_ERROR_FORMAT, "expected a digest *" },
    { "sha256", OCI_ERROR_FORMAT, "expected a digest *" },
    { "sha256:", OCI_ERROR_FORMAT, "expected 64 lower-case hex digits, got ‘’" },
    { "sha256:" MILLION_A "0", OCI_ERROR_FORMAT, "expected 64 *" },
    { "sha256:dc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0", OCI_ERROR_FORMAT,
      "expected 64 *" },
    { "sha256:CDC76E5C9914FB9281A1C7E284D73E67F1809A48A497200E046D39CCC7112CD0", OCI_ERROR_FORMAT,
      "expected 64 lower-case *" },
    { "sha256:gdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0", OCI_ERROR_FORMAT,
      "expected 64 *" },
    { "sha256:cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd\n", OCI_ERROR_FORMAT,
      "expected 64 *\\x0a’" },
    { "SHA256:" MILLION_A, OCI_ERROR_FORMAT, "expected a digest *" },
    { " sha256:" MILLION_A, OCI_ERROR_FORMAT, "expected a digest *" },
    { "md5:900150983cd24fb0d6963f7d28e17f72", OCI_ERROR_FORMAT, "expected a digest *" },
    { "sha512:00", OCI_ERROR_UNSUPPORTED, "*‘sha512:00’ is not sha256" },
    { "blake3:00", OCI_ERROR_UNSUPPORTED, "*is not sha256" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      OciDigest digest = { { 7 } };
      g_autoptr (GError) error = NULL;
      g_assert_false (oci_digest_parse (rows[i].text, &digest, &error));
      assert_error (error, OCI_ERROR, rows[i].code, rows[i].pattern);
      g_assert_cmpuint (digest.bytes[0], ==, 7); /* not written on failure */
    }
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/digest/vectors", test_vectors);
  g_test_add_func ("/digest/digester", test_digester);
  g_test_add_func ("/digest/of-fd", test_of_fd);
  g_test_add_func ("/digest/parse", test_parse);
  g_test_add_func ("/digest/refused", test_refused);
  return g_test_run ();
}
