#include "builder/sandbox/spec.h"

#include "oci/base/error.h"

#include <string.h>

static const char *const kind_names[] = { "bubblewrap", "podman", "none", NULL };

const char *const *
terrane_network_names (void)
{
  static const char *const names[] = { "none", "host", NULL };
  return names;
}

TerraneNetwork
terrane_network_of_name (const char *name)
{
  return g_strcmp0 (name, "host") == 0 ? TERRANE_NETWORK_HOST : TERRANE_NETWORK_NONE;
}

const char *
terrane_sandbox_kind_name (TerraneSandboxKind kind)
{
  return kind_names[kind];
}

const char *const *
terrane_sandbox_kind_names (void)
{
  return kind_names;
}

gboolean
terrane_sandbox_kind_parse (const char *text, TerraneSandboxKind *out_kind, GError **error)
{
  for (size_t i = 0; kind_names[i] != NULL; i++)
    if (strcmp (text, kind_names[i]) == 0)
      {
        *out_kind = (TerraneSandboxKind) i;
        return TRUE;
      }
  g_autofree char *quoted = oci_quote (text);
  return oci_throw (error, OCI_ERROR_USAGE, "expected bubblewrap, podman or none, got %s", quoted);
}
