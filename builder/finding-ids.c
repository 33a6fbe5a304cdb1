#include "builder/finding-ids.h"

#include "oci/base/json.h"
#include "oci/base/suggest.h"

enum
{
  E = 1 << TERRANE_SEVERITY_ERROR,
  W = 1 << TERRANE_SEVERITY_WARNING,
  N = 1 << TERRANE_SEVERITY_NOTE,
};

/* Sorted by id. */
static const struct
{
  const char *id;
  unsigned severities; /* that checks use; a profile may override them */
  const char *summary;
} kinds[] = {
  { "azure-functions.host-json", E, "no host.json that the Functions host can read" },
  { "azure-functions.no-function", W, "no function below the script root" },
  { "azure-functions.program-missing", E, "a custom handler whose program is not there" },
  { "azure-functions.script-root", E | W, "functions where the Functions host does not look" },
  { "azure-functions.worker-runtime", W, "a language worker instead of the custom handler" },
  { "azure-functions.wrong-architecture", E, "a platform that Azure Functions does not have" },
  { "cloud-run.program-missing", E, "nothing to start, or it is not in the image" },
  { "cloud-run.program-not-executable", E, "a program that cannot be executed" },
  { "cloud-run.program-script", E, "a script that the kernel cannot start" },
  { "cloud-run.reserved-variable", W, "a variable that Cloud Run sets itself" },
  { "cloud-run.working-directory", E, "a working directory that is not in the image" },
  { "cloud-run.wrong-architecture", E, "a platform that Cloud Run does not have" },
  { "elf.broken", E | W | N, "an ELF file that the dynamic linker cannot read" },
  { "elf.executable-stack", W, "a program or library that wants an executable stack" },
  { "elf.foreign-binary", W | N, "a program or library of another operating system" },
  { "elf.missing-library", E | W | N,
    "a library that a program or library needs and that is not found" },
  { "elf.missing-version", E | W | N, "a symbol version that the library found does not define" },
  { "elf.search-limit", N, "a file whose libraries are searched in very many directories" },
  { "elf.shadowed-library", W | N, "a library that ships with a file but is not the one it gets" },
  { "elf.text-relocations", W, "code that is written to when it is loaded" },
  { "elf.twin-library", W, "a library that two packages bring, and that differs" },
  { "elf.undefined-symbol", E | W,
    "a symbol that one of several libraries of a name does not have" },
  { "elf.unsupported-libc", N, "an image of a C library that is checked less exactly" },
  { "elf.wrong-machine", E | W | N, "a program or library of another processor" },
  { "geo.binding-version", W, "Python bindings of another GDAL than they load" },
  { "geo.ca-bundle", E | W, "certificates for https that are not in the image, or not readable" },
  { "geo.data-variable", W, "a variable that leads a library to data that are not its own" },
  { "geo.driver-path", W, "plugins of GDAL that are for another GDAL" },
  { "geo.gdal-data", W, "data files of GDAL that are missing" },
  { "geo.missing-grid", E, "a grid of PROJ that the profile promises and PROJ does not find" },
  { "geo.proj-db-layout", E | W, "a proj.db that is too old for the PROJ that opens it" },
  { "geo.proj-db-missing", E | W, "a PROJ that finds no proj.db" },
  { "geo.proj-db-unreadable", E | W, "a proj.db that cannot be read" },
  { "geo.several-copies", E | N, "several copies of GDAL, PROJ or GEOS" },
  { "lambda.deprecated-runtime", W, "a runtime that gets no more updates" },
  { "lambda.empty-layer", E | N, "a layer without content" },
  { "lambda.entrypoint-missing", E, "nothing to start, or it is not in the image" },
  { "lambda.entrypoint-not-executable", E, "an entrypoint that not every user may run" },
  { "lambda.entrypoint-relative", E, "an entrypoint that is not an absolute path" },
  { "lambda.entrypoint-script", E, "an entrypoint that the kernel cannot start" },
  { "lambda.entrypoint-symlink", E, "an entrypoint that is a symbolic link" },
  { "lambda.environment-size", E, "more than 4 KB of environment" },
  { "lambda.handler", E, "a handler that is not in the image" },
  { "lambda.hard-link", W, "a hard link in a layer" },
  { "lambda.image-index", E, "an index of several images instead of one image" },
  { "lambda.layer-compression", E | W, "a layer that is not compressed with gzip" },
  { "lambda.media-types", E, "media types of Docker and OCI in one image" },
  { "lambda.no-command", E, "no command, which the handler is taken from" },
  { "lambda.no-runtime-client", E | W, "nothing in the image fetches events" },
  { "lambda.parent-directory", E, "a layer entry without its parent directory before it" },
  { "lambda.reserved-variable", W, "a variable that Lambda sets itself" },
  { "lambda.setuid", N, "files with setuid or setgid, which have no effect" },
  { "lambda.uncompressed-size", E, "more than 10 GiB of files" },
  { "lambda.unreadable-file", E | W, "files that the function's user cannot read" },
  { "lambda.working-directory", E, "a working directory that is not in the image" },
  { "lambda.wrong-architecture", E, "a platform that Lambda does not have" },
  { "layers.linked-parent", W, "entries of a layer below a symbolic link of a layer below" },
  { "layers.media-type", W, "a layer whose content is not what its media type says" },
  { "python.broken-entry-point", W | N, "an entry point whose module is not there" },
  { "python.duplicate-distribution", W | N, "a package that is installed twice" },
  { "python.foreign-bytecode", E, "a compiled module of another Python in place of its source" },
  { "python.foreign-extension", E | W, "extension modules of another Python or system" },
  { "python.missing-requirement", W | N,
    "a package that another one needs and that is not installed" },
  { "python.not-compiled", N, "modules that are compiled at every start" },
  { "python.numpy-abi", E, "an extension module that was built for another numpy" },
  { "python.osgeo-without-numpy", W, "GDAL's bindings without their part for numpy" },
  { "python.other-version", W, "packages where only another Python looks for them" },
  { "python.requires-python", W, "a package for another version of Python" },
  { "python.stale-bytecode", W | N,
    "compiled modules that Python does not use, as their sources differ" },
  { "python.unused-bytecode", N, "compiled modules that Python never looks at" },
  { "python.version-conflict", W, "a package of a version that another one does not take" },
  { "python.wheel-record", W, "a wheel whose RECORD is not what is in it" },
  { "python.wheel-tag", W, "a wheel for another Python, C library or processor" },
  { "recipe.other-build", W, "what was compiled against another build of a recipe" },
  { "recipe.other-version", E | W, "what was compiled against another version of a recipe" },
  { "size.budget", E | W, "more than the profile's limits" },
  { "size.duplicate-files", N, "files with equal content" },
  { "size.largest", N, "what the image's size is made of" },
  { "size.library-copies", W | N, "names of a library that are copies instead of links" },
};

static const char *const severity_names[] = { "error", "warning", "note", "off" };

const char *
terrane_severity_name (TerraneSeverity severity)
{
  return severity_names[severity];
}

const char *const *
terrane_finding_ids (void)
{
  static const char *ids[G_N_ELEMENTS (kinds) + 1];
  for (size_t i = 0; i < G_N_ELEMENTS (kinds); i++)
    ids[i] = kinds[i].id;
  return ids;
}

char *
terrane_finding_id_problem (const char *id)
{
  const char *const *known = terrane_finding_ids ();
  if (g_strv_contains (known, id))
    return NULL;
  g_autofree char *quoted = oci_quote (id);
  g_autofree char *hint = oci_did_you_mean (id, known);
  return g_strdup_printf ("%s: no finding has this id%s", quoted, hint);
}

static size_t
find_kind (const char *id)
{
  size_t i = 0;
  while (!g_str_equal (kinds[i].id, id))
    {
      i++;
      g_assert (i < G_N_ELEMENTS (kinds));
    }
  return i;
}

const char *
terrane_finding_summary (const char *id)
{
  return kinds[find_kind (id)].summary;
}

gboolean
terrane_finding_may_be (const char *id, TerraneSeverity severity)
{
  return (kinds[find_kind (id)].severities & (1U << severity)) != 0;
}
