#include "oci/manifest.h"

#include "testing.h"

#define A "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define C "sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"

#define OCI_CONFIG "{\"mediaType\":\"" OCI_MEDIA_TYPE_CONFIG "\",\"digest\":\"" A "\",\"size\":7}"
#define LAYER(type, digest, size)                                                                  \
  "{\"mediaType\":\"" type "\",\"digest\":\"" digest "\",\"size\":" size "}"
#define DOCKER_LAYER "application/vnd.docker.image.rootfs.diff.tar.gzip"

/* image-spec v1.1 media-types.md, and its table of compatible Docker types. */
static void
test_media_types (void)
{
  static const struct
  {
    const char *name;
    OciMediaKind kind;
    OciCompression compression;
    const char *oci_name;
  } rows[] = {
    { "application/vnd.oci.image.index.v1+json", OCI_MEDIA_INDEX, OCI_COMPRESSION_NONE,
      "application/vnd.oci.image.index.v1+json" },
    { "application/vnd.docker.distribution.manifest.list.v2+json", OCI_MEDIA_INDEX,
      OCI_COMPRESSION_NONE, "application/vnd.oci.image.index.v1+json" },
    { "application/vnd.docker.distribution.manifest.v2+json", OCI_MEDIA_MANIFEST,
      OCI_COMPRESSION_NONE, "application/vnd.oci.image.manifest.v1+json" },
    { "application/vnd.docker.container.image.v1+json", OCI_MEDIA_CONFIG, OCI_COMPRESSION_NONE,
      "application/vnd.oci.image.config.v1+json" },
    { "application/vnd.docker.image.rootfs.diff.tar.gzip", OCI_MEDIA_LAYER, OCI_COMPRESSION_GZIP,
      "application/vnd.oci.image.layer.v1.tar+gzip" },
    { "application/vnd.oci.image.layer.v1.tar", OCI_MEDIA_LAYER, OCI_COMPRESSION_NONE,
      "application/vnd.oci.image.layer.v1.tar" },
    { "application/vnd.oci.image.layer.v1.tar+zstd", OCI_MEDIA_LAYER, OCI_COMPRESSION_ZSTD,
      "application/vnd.oci.image.layer.v1.tar+zstd" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      const OciMediaType *type = oci_media_type_lookup (rows[i].name);
      g_assert_nonnull (type);
      g_assert_cmpint (type->kind, ==, rows[i].kind);
      g_assert_cmpint (type->compression, ==, rows[i].compression);
      g_assert_cmpstr (type->oci_name, ==, rows[i].oci_name);
    }
  g_assert_null (oci_media_type_lookup (""));
  g_assert_null (oci_media_type_lookup ("application/json"));
  g_assert_null (oci_media_type_lookup ("Application/vnd.oci.image.layer.v1.tar"));
  g_assert_null (
      oci_media_type_lookup ("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"));
  g_assert_cmpstr (oci_media_type_of_layer (OCI_COMPRESSION_GZIP), ==,
                   "application/vnd.oci.image.layer.v1.tar+gzip");
  g_assert_cmpstr (oci_media_type_of_layer (OCI_COMPRESSION_ZSTD), ==,
                   "application/vnd.oci.image.layer.v1.tar+zstd");
  g_assert_cmpstr (oci_media_type_of_layer (OCI_COMPRESSION_NONE), ==,
                   "application/vnd.oci.image.layer.v1.tar");
}

static OciManifest *
parse (const char *text)
{
  g_autoptr (GBytes) raw = test_bytes (text);
  g_autoptr (GError) error = NULL;
  OciManifest *manifest = oci_manifest_parse ("m", raw, &error);
  g_assert_no_error (error);
  return manifest;
}

static void
assert_descriptor (const OciDescriptor *self, const char *media_type, const char *digest,
                   uint64_t size)
{
  OciDigestText text;
  g_assert_cmpstr (self->media_type, ==, media_type);
  g_assert_cmpstr (oci_digest_text (&self->digest, text), ==, digest);
  g_assert_cmpuint (self->size, ==, size);
}

static void
test_oci (void)
{
  g_autoptr (OciManifest) manifest =
      parse ("{\"schemaVersion\":2,\"config\":" OCI_CONFIG
             ",\"layers\":[" LAYER (OCI_MEDIA_TYPE_LAYER_GZIP, B, "0") "," LAYER (
                 OCI_MEDIA_TYPE_LAYER_ZSTD, C,
                 "9223372036854775807") "],"
                                        "\"annotations\":{\"k\":\"v\"},\"unknown\":{\"x\":[]}}");
  g_assert_cmpstr (manifest->media_type, ==, OCI_MEDIA_TYPE_MANIFEST);
  assert_descriptor (manifest->config, OCI_MEDIA_TYPE_CONFIG, A, 7);
  g_assert_cmpuint (manifest->layers->len, ==, 2);
  assert_descriptor (manifest->layers->pdata[0], OCI_MEDIA_TYPE_LAYER_GZIP, B, 0);
  assert_descriptor (manifest->layers->pdata[1], OCI_MEDIA_TYPE_LAYER_ZSTD, C,
                     UINT64_C (9223372036854775807));
  g_assert_cmpstr (json_string_value (json_object_get (manifest->annotations, "k")), ==, "v");
}

/* Docker's types get their OCI names; digests, sizes and order stay. */
static void
test_relabelling (void)
{
  g_autoptr (OciManifest) manifest = parse (
      "{\"schemaVersion\":2,\"mediaType\":\"application/vnd.docker.distribution.manifest.v2+json\","
      "\"config\":{\"mediaType\":\"application/vnd.docker.container.image.v1+json\",\"digest\":\"" A
      "\",\"size\":7},\"layers\":[" LAYER (DOCKER_LAYER, C, "5") "," LAYER (DOCKER_LAYER, B,
                                                                            "6") "]}");
  g_assert_cmpstr (manifest->media_type, ==, OCI_MEDIA_TYPE_DOCKER_MANIFEST);
  assert_descriptor (manifest->layers->pdata[0], DOCKER_LAYER, C, 5);
  g_autoptr (GBytes) dumped = oci_manifest_dump (manifest);
  static const char want[] =
      "{\"config\":{\"digest\":\"" A "\",\"mediaType\":\"" OCI_MEDIA_TYPE_CONFIG "\",\"size\":7},"
      "\"layers\":[{\"digest\":\"" C "\",\"mediaType\":\"" OCI_MEDIA_TYPE_LAYER_GZIP
      "\",\"size\":5},{\"digest\":\"" B "\",\"mediaType\":\"" OCI_MEDIA_TYPE_LAYER_GZIP
      "\",\"size\":6}],\"mediaType\":\"" OCI_MEDIA_TYPE_MANIFEST "\",\"schemaVersion\":2}";
  assert_text (dumped, want);
}

#define WITH_LAYERS(layers) "{\"schemaVersion\":2,\"config\":" OCI_CONFIG ",\"layers\":" layers "}"

static void
test_refused (void)
{
  static const struct
  {
    const char *text;
    OciError code;
    const char *pattern;
  } rows[] = {
    { "[]", OCI_ERROR_FORMAT, "*m: expected an object, got an array*" },
    { "{}", OCI_ERROR_FORMAT, "*‘schemaVersion’ is missing*‘config’ is missing*‘layers’ is*" },
    { "{\"schemaVersion\":1,\"config\":" OCI_CONFIG ",\"layers\":[]}", OCI_ERROR_FORMAT,
      "*schemaVersion: 1 is not between 2 and 2" },
    { "{\"schemaVersion\":2,\"manifests\":[]}", OCI_ERROR_UNSUPPORTED, "m is an image index*" },
    { "{\"schemaVersion\":2,\"mediaType\":\"" OCI_MEDIA_TYPE_DOCKER_LIST "\",\"manifests\":[]}",
      OCI_ERROR_UNSUPPORTED, "m is an image index*" },
    { "{\"schemaVersion\":2,\"mediaType\":\"text/html\",\"config\":" OCI_CONFIG ",\"layers\":[]}",
      OCI_ERROR_FORMAT, "*unknown kind of manifest ‘text/html’" },
    { "{\"schemaVersion\":2,\"mediaType\":5,\"config\":" OCI_CONFIG ",\"layers\":[]}",
      OCI_ERROR_FORMAT, "*mediaType: expected a string, got an integer" },
    { WITH_LAYERS ("{}"), OCI_ERROR_FORMAT, "*layers: expected an array, got an object" },
    { WITH_LAYERS ("[3]"), OCI_ERROR_FORMAT, "*layers?0?: expected an object, got an integer" },
    { WITH_LAYERS ("[" LAYER ("text/plain", B, "1") "]"), OCI_ERROR_FORMAT,
      "*layer 0 has the unknown media type ‘text/plain’" },
    { WITH_LAYERS ("[" LAYER (OCI_MEDIA_TYPE_CONFIG, B, "1") "]"), OCI_ERROR_FORMAT,
      "*layer 0 has the unknown media type*" },
    { WITH_LAYERS ("[" LAYER (OCI_MEDIA_TYPE_LAYER, B, "-1") "]"), OCI_ERROR_FORMAT,
      "*layers?0?.size: -1 is not between*" },
    { WITH_LAYERS ("[" LAYER (OCI_MEDIA_TYPE_LAYER, B, "1.5") "]"), OCI_ERROR_FORMAT,
      "*layers?0?.size: expected an integer, got a fraction" },
    { WITH_LAYERS ("[" LAYER (OCI_MEDIA_TYPE_LAYER, "sha256:ab", "1") "]"), OCI_ERROR_FORMAT,
      "*layers?0?.digest: expected 64 *" },
    { WITH_LAYERS ("[" LAYER (OCI_MEDIA_TYPE_LAYER, "../../etc/passwd", "1") "]"), OCI_ERROR_FORMAT,
      "*layers?0?.digest: expected a digest *" },
    { WITH_LAYERS ("[" LAYER (OCI_MEDIA_TYPE_LAYER, "sha512:ab", "1") "]"), OCI_ERROR_FORMAT,
      "*layers?0?.digest: *is not sha256" },
    { "{\"schemaVersion\":2,\"config\":" OCI_CONFIG ",\"layers\":[],\"annotations\":[]}",
      OCI_ERROR_FORMAT, "*annotations: expected an object, got an array" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GBytes) raw = test_bytes (rows[i].text);
      g_autoptr (GError) error = NULL;
      g_test_message ("%s", rows[i].text);
      g_assert_null (oci_manifest_parse ("m", raw, &error));
      assert_error (error, OCI_ERROR, rows[i].code, rows[i].pattern);
    }
}

/* 127 layers are usual, 1024 are taken, 1025 are not. */
static void
test_layer_limit (void)
{
  for (unsigned n = OCI_MANIFEST_MAX_LAYERS - 1; n <= OCI_MANIFEST_MAX_LAYERS + 1; n++)
    {
      g_autoptr (GString) text =
          g_string_new ("{\"schemaVersion\":2,\"config\":" OCI_CONFIG ",\"layers\":[");
      g_autoptr (GError) error = NULL;
      for (unsigned i = 0; i < n; i++)
        g_string_append_printf (text, "%s%s", i > 0 ? "," : "",
                                LAYER (OCI_MEDIA_TYPE_LAYER, B, "1"));
      g_string_append (text, "]}");
      g_autoptr (GBytes) raw = test_bytes (text->str);
      g_autoptr (OciManifest) manifest = oci_manifest_parse ("m", raw, &error);
      g_assert_cmpint (manifest != NULL, ==, n <= 1024);
      if (manifest == NULL)
        assert_error (error, OCI_ERROR, OCI_ERROR_FORMAT,
                      "*layers: has 1025 elements, at most 1024 are allowed");
    }
}

#define ENTRY(digest, extra)                                                                       \
  "{\"mediaType\":\"" OCI_MEDIA_TYPE_MANIFEST "\",\"digest\":\"" digest "\",\"size\":1," extra "}"
#define PLATFORM(text) "\"platform\":{" text "}"

static OciIndex *
parse_index (const char *text)
{
  g_autoptr (GBytes) raw = test_bytes (text);
  g_autoptr (GError) error = NULL;
  OciIndex *index = oci_index_parse ("i", raw, &error);
  g_assert_no_error (error);
  return index;
}

#define OF(os, architecture)                                                                       \
  "\"platform\":{\"os\":\"" os "\",\"architecture\":\"" architecture "\"}"
#define OF_VARIANT(architecture, variant)                                                          \
  "\"platform\":{\"os\":\"linux\",\"architecture\":\"" architecture "\",\"variant\":\"" variant    \
  "\"}"
#define INDEX(entries) "{\"schemaVersion\":2,\"manifests\":[" entries "]}"

/* The digests of the candidates by their first digit, such as "ab"; those offered in
 * @out_offered. */
static char *
candidates (const char *text, const char *platform, char **out_offered)
{
  OciPlatform wanted;
  OciDigestHex hex;
  g_autoptr (OciIndex) index = parse_index (text);
  g_assert_true (oci_platform_parse (platform, &wanted, NULL));
  g_autoptr (GPtrArray) offered = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) found = oci_index_candidates (index, &wanted, offered);
  GString *letters = g_string_new (NULL);
  for (guint i = 0; i < found->len; i++)
    g_string_append_c (letters,
                       oci_digest_hex (&((OciDescriptor *) found->pdata[i])->digest, hex)[0]);
  g_autoptr (GError) error = NULL;
  g_assert_false (oci_index_fail_platform ("it", &wanted, offered, &error));
  *out_offered = g_strdup (error->message);
  return g_string_free (letters, FALSE);
}

static void
test_index_candidates (void)
{
  static const struct
  {
    const char *index;
    const char *platform;
    const char *digests;
    const char *message;
  } rows[] = {
    { INDEX (ENTRY (A, OF ("linux", "amd64")) "," ENTRY (B, OF_VARIANT ("arm64", "v8"))),
      "linux/arm64", "b", "no image for linux/arm64; it offers ‘linux/amd64, linux/arm64/v8’" },
    { INDEX (ENTRY (A, OF ("linux", "amd64")) "," ENTRY (B, OF ("windows", "amd64"))),
      "linux/s390x", "", "no image for linux/s390x; it offers ‘linux/amd64, windows/amd64’" },
    /* An image without a platform comes last. */
    { INDEX (ENTRY (A, "\"annotations\":{}") "," ENTRY (B, OF ("linux", "amd64"))), "linux/amd64",
      "ba", "*" },
    { INDEX (ENTRY (A, "\"platform\":{}") "," ENTRY (B, OF ("linux", "arm64"))), "linux/amd64", "a",
      "*" },
    /* containers/image: the variant that was asked for, those before it, and none. */
    { INDEX (ENTRY (A, OF_VARIANT ("arm", "v6")) "," ENTRY (B, OF_VARIANT ("arm", "v7"))),
      "linux/arm/v7", "ba", "*" },
    { INDEX (ENTRY (A, OF_VARIANT ("arm", "v7")) "," ENTRY (B, OF_VARIANT ("arm", "v5"))),
      "linux/arm/v6", "b", "*" },
    { INDEX (ENTRY (A, OF_VARIANT ("amd64", "v2")) "," ENTRY (B, OF ("linux", "amd64"))),
      "linux/amd64", "b", "*" },
    { INDEX (ENTRY (A, OF ("linux", "amd64")) "," ENTRY (B, OF_VARIANT ("amd64", "v2"))),
      "linux/amd64/v3", "ba", "*" },
    /* An attestation that buildx writes next to an image, and a signature. */
    { INDEX (ENTRY (A, OF ("unknown", "unknown")) "," ENTRY (
          B, "\"annotations\":{\"vnd.docker."
             "reference.type\":\"attestation-"
             "manifest\"}") "," LAYER ("application/vnd.dev.cosign.simplesigning.v1+json", C, "1")),
      "linux/amd64", "", "no image for linux/amd64; it offers none for a known platform" },
    { INDEX (""), "linux/amd64", "", "*none*" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *message = NULL;
      g_autofree char *found = candidates (rows[i].index, rows[i].platform, &message);
      g_test_message ("%s: %s", rows[i].platform, rows[i].index);
      g_assert_cmpstr (found, ==, rows[i].digests);
      g_assert_true (g_pattern_match_simple (rows[i].message, message));
    }
}

/* Documents that tools would take for different things: CVE-2021-41190. */
static void
test_ambiguous (void)
{
#define LAYERS "[" LAYER (OCI_MEDIA_TYPE_LAYER, B, "1") "]"
#define MANIFEST_AND(member)                                                                       \
  "{\"schemaVersion\":2,\"config\":" OCI_CONFIG ",\"layers\":" LAYERS "," member "}"
#define INDEX_AND(member) "{\"schemaVersion\":2,\"manifests\":[]," member "}"
  static const struct
  {
    const char *text;
    const char *announced;
    const char *pattern; /* (nullable): of the error */
  } rows[] = {
    { MANIFEST_AND ("\"manifests\":[]"), NULL,
      "m: is ambiguous: an image index that has ‘config’*" },
    { MANIFEST_AND ("\"mediaType\":\"" OCI_MEDIA_TYPE_MANIFEST "\",\"manifests\":[]"), NULL,
      "m: is ambiguous: an image manifest that has ‘manifests’*" },
    { MANIFEST_AND ("\"Manifests\":[]"), NULL, "m: is ambiguous: has a member ‘Manifests’*" },
    { MANIFEST_AND ("\"LAYERS\":[]"), NULL, "m: is ambiguous: has a member ‘LAYERS’*" },
    { MANIFEST_AND ("\"fsLayers\":[]"), NULL, "m: is ambiguous*‘fsLayers’*" },
    { MANIFEST_AND ("\"history\":[]"), NULL, "m: is ambiguous*‘history’*" },
    { INDEX_AND ("\"layers\":[]"), NULL, "m: is ambiguous: an image index that has ‘layers’*" },
    { INDEX_AND ("\"config\":{}"), NULL, "m: is ambiguous: an image index that has ‘config’*" },
    { MANIFEST_AND ("\"manifests\":null"), NULL, NULL },
    { INDEX_AND ("\"subject\":{}"), NULL, NULL },
    { INDEX_AND ("\"x\":1"), OCI_MEDIA_TYPE_MANIFEST,
      "*an image index, but was announced as *manifest*" },
    { MANIFEST_AND ("\"x\":1"), OCI_MEDIA_TYPE_INDEX,
      "*an image manifest, but was announced as *index*" },
    { MANIFEST_AND ("\"mediaType\":\"" OCI_MEDIA_TYPE_MANIFEST "\""),
      OCI_MEDIA_TYPE_DOCKER_MANIFEST,
      "*of type application/vnd.oci.image.manifest.v1+json, but was announced as "
      "application/vnd.docker*" },
    { MANIFEST_AND ("\"mediaType\":\"" OCI_MEDIA_TYPE_MANIFEST "\""),
      OCI_MEDIA_TYPE_MANIFEST "; charset=utf-8", NULL },
    { MANIFEST_AND ("\"x\":1"), OCI_MEDIA_TYPE_DOCKER_MANIFEST, NULL },
    { MANIFEST_AND ("\"x\":1"), "application/json", NULL },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GBytes) raw = test_bytes (rows[i].text);
      g_autoptr (GError) error = NULL;
      g_test_message ("%s", rows[i].text);
      g_autofree char *type = oci_manifest_document_type ("m", raw, rows[i].announced, &error);
      if (rows[i].pattern == NULL)
        g_assert_no_error (error);
      else
        assert_error (error, OCI_ERROR, OCI_ERROR_FORMAT, rows[i].pattern);
      g_assert_cmpint (type == NULL, ==, rows[i].pattern != NULL);
    }
}

/* Entries of one name, or without names, for several platforms. */
static void
test_index_find_by_platform (void)
{
  static const OciPlatform amd64 = { .os = "linux", .architecture = "amd64" },
                           arm64 = { .os = "linux", .architecture = "arm64" },
                           s390x = { .os = "linux", .architecture = "s390x" };

#define NAMED(name, architecture)                                                                  \
  "\"annotations\":{\"org.opencontainers.image.ref.name\":\"" name "\"}," OF ("linux", architecture)
  OciDigestText text;
  g_autoptr (GError) error = NULL;
  g_autoptr (OciIndex) same =
      parse_index (INDEX (ENTRY (A, NAMED ("x", "amd64")) "," ENTRY (B, NAMED ("x", "arm64"))));
  const OciDescriptor *found = oci_index_find (same, "x", &arm64, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (oci_digest_text (&found->digest, text), ==, B);
  found = oci_index_find (same, NULL, &amd64, &error);
  g_assert_cmpstr (oci_digest_text (&found->digest, text), ==, A);
  g_assert_null (oci_index_find (same, "x", &s390x, &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_NOT_FOUND,
                "no image for linux/s390x; the index offers ‘linux/amd64, linux/arm64’");
  g_clear_error (&error);
  /* Two images for one platform are two images: a name has to tell. */
  g_autoptr (OciIndex) two =
      parse_index (INDEX (ENTRY (A, NAMED ("x", "amd64")) "," ENTRY (B, NAMED ("y", "amd64"))));
  g_assert_null (oci_index_find (two, NULL, &amd64, &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_USAGE, "holds 2 images, name one of: x, y");
}

static void
test_index_find (void)
{
#define NAME(name) "\"annotations\":{\"org.opencontainers.image.ref.name\":\"" name "\"}"
  OciDigestText text;
  g_autoptr (GError) error = NULL;
  g_autoptr (OciIndex) two = parse_index ("{\"schemaVersion\":2,\"manifests\":[" ENTRY (
      A, NAME ("one")) "," ENTRY (B, NAME ("two")) "]}");
  const OciDescriptor *found = oci_index_find (two, "two", NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (oci_digest_text (&found->digest, text), ==, B);
  g_assert_null (oci_index_find (two, "three", NULL, &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_NOT_FOUND, "no image ‘three’; there is: one, two");
  g_clear_error (&error);
  g_assert_null (oci_index_find (two, NULL, NULL, &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_USAGE, "holds 2 images, name one of: one, two");
  g_clear_error (&error);
  g_autoptr (OciIndex) one =
      parse_index ("{\"schemaVersion\":2,\"manifests\":[" ENTRY (C, "\"annotations\":{}") "]}");
  found = oci_index_find (one, NULL, NULL, &error);
  g_assert_cmpstr (oci_digest_text (&found->digest, text), ==, C);
  g_autoptr (OciIndex) none = parse_index ("{\"schemaVersion\":2,\"manifests\":[]}");
  g_assert_null (oci_index_find (none, "x", NULL, &error));
  assert_error (error, OCI_ERROR, OCI_ERROR_NOT_FOUND, "no image ‘x’; there are no names in it");
}

static void
test_index_refused (void)
{
  static const char *const rows[][2] = {
    { "{\"schemaVersion\":2,\"config\":{},\"layers\":[]}",
      "*expected an image index, got an image manifest*" },
    { "{\"manifests\":[]}", "*‘schemaVersion’ is missing" },
    { "{\"schemaVersion\":2,\"manifests\":[{}]}", "*manifests?0?: ‘mediaType’ is missing" },
    { "{\"schemaVersion\":2,\"manifests\":[" ENTRY (A, "\"annotations\":{\"k\":1}") "]}",
      "*manifests?0?.annotations.k: expected a string, got an integer" },
    { "{\"schemaVersion\":2,\"manifests\":[" ENTRY (A, "\"platform\":\"linux\"") "]}",
      "*manifests?0?.platform: expected an object, got a string" },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GBytes) raw = test_bytes (rows[i][0]);
      g_autoptr (GError) error = NULL;
      g_assert_null (oci_index_parse ("i", raw, &error));
      assert_error (error, OCI_ERROR, OCI_ERROR_FORMAT, rows[i][1]);
    }
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/manifest/media-types", test_media_types);
  g_test_add_func ("/manifest/oci", test_oci);
  g_test_add_func ("/manifest/relabelling", test_relabelling);
  g_test_add_func ("/manifest/refused", test_refused);
  g_test_add_func ("/manifest/layer-limit", test_layer_limit);
  g_test_add_func ("/index/candidates", test_index_candidates);
  g_test_add_func ("/index/find-by-platform", test_index_find_by_platform);
  g_test_add_func ("/manifest/ambiguous", test_ambiguous);
  g_test_add_func ("/index/find", test_index_find);
  g_test_add_func ("/index/refused", test_index_refused);
  return g_test_run ();
}
