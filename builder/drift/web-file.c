#include "builder/drift/web-file.h"

#include "oci/base/number.h"
#include "oci/http/credentials.h"
#include "oci/http/retry.h"
#include "oci/http/url.h"

#include <string.h>

typedef struct
{
  OciHttpClient *client;
  OciHttpRequest request;
  OciHttpResponse *response; /* (nullable) */
} Asking;

static OciHttpResponse *
send (gpointer data, GCancellable *cancellable, GError **error)
{
  const Asking *self = data;
  return oci_http_client_send (self->client, &self->request, cancellable, error);
}

static gboolean
ask (OciHttpClient *client, GCancellable *cancellable, gpointer data, GError **error)
{
  Asking *self = data;
  OciRetry retry = { .client = client, .what = "the web server" };
  self->client = client;
  self->response = oci_retry_send (&retry, send, self, cancellable, error);
  return self->response != NULL;
}

/* "sha-256=:BASE64:" (RFC 9530), "sha-256=BASE64" (RFC 3230). Returns: whether there is one */
static gboolean
read_digest (const OciHttpResponse *response, OciDigest *out_digest)
{
  static const char *const names[] = { "repr-digest", "digest" };
  for (size_t i = 0; i < G_N_ELEMENTS (names); i++)
    {
      const char *value = oci_http_response_header (response, names[i]);
      g_auto (GStrv) parts = value != NULL ? g_strsplit (value, ",", 10) : g_new0 (char *, 1);
      for (char **part = parts; *part != NULL; part++)
        {
          gsize size = 0;
          const char *text = g_strstrip (*part);
          if (g_ascii_strncasecmp (text, "sha-256=", strlen ("sha-256=")) != 0)
            continue;
          g_autofree char *encoded = g_strdup (text + strlen ("sha-256="));
          g_strdelimit (encoded, ":", ' ');
          g_autofree guchar *bytes = g_base64_decode (g_strstrip (encoded), &size);
          if (size == sizeof out_digest->bytes)
            {
              memcpy (out_digest->bytes, bytes, size);
              return TRUE;
            }
        }
    }
  return FALSE;
}

static void
report (const TerraneDriftUnit *self, const TerraneWebFile *file, const char *now,
        const char *message)
{
  OciDigestText text;
  const TerraneDriftFinding finding = { .kind = file->kind,
                                        .source = file->source,
                                        .subject = file->subject,
                                        .locked = oci_digest_text (file->sha256, text),
                                        .now = now };
  terrane_drift_report_add (self->report, self->rules,
                            terrane_drift_finding_new (&finding, "%s", message));
}

/* Returns the size in bytes; 0 if it is unknown. */
static uint64_t
size_of (const TerraneDriftUnit *self, const TerraneWebFile *file)
{
  gboolean found = FALSE;
  uint64_t size = 0;
  OciLayout *downloads = terrane_store_downloads (terrane_remote_store (self->remote));
  if (file->size > 0)
    return file->size;
  return oci_layout_find_blob (downloads, file->sha256, &found, &size, NULL) && found ? size : 0;
}

static void
judge (const TerraneDriftUnit *self, const TerraneWebFile *file, const OciHttpResponse *response)
{
  OciDigest digest = *file->sha256;
  OciDigestText text;
  uint64_t size = 0, known = size_of (self, file);
  const char *length = oci_http_response_header (response, "content-length");
  g_autofree char *shown = oci_url_quote (file->url);
  unsigned status = response->status;
  if (status == 404 || status == 410)
    report (self, file, NULL, "the server does not have the file any more");
  else if (status != 200)
    terrane_drift_report_unanswered (self->report, file->question, file->source, TRUE,
                                     "%s: the server answers HTTP %u to HEAD", shown, status);
  else if (read_digest (response, &digest))
    {
      if (!oci_digest_equal (&digest, file->sha256))
        report (self, file, oci_digest_text (&digest, text), "the server has another file");
    }
  else if (length == NULL || !oci_parse_u64 (length, G_MAXINT64, &size, NULL) || known == 0)
    terrane_drift_report_unanswered (
        self->report, file->question, file->source, FALSE,
        "%s is there; whether it is the same file, only a download tells", shown);
  else if (size != known)
    {
      g_autofree char *message =
          g_strdup_printf ("the server has another file, of %" G_GUINT64_FORMAT
                           " bytes instead of %" G_GUINT64_FORMAT,
                           size, known);
      report (self, file, NULL, message);
    }
}

gboolean
terrane_drift_ask_web_file (const TerraneDriftUnit *unit, const TerraneWebFile *file,
                            GError **error)
{
  GError *local = NULL;
  g_autofree char *url = NULL;
  g_autoptr (OciSecret) authorization = NULL;
  Asking asking = { .client = NULL };
  if (unit->offline)
    {
      g_autofree char *shown = oci_url_quote (file->url);
      terrane_drift_report_unanswered (unit->report, file->question, file->source, FALSE,
                                       "--offline: %s is not asked for", shown);
      return TRUE;
    }
  gboolean ok = oci_url_take_user (file->url, &url, &authorization, &local);
  if (ok)
    {
      asking.request = (OciHttpRequest) OCI_HTTP_REQUEST_INIT ("HEAD", url);
      asking.request.authorization = authorization;
      ok = terrane_remote_run (unit->remote, ask, &asking, &local);
    }
  g_autoptr (OciHttpResponse) response = asking.response;
  if (!ok)
    return terrane_drift_report_failure (unit->report, file->question, file->source, local, error);
  judge (unit, file, response);
  return TRUE;
}
