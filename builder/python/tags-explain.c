/* Explains why a wheel does not match: terrane_tags_explain(). */
#include "builder/python/tags.h"

#include "oci/base/number.h"

#include <string.h>

enum
{
  MAX_NUMBER = 9999, /* of a version in a tag */
};

/* The distance of a reason; the order is the one that terrane_tags_explain() promises. */
typedef enum
{
  FITS,
  NEAR_LIBC_VERSION,
  NEAR_PYTHON_VERSION,
  NEAR_ABI,
  NEAR_LIBC,
  NEAR_MACHINE,
  NEAR_INTERPRETER,
  NEAR_SYSTEM,
  NEAR_UNKNOWN,
  FARTHEST,
} Distance;

/* Details of NEAR_ABI. */
enum
{
  ABI_FREE_THREADED,
  ABI_DEBUG,
  ABI_OTHER,
};

/* A reason for a mismatch. Of two at the same distance, the one with the smaller detail is closer:
 * for versions, the number of missing minor versions. */
typedef struct
{
  Distance distance;
  unsigned detail;
  char *words; /* NULL if it matches */
} Reason;

static void
reason_clear (Reason *self)
{
  g_free (self->words);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Reason, reason_clear)

static void
keep_nearer (Reason *nearest, Reason *other)
{
  if (other->distance < nearest->distance
      || (other->distance == nearest->distance && other->detail < nearest->detail))
    {
      g_free (nearest->words);
      *nearest = *other;
      other->words = NULL;
    }
  reason_clear (other);
}

static gboolean
read_number (const char *text, unsigned *out_number)
{
  uint64_t number = 0;
  if (text == NULL || !oci_parse_u64 (text, MAX_NUMBER, &number, NULL))
    return FALSE;
  *out_number = (unsigned) number;
  return TRUE;
}

static const char *
libc_name (TerraneLibc libc)
{
  return libc == TERRANE_LIBC_MUSL ? "musl" : "glibc";
}

/* The parts of "manylinux_2_28_x86_64", "manylinux2014_x86_64" and "musllinux_1_2_x86_64". */
typedef struct
{
  TerraneLibc libc;
  unsigned major, minor;
  char *name;    /* "manylinux_2_28" */
  char *machine; /* "x86_64" */
} LinuxPlatform;

static void
linux_platform_clear (LinuxPlatform *self)
{
  g_free (self->name);
  g_free (self->machine);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (LinuxPlatform, linux_platform_clear)

static gboolean
read_alias (LinuxPlatform *self, const char *platform)
{
  static const struct
  {
    const char *name;
    unsigned minor;
  } aliases[] = { { "manylinux1", 5 }, { "manylinux2010", 12 }, { "manylinux2014", 17 } };
  for (size_t i = 0; i < G_N_ELEMENTS (aliases); i++)
    {
      size_t length = strlen (aliases[i].name);
      if (g_str_has_prefix (platform, aliases[i].name) && platform[length] == '_')
        {
          self->major = 2;
          self->minor = aliases[i].minor;
          self->name = g_strdup (aliases[i].name);
          self->machine = g_strdup (platform + length + 1);
          return TRUE;
        }
    }
  return FALSE;
}

static gboolean
read_linux_platform (LinuxPlatform *self, const char *platform)
{
  if (read_alias (self, platform))
    return TRUE;
  gboolean musl = g_str_has_prefix (platform, "musllinux_");
  if (!musl && !g_str_has_prefix (platform, "manylinux_"))
    return FALSE;
  g_auto (GStrv) parts = g_strsplit (platform, "_", 4);
  if (g_strv_length (parts) != 4 || !read_number (parts[1], &self->major)
      || !read_number (parts[2], &self->minor))
    return FALSE;
  self->libc = musl ? TERRANE_LIBC_MUSL : TERRANE_LIBC_GLIBC;
  self->name = g_strdup_printf ("%s_%s_%s", parts[0], parts[1], parts[2]);
  self->machine = g_strdup (parts[3]);
  return TRUE;
}

static Reason
machine_reason (const char *machine, const TerranePythonTarget *target)
{
  if (strcmp (machine, terrane_tags_machine (target)) == 0)
    return (Reason){ FITS, 0, NULL };
  return (Reason){ NEAR_MACHINE, 0,
                   g_strdup_printf ("it is for %s, the image is for %s", machine,
                                    terrane_tags_machine (target)) };
}

static Reason
libc_reason (const LinuxPlatform *platform, const TerranePythonTarget *target)
{
  const char *theirs = libc_name (platform->libc), *ours = libc_name (target->libc);
  if (target->libc_major == 0)
    return (Reason){ NEAR_LIBC, 0,
                     g_strdup_printf ("it is for %s (%s), the base has no C library that is known",
                                      theirs, platform->name) };
  if (platform->libc != target->libc)
    return (Reason){ NEAR_LIBC, 0,
                     g_strdup_printf ("it is for %s (%s), the base has %s %u.%u", theirs,
                                      platform->name, ours, target->libc_major,
                                      target->libc_minor) };
  /* PEP 656: another major version of musl is another ABI. glibc 3 would include all of glibc 2. */
  gboolean other_major = platform->libc == TERRANE_LIBC_MUSL ? platform->major != target->libc_major
                                                             : platform->major > target->libc_major;
  if (other_major
      || (platform->major == target->libc_major && platform->minor > target->libc_minor))
    return (Reason){ NEAR_LIBC_VERSION, platform->major * MAX_NUMBER + platform->minor,
                     g_strdup_printf ("%s needs %s ≥ %u.%u, the base has %u.%u", platform->name,
                                      ours, platform->major, platform->minor, target->libc_major,
                                      target->libc_minor) };
  return (Reason){ FITS, 0, NULL };
}

static Reason
system_reason (const char *platform)
{
  static const struct
  {
    const char *prefix, *name;
  } systems[] = {
    { "win", "Windows" },
    { "macosx_", "macOS" },
    { "ios_", "iOS" },
    { "android_", "Android" },
    { "emscripten_", "WebAssembly" },
    { "pyodide_", "WebAssembly" },
    { "wasi", "WebAssembly" },
    { "pyemscripten_", "WebAssembly" },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (systems); i++)
    if (g_str_has_prefix (platform, systems[i].prefix))
      return (Reason){ NEAR_SYSTEM, 0, g_strdup_printf ("it is for %s", systems[i].name) };
  return (Reason){ NEAR_UNKNOWN, 0, g_strdup_printf ("it is for the platform %s", platform) };
}

static Reason
platform_reason (const char *platform, const TerranePythonTarget *target)
{
  static const char linux_prefix[] = "linux_";
  if (strcmp (platform, "any") == 0)
    return (Reason){ FITS, 0, NULL };
  if (g_str_has_prefix (platform, linux_prefix))
    return machine_reason (platform + strlen (linux_prefix), target);
  g_auto (LinuxPlatform) parts = { 0 };
  if (!read_linux_platform (&parts, platform))
    return system_reason (platform);
  Reason reason = machine_reason (parts.machine, target);
  return reason.distance != FITS ? reason : libc_reason (&parts, target);
}

/* The parts of "cp312", "py3". */
typedef struct
{
  char name[16];
  gboolean has_version, has_minor;
  unsigned major, minor;
} Interpreter;

static void
read_interpreter (Interpreter *self, const char *python)
{
  size_t letters = strcspn (python, "0123456789");
  const char *digits = python + letters;
  (void) g_snprintf (self->name, sizeof self->name, "%.*s", (int) MIN (letters, 15U), python);
  self->has_version = g_ascii_isdigit (*digits);
  if (!self->has_version)
    return;
  self->major = (unsigned) g_ascii_digit_value (*digits);
  self->has_minor = read_number (digits + 1, &self->minor);
}

static Reason
interpreter_reason (const Interpreter *interpreter, const char *python)
{
  static const struct
  {
    const char *prefix, *name;
  } names[] = {
    { "pp", "PyPy" },   { "pypy", "PyPy" },     { "graalpy", "GraalPy" },
    { "jy", "Jython" }, { "ip", "IronPython" },
  };
  if (interpreter->has_version
      && (strcmp (interpreter->name, "cp") == 0 || strcmp (interpreter->name, "py") == 0))
    return (Reason){ FITS, 0, NULL };
  for (size_t i = 0; i < G_N_ELEMENTS (names); i++)
    if (strcmp (interpreter->name, names[i].prefix) == 0)
      return (Reason){ NEAR_INTERPRETER, 0, g_strdup_printf ("it is for %s", names[i].name) };
  return (Reason){ NEAR_UNKNOWN, 0, g_strdup_printf ("it is for the interpreter %s", python) };
}

/* With abi3 or without an ABI, a wheel is for its Python or later; otherwise for that version
 * only. */
static Reason
version_reason (const Interpreter *interpreter, const char *python, const char *abi,
                const TerranePythonTarget *target)
{
  gboolean abi3 = strcmp (abi, "abi3") == 0;
  gboolean or_later = abi3 || strcmp (interpreter->name, "py") == 0;
  unsigned minor = interpreter->minor;
  if (interpreter->major == target->python_major
      && (!interpreter->has_minor || minor == target->python_minor
          || (or_later && minor < target->python_minor)))
    return (Reason){ FITS, 0, NULL };
  unsigned missing = interpreter->major != target->python_major ? MAX_NUMBER
                     : minor > target->python_minor             ? minor - target->python_minor
                                                                : target->python_minor - minor;
  g_autofree char *version = interpreter->has_minor
                                 ? g_strdup_printf ("%u.%u", interpreter->major, minor)
                                 : g_strdup_printf ("%u", interpreter->major);
  gboolean later = or_later && interpreter->major == target->python_major;
  return (Reason){ NEAR_PYTHON_VERSION, missing,
                   g_strdup_printf ("it is for %sPython %s%s (%s), the base has %u.%u",
                                    abi3 ? "abi3 of " : "", version, later ? " or later" : "",
                                    python, target->python_major, target->python_minor) };
}

static Reason
abi_reason (const char *python, const char *abi)
{
  if (strcmp (abi, "none") == 0 || strcmp (abi, "abi3") == 0 || strcmp (abi, python) == 0)
    return (Reason){ FITS, 0, NULL };
  const char *flags = abi + strcspn (abi, "0123456789");
  flags += strspn (flags, "0123456789");
  if (strcmp (abi, "abi3t") == 0 || (g_str_has_prefix (abi, "cp") && strchr (flags, 't') != NULL))
    return (Reason){ NEAR_ABI, ABI_FREE_THREADED,
                     g_strdup_printf ("it is for free-threaded Python (%s)", abi) };
  if (g_str_has_prefix (abi, "cp") && strchr (flags, 'd') != NULL)
    return (Reason){ NEAR_ABI, ABI_DEBUG,
                     g_strdup_printf ("it is for a debug build of Python (%s)", abi) };
  return (Reason){ NEAR_ABI, ABI_OTHER, g_strdup_printf ("it needs the Python ABI %s", abi) };
}

static Reason
python_reason (const char *python, const char *abi, const TerranePythonTarget *target)
{
  Interpreter interpreter = { 0 };
  read_interpreter (&interpreter, python);
  Reason reason = interpreter_reason (&interpreter, python);
  if (reason.distance != FITS)
    return reason;
  Reason version = version_reason (&interpreter, python, abi, target);
  Reason other = abi_reason (python, abi);
  /* "cp37m" means the same as "cp37". */
  gboolean only_flag =
      version.distance != FITS && other.distance == NEAR_ABI && other.detail == ABI_OTHER;
  Reason *farther = other.distance > version.distance && !only_flag ? &other : &version;
  reason_clear (farther == &other ? &version : &other);
  return *farther;
}

char *
terrane_tags_explain (const TerranePythonTarget *target, const TerraneWheelName *wheel,
                      unsigned *out_distance)
{
  g_auto (Reason) platform = { FARTHEST, 0, NULL };
  g_auto (Reason) python = { FARTHEST, 0, NULL };
  for (char **tag = wheel->platform; *tag != NULL; tag++)
    {
      Reason reason = platform_reason (*tag, target);
      keep_nearer (&platform, &reason);
    }
  for (char **tag = wheel->python; *tag != NULL; tag++)
    for (char **abi = wheel->abi; *abi != NULL; abi++)
      {
        Reason reason = python_reason (*tag, *abi, target);
        keep_nearer (&python, &reason);
      }
  Reason *greater = platform.distance > python.distance ? &platform : &python;
  if (greater->words == NULL) /* each part matches, but no tag combines them */
    *greater = (Reason){ NEAR_UNKNOWN, 0,
                         g_strdup_printf ("%s-%s-%s is not a tag that Python accepts",
                                          wheel->python[0], wheel->abi[0], wheel->platform[0]) };
  if (out_distance != NULL)
    *out_distance = (unsigned) greater->distance;
  return g_steal_pointer (&greater->words);
}

static TerraneWheelName *
parse_tag (const char *tag)
{
  g_autofree char *file_name = g_strdup_printf ("any-0-%s.whl", tag);
  return terrane_wheel_name_parse (file_name, NULL);
}

char *
terrane_tags_explain_wheel (const TerranePythonTarget *target, const char *name,
                            const GPtrArray *tags)
{
  g_autoptr (TerraneTags) ours = terrane_tags_new (target);
  for (guint i = 0; i < tags->len; i++)
    {
      g_autoptr (TerraneWheelName) wheel = parse_tag (tags->pdata[i]);
      if (wheel == NULL || terrane_tags_rank_wheel (ours, wheel) >= 0)
        return NULL; /* an unreadable tag explains nothing */
    }
  if (tags->len == 0)
    return NULL;
  g_autoptr (TerraneWheelName) first = parse_tag (tags->pdata[0]);
  g_autofree char *reason = terrane_tags_explain (target, first, NULL);
  g_autofree char *quoted = oci_quote (name), *tag = oci_quote (tags->pdata[0]);
  return g_strdup_printf ("%s comes from a wheel for %s: %s", quoted, tag, reason);
}
