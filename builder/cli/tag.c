/* terrane tag */
#include "builder/cli/reference.h"
#include "builder/cli/workbench.h"
#include "builder/store/names.h"

#include "oci/reference.h"

static void
print_tag (const json_t *report)
{
  terrane_print ("%s  %s\n", json_string_value (json_object_get (report, "name")),
                 json_string_value (json_object_get (report, "digest")));
}

/* Whether @text is the place of an image elsewhere, whether it is written correctly or not. */
static gboolean
is_elsewhere (const char *text, const OciTransport *transport)
{
  return transport != NULL ? transport->kind != OCI_TRANSPORT_STORE
                           : g_str_has_prefix (text, OCI_REFERENCE_SCHEME);
}

/* Finds an image that has a name here: copy brings in other images. */
static OciDescriptor *
find_image (const TerraneWorkbench *bench, const char *image, GError **error)
{
  OCI_PREFIX (error, "tag");
  g_autoptr (GError) local = NULL;
  g_autoptr (OciTransport) transport = oci_transport_parse (image, &local);
  if (is_elsewhere (image, transport))
    {
      (void) oci_throw (error, OCI_ERROR_USAGE,
                        "%s is not in the store; 'terrane copy %s NAME' brings it in", image,
                        image);
      return NULL;
    }
  if (transport == NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return NULL;
    }
  g_autoptr (OciDescriptor) found =
      oci_layout_resolve (terrane_store_layout (bench->store), transport->name, NULL, error);
  if (found == NULL
      || !oci_image_read (terrane_store_layout (bench->store), found, NULL, NULL, error))
    return NULL;
  return g_steal_pointer (&found);
}

/* "oci:x" is a valid name with a tag, but no command would look for it in the store.
 *
 * Returns: (transfer full) (nullable) */
static char *
choose_name (const char *text, GError **error)
{
  OCI_PREFIX (error, "tag");
  g_autoptr (GError) local = NULL;
  if (!terrane_reference_check_name (text, error))
    return NULL;
  g_autoptr (OciTransport) transport = oci_transport_parse (text, &local);
  if (is_elsewhere (text, transport))
    (void) oci_throw (error, OCI_ERROR_USAGE,
                      "%s is not a name in the store; 'terrane copy IMAGE %s' writes it there",
                      text, text);
  else if (transport == NULL)
    g_propagate_error (error, g_steal_pointer (&local));
  return transport != NULL && transport->kind == OCI_TRANSPORT_STORE ? g_strdup (transport->name)
                                                                     : NULL;
}

static gboolean
run_tag (TerraneGlobal *global, G_GNUC_UNUSED const void *data, char **arguments, GError **error)
{
  OciDigestText text;
  g_auto (TerraneWorkbench) bench = TERRANE_WORKBENCH_INIT;
  g_autofree char *name = choose_name (arguments[1], error);
  if (name == NULL || !terrane_workbench_open (global, NULL, 0, &bench, error))
    return FALSE;
  g_autoptr (OciDescriptor) found = find_image (&bench, arguments[0], error);
  if (found == NULL || !terrane_name_set (bench.store, name, found, error))
    return FALSE;
  g_autoptr (OciJsonValue) report = json_object ();
  oci_json_set (report, "name", oci_json_text (name));
  oci_json_set (report, "digest", oci_json_text (oci_digest_text (&found->digest, text)));
  terrane_workbench_show (&bench, report, print_tag);
  return TRUE;
}

const TerraneCommand terrane_command_tag = {
  .name = "tag",
  .arguments = "IMAGE NAME[:TAG]",
  .summary = "Give an image in the store another name",
  .description = "Nothing is copied. A name that another image had moves to this one.",
  .min = 2,
  .max = 2,
  .scopes = TERRANE_SCOPE_STORE,
  .operands = { TERRANE_OPERAND_IMAGE, TERRANE_OPERAND_IMAGE },
  .run = run_tag,
};
