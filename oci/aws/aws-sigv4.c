#include "oci/aws/aws-sigv4.h"

#include "oci/digest.h"
#include "oci/http/credentials.h"

#include <string.h>

#define ALGORITHM "AWS4-HMAC-SHA256"

typedef struct
{
  guint8 bytes[OCI_DIGEST_BYTES];
} Mac;

OciAwsCredentials *
oci_aws_credentials_new (const char *access_key, const char *secret_key, const char *session_token)
{
  OciAwsCredentials *self = g_new0 (OciAwsCredentials, 1);
  self->access_key = g_strdup (access_key);
  self->secret_key = g_strdup (secret_key);
  if (session_token != NULL && session_token[0] != '\0')
    self->session_token = g_strdup (session_token);
  return self;
}

void
oci_aws_credentials_free (OciAwsCredentials *self)
{
  if (self == NULL)
    return;
  g_free (self->access_key);
  oci_secret_free (self->secret_key);
  oci_secret_free (self->session_token);
  g_free (self->source);
  g_free (self);
}

char *
oci_aws_time_now (void)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  return g_date_time_format (now, "%Y%m%dT%H%M%SZ");
}

/* Removes empty, "." and ".." segments; keeps a trailing "/". */
static char *
normalise_path (const char *path)
{
  g_auto (GStrv) segments = g_strsplit (path, "/", -1);
  g_autoptr (GPtrArray) kept = g_ptr_array_new ();
  for (char **segment = segments; *segment != NULL; segment++)
    if (strcmp (*segment, "..") == 0 && kept->len > 0)
      g_ptr_array_remove_index (kept, kept->len - 1);
    else if (**segment != '\0' && strcmp (*segment, ".") != 0 && strcmp (*segment, "..") != 0)
      g_ptr_array_add (kept, *segment);
  GString *text = g_string_new ("/");
  for (guint i = 0; i < kept->len; i++)
    g_string_append_printf (text, "%s%s", i > 0 ? "/" : "", (char *) kept->pdata[i]);
  if (kept->len > 0 && (g_str_has_suffix (path, "/") || g_str_has_suffix (path, "/.")))
    g_string_append_c (text, '/');
  return g_string_free (text, FALSE);
}

static void
append_escaped (GString *out, const char *text, const char *unescaped)
{
  for (const char *p = text; *p != '\0'; p++)
    if (g_ascii_isalnum (*p) || strchr ("-._~", *p) != NULL || strchr (unescaped, *p) != NULL)
      g_string_append_c (out, *p);
    else
      g_string_append_printf (out, "%%%02X", (unsigned) (guchar) *p);
}

static int
compare_strings (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* Keys and values are kept as escaped in the request; bytes that should have been escaped are. */
static void
append_query (GString *out, const char *query)
{
  g_auto (GStrv) parts = g_strsplit (query != NULL ? query : "", "&", -1);
  g_autoptr (GPtrArray) sorted = g_ptr_array_new_with_free_func (g_free);
  for (char **part = parts; *part != NULL; part++)
    {
      if (**part == '\0')
        continue;
      GString *pair = g_string_new (NULL);
      append_escaped (pair, *part, "%=");
      if (strchr (*part, '=') == NULL)
        g_string_append_c (pair, '=');
      g_ptr_array_add (sorted, g_string_free (pair, FALSE));
    }
  g_ptr_array_sort (sorted, compare_strings);
  for (guint i = 0; i < sorted->len; i++)
    g_string_append_printf (out, "%s%s", i > 0 ? "&" : "", (char *) sorted->pdata[i]);
}

/* Removes surrounding spaces, and replaces several spaces inside by one. */
static char *
trim_value (const char *value)
{
  GString *text = g_string_new (NULL);
  for (const char *p = value; *p != '\0'; p++)
    if (*p != ' ' || (text->len > 0 && text->str[text->len - 1] != ' '))
      g_string_append_c (text, *p);
  if (text->len > 0 && text->str[text->len - 1] == ' ')
    g_string_truncate (text, text->len - 1);
  return g_string_free (text, FALSE);
}

/* Lower-case name -> value, several of one name joined in their order. */
static void
add_header (GTree *headers, const char *name, const char *value)
{
  g_autofree char *key = g_ascii_strdown (name, -1);
  g_autofree char *trimmed = trim_value (value);
  const char *before = g_tree_lookup (headers, key);
  g_autofree char *joined =
      before != NULL ? g_strconcat (before, ",", trimmed, NULL) : g_steal_pointer (&trimmed);
  g_tree_replace (headers, g_steal_pointer (&key), g_steal_pointer (&joined));
}

static int
compare_keys (gconstpointer a, gconstpointer b, G_GNUC_UNUSED gpointer data)
{
  return strcmp (a, b);
}

static GTree *
collect_headers (const OciAwsRequest *request, const OciAwsCredentials *credentials,
                 const char *time)
{
  GTree *headers = g_tree_new_full (compare_keys, NULL, g_free, (GDestroyNotify) oci_secret_free);
  for (const char *const *line = request->headers; *line != NULL; line++)
    {
      const char *colon = strchr (*line, ':');
      if (colon == NULL)
        continue;
      g_autofree char *name = g_strndup (*line, (gsize) (colon - *line));
      add_header (headers, name, colon + 1);
    }
  add_header (headers, "x-amz-date", time);
  if (credentials->session_token != NULL)
    add_header (headers, "x-amz-security-token", credentials->session_token);
  return headers;
}

static gboolean
append_header (gpointer key, gpointer value, gpointer data)
{
  GString **texts = data; /* headers, names */
  g_string_append_printf (texts[0], "%s:%s\n", (char *) key, (char *) value);
  g_string_append_printf (texts[1], "%s%s", texts[1]->len > 0 ? ";" : "", (char *) key);
  return FALSE;
}

char *
oci_aws_canonical_request (const OciAwsRequest *request, const OciAwsCredentials *credentials,
                           const char *time, char **out_signed_headers)
{
  OciDigestHex hex;
  GString *text = g_string_new (request->method);
  GString *names = g_string_new (NULL);
  GString *texts[] = { text, names };
  g_autofree char *path = normalise_path (request->path);
  g_autoptr (GTree) headers = collect_headers (request, credentials, time);
  g_string_append_c (text, '\n');
  append_escaped (text, path, "/");
  g_string_append_c (text, '\n');
  append_query (text, request->query);
  g_string_append_c (text, '\n');
  g_tree_foreach (headers, append_header, texts);
  OciDigest body =
      request->body != NULL ? oci_digest_of_bytes (request->body) : oci_digest_of ("", 0);
  g_string_append_printf (text, "\n%s\n%s", names->str, oci_digest_hex (&body, hex));
  *out_signed_headers = g_string_free (names, FALSE);
  return g_string_free (text, FALSE);
}

static Mac
mac (const void *key, size_t key_len, const char *text)
{
  Mac result;
  gsize len = sizeof result.bytes;
  GHmac *hmac = g_hmac_new (G_CHECKSUM_SHA256, key, key_len);
  g_hmac_update (hmac, (const guchar *) text, (gssize) strlen (text));
  g_hmac_get_digest (hmac, result.bytes, &len);
  g_hmac_unref (hmac);
  return result;
}

static Mac
signing_key (const OciAwsCredentials *credentials, const OciAwsScope *scope, const char *date)
{
  g_autoptr (OciSecret) start = g_strconcat ("AWS4", credentials->secret_key, NULL);
  Mac key = mac (start, strlen (start), date);
  key = mac (key.bytes, sizeof key.bytes, scope->region);
  key = mac (key.bytes, sizeof key.bytes, scope->service);
  return mac (key.bytes, sizeof key.bytes, "aws4_request");
}

char *
oci_aws_sign (const OciAwsRequest *request, const OciAwsCredentials *credentials,
              const OciAwsScope *scope)
{
  OciDigestHex hex;
  g_autofree char *names = NULL;
  g_autoptr (OciSecret) canonical =
      oci_aws_canonical_request (request, credentials, scope->time, &names);
  OciDigest digest = oci_digest_of (canonical, strlen (canonical));
  g_autofree char *date = g_strndup (scope->time, strlen ("20150830"));
  g_autofree char *scope_text =
      g_strdup_printf ("%s/%s/%s/aws4_request", date, scope->region, scope->service);
  g_autofree char *to_sign = g_strdup_printf (ALGORITHM "\n%s\n%s\n%s", scope->time, scope_text,
                                              oci_digest_hex (&digest, hex));
  Mac key = signing_key (credentials, scope, date);
  Mac signature = mac (key.bytes, sizeof key.bytes, to_sign);
  explicit_bzero (&key, sizeof key);
  OciDigest as_digest; /* for its hex form */
  memcpy (as_digest.bytes, signature.bytes, sizeof as_digest.bytes);
  return g_strdup_printf (ALGORITHM " Credential=%s/%s, SignedHeaders=%s, Signature=%s",
                          credentials->access_key, scope_text, names,
                          oci_digest_hex (&as_digest, hex));
}
