#include "builder/cli/destination.h"

#include "builder/cli/command.h"
#include "builder/cli/terminal.h"
#include "builder/zip/request.h"

#include "oci/base/number.h"
#include "oci/base/suggest.h"
#include "oci/docker-archive.h"
#include "oci/image.h"
#include "oci/oci-archive.h"
#include "oci/transport.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static OciTransport *
parse_output (const char *destination, GError **error)
{
  g_autoptr (OciTransport) transport = oci_transport_parse (destination, error);
  if (transport == NULL)
    return NULL;
  if (transport->kind == OCI_TRANSPORT_OCI || transport->kind == OCI_TRANSPORT_OCI_ARCHIVE
      || transport->kind == OCI_TRANSPORT_DOCKER_ARCHIVE)
    return g_steal_pointer (&transport);
  const char *kind = g_str_has_suffix (destination, ".tar")   ? "oci-archive:"
                     : g_str_has_suffix (destination, ".zip") ? "lambda-zip:"
                                                              : NULL;
  g_autofree char *meant = kind != NULL ? g_strconcat (kind, destination, NULL) : NULL;
  g_autofree char *hint = oci_suggest (meant);
  oci_throw (error, OCI_ERROR_USAGE,
             "%s: expected oci:DIR[:TAG], oci-archive:FILE[:TAG], docker-archive:FILE[:NAME:TAG], "
             "lambda-layer:FILE[,…] or lambda-zip:FILE[,…]; use --push for a registry%s",
             destination, hint);
  return NULL;
}

gboolean
terrane_destination_check_output (const char *destination, GError **error)
{
  if (terrane_zip_request_knows (destination))
    {
      g_autoptr (TerraneZipRequest) request = terrane_zip_request_parse (destination, error);
      return request != NULL;
    }
  g_autoptr (OciTransport) transport = parse_output (destination, error);
  return transport != NULL;
}

/* A layout that is written to. */
typedef struct
{
  OciLayout *layout;
  char *path;
  char *made; /* (nullable): the uppermost directory that was made for it */
} OutputLayout;

static void
output_layout_clear (OutputLayout *self)
{
  g_clear_pointer (&self->layout, oci_layout_free);
  g_clear_pointer (&self->path, g_free);
  g_clear_pointer (&self->made, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (OutputLayout, output_layout_clear)

/* Returns: (transfer full) (nullable): the uppermost directory of @path that does not exist */
static char *
find_missing (const char *path)
{
  struct stat st;
  char *missing = NULL;
  g_autofree char *at = g_strdup (path);
  while (lstat (at, &st) != 0 && errno == ENOENT)
    {
      char *parent = g_path_get_dirname (at);
      g_free (missing);
      missing = g_steal_pointer (&at);
      at = parent;
    }
  return missing;
}

static gboolean
open_output (OutputLayout *self, const char *path, GError **error)
{
  self->path = g_strdup (path);
  for (size_t len = strlen (path); len > 1 && path[len - 1] == '/'; len--)
    self->path[len - 1] = '\0';
  self->made = find_missing (self->path);
  self->layout = oci_layout_open (AT_FDCWD, path, TRUE, error);
  if (self->layout != NULL)
    oci_layout_set_synced (self->layout, TRUE);
  return self->layout != NULL;
}

/* Leaves nothing of a layout that was made for an image that could not be written, unless another
 * process has named one there. */
static gboolean
finish_output (const OutputLayout *self, gboolean ok, GError **error)
{
  g_autoptr (GError) local = NULL;
  if (ok || self->made == NULL)
    return ok;
  if (!oci_layout_remove_unnamed (self->layout, &local))
    oci_error_append (error, "; what was written could not be removed: %s", local->message);
  g_autofree char *at = g_strdup (self->path);
  while (strlen (at) > strlen (self->made))
    {
      char *parent = g_path_get_dirname (at);
      g_free (at);
      at = parent;
      if (rmdir (at) != 0) /* another process uses it */
        break;
    }
  return FALSE;
}

gboolean
terrane_destination_output (OciLayout *layout, const OciDescriptor *manifest, const char *name,
                            const char *destination, GError **error)
{
  g_autoptr (OciTransport) transport = parse_output (destination, error);
  if (transport == NULL)
    return FALSE;
  if (transport->name != NULL)
    name = transport->name;
  if (transport->kind == OCI_TRANSPORT_OCI_ARCHIVE)
    return oci_archive_export (layout, manifest, name, transport->path, error);
  if (transport->kind == OCI_TRANSPORT_DOCKER_ARCHIVE)
    return docker_archive_export (layout, manifest, name, transport->path, error);
  g_auto (OutputLayout) output = { .layout = NULL };
  return open_output (&output, transport->path, error)
         && finish_output (&output,
                           oci_image_copy (layout, manifest, output.layout, error)
                               && oci_layout_tag (output.layout, name, manifest, error),
                           error);
}

gboolean
terrane_destination_output_index (OciLayout *layout, const OciImageIndex *index, const char *name,
                                  const char *destination, GError **error)
{
  g_autoptr (OciTransport) transport = parse_output (destination, error);
  if (transport == NULL)
    return FALSE;
  if (transport->name != NULL)
    name = transport->name;
  if (transport->kind == OCI_TRANSPORT_DOCKER_ARCHIVE)
    return oci_throw (error, OCI_ERROR_USAGE, "%s: a docker archive holds no image index",
                      destination);
  if (transport->kind == OCI_TRANSPORT_OCI_ARCHIVE)
    return oci_archive_export_index (layout, index, name, transport->path, error);
  g_auto (OutputLayout) output = { .layout = NULL };
  return open_output (&output, transport->path, error)
         && finish_output (&output,
                           oci_image_index_copy (index, layout, output.layout, error)
                               && oci_layout_tag (output.layout, name, index->descriptor, error),
                           error);
}

static void
add_count (OciPushCount *count, const OciPushCount *more)
{
  count->blobs += more->blobs;
  count->bytes += more->bytes;
}

void
terrane_push_report_add (OciPushReport *self, const OciPushReport *more)
{
  self->created = self->created || more->created;
  add_count (&self->uploaded, &more->uploaded);
  add_count (&self->mounted, &more->mounted);
  add_count (&self->existing, &more->existing);
}

static void
set_count (json_t *object, const char *kind, const OciPushCount *count)
{
  g_autofree char *blobs = g_strconcat ("blobs_", kind, NULL);
  g_autofree char *bytes = g_strconcat ("bytes_", kind, NULL);
  oci_json_set (object, blobs, json_integer (count->blobs));
  oci_json_set (object, bytes, json_integer ((json_int_t) count->bytes));
}

json_t *
terrane_push_report_to_json (const OciReference *reference, const OciPushReport *report)
{
  OciDigestText digest;
  json_t *object = json_object ();
  oci_digest_text (&report->digest, digest);
  g_autofree char *pushed =
      g_strdup_printf ("%s/%s:%s", reference->host, reference->repository, reference->tag);
  g_autofree char *by_digest =
      g_strdup_printf ("%s/%s@%s", reference->host, reference->repository, digest);
  oci_json_set (object, "tag", oci_json_text (pushed));
  oci_json_set (object, "reference", oci_json_text (by_digest));
  oci_json_set (object, "digest", oci_json_text (digest));
  oci_json_set (object, "unchanged", json_boolean (report->unchanged));
  oci_json_set (object, "repository_created", json_boolean (report->created));
  set_count (object, "uploaded", &report->uploaded);
  set_count (object, "mounted", &report->mounted);
  set_count (object, "existing", &report->existing);
  return object;
}

gboolean
terrane_destination_push (TerraneRemote *remote, OciLayout *layout, const OciDescriptor *manifest,
                          const OciReference *destination, const TerranePushArguments *arguments,
                          json_t **out_report, GError **error)
{
  OciPushReport report = { 0 };
  if (!terrane_remote_push (remote, layout, manifest, destination, arguments->mount_from,
                            arguments->create_repository, &report, error))
    return FALSE;
  *out_report = terrane_push_report_to_json (destination, &report);
  return TRUE;
}

static char *
report_bytes (const json_t *report, const char *member)
{
  return oci_format_size ((uint64_t) json_integer_value (json_object_get (report, member)));
}

void
terrane_destination_print_push (const json_t *report)
{
  if (report == NULL)
    return;
  g_autofree char *sent = report_bytes (report, "bytes_uploaded");
  g_autofree char *mounted = report_bytes (report, "bytes_mounted");
  g_autofree char *there = report_bytes (report, "bytes_existing");
  const char *tag = json_string_value (json_object_get (report, "tag"));
  gboolean any_mounted = json_integer_value (json_object_get (report, "blobs_mounted")) > 0;
  if (json_is_true (json_object_get (report, "repository_created")))
    terrane_print ("created the repository\n");
  if (json_is_true (json_object_get (report, "unchanged")))
    terrane_print ("pushed %s: nothing to send, the tag has this image already\n", tag);
  else
    terrane_print ("pushed %s: %s sent, %s%s%s already there\n", tag, sent,
                   any_mounted ? mounted : "", any_mounted ? " mounted, " : "", there);
  terrane_print ("%s\n", json_string_value (json_object_get (report, "reference")));
}
