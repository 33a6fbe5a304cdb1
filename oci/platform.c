#include "oci/platform.h"

#include <string.h>
#include <sys/utsname.h>

enum
{
  MAX_VARIANTS = 8,
};

static const char *const systems[] = { "aix",     "android", "darwin",  "dragonfly",
                                       "freebsd", "illumos", "ios",     "js",
                                       "linux",   "netbsd",  "openbsd", "plan9",
                                       "solaris", "wasip1",  "windows", NULL };

/* Newest first; each runs code built for the later ones in the list, and for no variant. */
static const struct
{
  const char *architecture;
  const char *variants[5];
} families[] = {
  { "amd64", { "v4", "v3", "v2", "v1" } },
  { "arm", { "v8", "v7", "v6", "v5" } },
  { "arm64", { "v9", "v8" } },
};

/* Sets the words of @out in the form in which they are compared. */
static gboolean
set_platform (const char *os, const char *architecture, const char *variant, OciPlatform *out)
{
  *out = (OciPlatform){ 0 };
  const char *implied = "";
  const OciArchitecture *known = oci_architecture_parse (architecture, &implied);
  if (known != NULL)
    architecture = known->name;
  if (variant[0] == '\0')
    variant = implied;
  gboolean bare = g_ascii_isdigit (variant[0]); /* "8" for "v8" */
  if (strlen (os) >= sizeof out->os || strlen (architecture) >= sizeof out->architecture
      || strlen (variant) + (bare ? 1 : 0) >= sizeof out->variant)
    return FALSE;
  (void) g_snprintf (out->os, sizeof out->os, "%s", os);
  (void) g_snprintf (out->architecture, sizeof out->architecture, "%s", architecture);
  (void) g_snprintf (out->variant, sizeof out->variant, "%s%s", bare ? "v" : "", variant);
  for (char *text = out->os; *text != '\0'; text++)
    *text = g_ascii_tolower (*text);
  for (char *text = out->architecture; *text != '\0'; text++)
    *text = g_ascii_tolower (*text);
  for (char *text = out->variant; *text != '\0'; text++)
    *text = g_ascii_tolower (*text);
  return TRUE;
}

static gboolean
is_known (const OciPlatform *self)
{
  gboolean known = oci_architecture_find (self->architecture) != NULL;
  for (const char *c = self->variant; *c != '\0'; c++)
    known = known && (g_ascii_isalnum (*c) || *c == '.' || *c == '-' || *c == '_');
  return known && g_strv_contains (systems, self->os);
}

gboolean
oci_platform_parse (const char *text, OciPlatform *out_platform, GError **error)
{
  OciPlatform platform;
  g_auto (GStrv) words = g_strsplit (text, "/", -1);
  guint n = g_strv_length (words);
  if ((n == 2 || (n == 3 && words[2][0] != '\0'))
      && set_platform (words[0], words[1], n == 3 ? words[2] : "", &platform)
      && is_known (&platform))
    {
      *out_platform = platform;
      return TRUE;
    }
  g_autofree char *quoted = oci_quote (text);
  return oci_throw (error, OCI_ERROR_USAGE,
                    "%s is not a platform: expected OS/ARCHITECTURE[/VARIANT], such as "
                    "linux/amd64, linux/arm64 or linux/arm/v7",
                    quoted);
}

gboolean
oci_platform_read (const json_t *object, OciPlatform *out_platform)
{
  const char *os = json_string_value (json_object_get (object, "os"));
  const char *architecture = json_string_value (json_object_get (object, "architecture"));
  const char *variant = json_string_value (json_object_get (object, "variant"));
  return os != NULL && architecture != NULL && os[0] != '\0' && architecture[0] != '\0'
         && strcmp (os, "unknown") != 0 && strcmp (architecture, "unknown") != 0
         && set_platform (os, architecture, variant != NULL ? variant : "", out_platform);
}

char *
oci_platform_text (const OciPlatform *self)
{
  return g_strconcat (self->os, "/", self->architecture, self->variant[0] != '\0' ? "/" : "",
                      self->variant, NULL);
}

gboolean
oci_platform_equal (const OciPlatform *a, const OciPlatform *b)
{
  return g_str_equal (a->os, b->os) && g_str_equal (a->architecture, b->architecture)
         && g_str_equal (a->variant, b->variant);
}

OciPlatform
oci_platform_host (void)
{
  OciPlatform host = { .os = "linux" };
  struct utsname name;
  if (uname (&name) == 0)
    (void) set_platform ("linux", name.machine, "", &host);
  return host;
}

/* Lists the variants that run on @wanted, best first, including "". */
static guint
list_variants (const OciPlatform *wanted, const char *out[MAX_VARIANTS])
{
  guint n = 0;
  const char *const *family = NULL;
  for (size_t i = 0; i < G_N_ELEMENTS (families); i++)
    if (g_str_equal (wanted->architecture, families[i].architecture))
      family = families[i].variants;
  size_t at = 0;
  while (family != NULL && family[at] != NULL && strcmp (family[at], wanted->variant) != 0)
    at++;
  gboolean in_family = family != NULL && family[at] != NULL;
  if (wanted->variant[0] != '\0' && !in_family)
    out[n++] = wanted->variant;
  for (; in_family && family[at] != NULL; at++)
    out[n++] = family[at];
  out[n++] = "";
  if (wanted->variant[0] != '\0')
    return n;
  /* No variant means the first one of its architecture, except for arm, where it means nothing. */
  if (g_str_equal (wanted->architecture, "amd64"))
    out[n++] = "v1";
  else if (g_str_equal (wanted->architecture, "arm64"))
    out[n++] = "v8";
  else if (family != NULL)
    for (size_t i = 0; family[i] != NULL; i++)
      out[n++] = family[i];
  return n;
}

int
oci_platform_rank (const OciPlatform *wanted, const OciPlatform *offered)
{
  const char *variants[MAX_VARIANTS];
  if (!g_str_equal (wanted->os, offered->os)
      || !g_str_equal (wanted->architecture, offered->architecture))
    return -1;
  guint n = list_variants (wanted, variants);
  for (guint i = 0; i < n; i++)
    if (g_str_equal (variants[i], offered->variant))
      return (int) i;
  return -1;
}
