/* Manifests, indexes and configurations from registries. What is accepted is dumped, accepted again
 * and dumps to the same bytes. */
#include "fuzz.h"

#include "oci/image-config.h"
#include "oci/manifest.h"

static void
check_manifest (GBytes *raw)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (OciManifest) manifest = oci_manifest_parse ("input", raw, &error);
  FUZZ_CHECK (manifest != NULL, error);
  if (manifest == NULL)
    return;
  g_autoptr (GBytes) dumped = oci_manifest_dump (manifest);
  g_autoptr (OciManifest) again = oci_manifest_parse ("dump", dumped, &error);
  g_assert_no_error (error);
  g_autoptr (GBytes) dumped_again = oci_manifest_dump (again);
  g_assert_true (g_bytes_equal (dumped, dumped_again));
  g_assert_cmpuint (manifest->layers->len, ==, again->layers->len);
}

static void
check_index (GBytes *raw)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (OciIndex) index = oci_index_parse ("input", raw, &error);
  FUZZ_CHECK (index != NULL, error);
  if (index == NULL)
    return;
  static const OciPlatform wanted = { .os = "linux", .architecture = "arm64" };
  g_autoptr (GPtrArray) offered = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) chosen = oci_index_candidates (index, &wanted, offered);
  g_assert_cmpuint (chosen->len, <=, index->manifests->len);
  const OciDescriptor *found = oci_index_find (index, "name", &wanted, &error);
  FUZZ_CHECK (found != NULL, error);
}

static void
check_config (GBytes *raw)
{
  static const char *const argv[] = { "/x", NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (OciImageConfig) config = oci_image_config_parse ("input", raw, &error);
  FUZZ_CHECK (config != NULL, error);
  if (config == NULL)
    return;
  g_autoptr (GBytes) dumped = oci_image_config_dump (config);
  g_autoptr (OciImageConfig) again = oci_image_config_parse ("dump", dumped, &error);
  g_assert_no_error (error);
  g_autoptr (GBytes) dumped_again = oci_image_config_dump (again);
  g_assert_true (g_bytes_equal (dumped, dumped_again));

  OciDigest digest = oci_digest_of ("", 0);
  oci_image_config_set_env (config, "NAME", "value");
  oci_image_config_set_label (config, "name", "value");
  oci_image_config_set_entrypoint (config, argv);
  oci_image_config_add_layer (config, &digest, "1980-01-01T00:00:01Z", "fuzz");
  g_autoptr (GBytes) changed = oci_image_config_dump (config);
  g_autoptr (OciImageConfig) reread = oci_image_config_parse ("changed", changed, &error);
  g_assert_no_error (error);
  guint n = oci_image_config_n_layers (reread);
  g_assert_true (oci_image_config_diff_id (reread, n - 1, &digest, &error));
  g_assert_nonnull (oci_image_config_os (reread));
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GBytes) raw = g_bytes_new_static (data, MIN (size, FUZZ_MAX_BYTES));
  check_manifest (raw);
  check_index (raw);
  check_config (raw);
  return 0;
}
