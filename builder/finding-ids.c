#include "builder/finding-ids.h"

#include "oci/base/json.h"

/* Sorted by id. */
static const struct
{
  const char *id;
  const char *summary;
} kinds[] = {
  { "azure-functions.host-json", "no host.json that the Functions host can read" },
  { "azure-functions.no-function", "no function below the script root" },
  { "azure-functions.program-missing", "a custom handler whose program is not there" },
  { "azure-functions.script-root", "functions where the Functions host does not look" },
  { "azure-functions.worker-runtime", "a language worker instead of the custom handler" },
  { "azure-functions.wrong-architecture", "a platform that Azure Functions does not have" },
  { "cloud-run.program-missing", "nothing to start, or it is not in the image" },
  { "cloud-run.program-not-executable", "a program that cannot be executed" },
  { "cloud-run.program-script", "a script that the kernel cannot start" },
  { "cloud-run.reserved-variable", "a variable that Cloud Run sets itself" },
  { "cloud-run.working-directory", "a working directory that is not in the image" },
  { "cloud-run.wrong-architecture", "a platform that Cloud Run does not have" },
  { "elf.broken", "an ELF file that the dynamic linker cannot read" },
  { "elf.executable-stack", "a program or library that wants an executable stack" },
  { "elf.foreign-binary", "a program or library of another operating system" },
  { "elf.missing-library", "a library that a program or library needs and that is not found" },
  { "elf.missing-version", "a symbol version that the library found does not define" },
  { "elf.search-limit", "a file whose libraries are searched in very many directories" },
  { "elf.shadowed-library", "a library that ships with a file but is not the one it gets" },
  { "elf.text-relocations", "code that is written to when it is loaded" },
  { "elf.twin-library", "a library that two packages bring, and that differs" },
  { "elf.undefined-symbol", "a symbol that one of several libraries of a name does not have" },
  { "elf.unsupported-libc", "an image of a C library that is checked less exactly" },
  { "elf.wrong-machine", "a program or library of another processor" },
  { "geo.binding-version", "Python bindings of another GDAL than they load" },
  { "geo.ca-bundle", "certificates for https that are not in the image, or not readable" },
  { "geo.data-variable", "a variable that leads a library to data that are not its own" },
  { "geo.driver-path", "plugins of GDAL that are for another GDAL" },
  { "geo.gdal-data", "data files of GDAL that are missing" },
  { "geo.missing-grid", "a grid of PROJ that the profile promises and PROJ does not find" },
  { "geo.proj-db-layout", "a proj.db that is too old for the PROJ that opens it" },
  { "geo.proj-db-missing", "a PROJ that finds no proj.db" },
  { "geo.proj-db-unreadable", "a proj.db that cannot be read" },
  { "geo.several-copies", "several copies of GDAL, PROJ or GEOS" },
  { "lambda.deprecated-runtime", "a runtime that gets no more updates" },
  { "lambda.empty-layer", "a layer without content" },
  { "lambda.entrypoint-missing", "nothing to start, or it is not in the image" },
  { "lambda.entrypoint-not-executable", "an entrypoint that not every user may run" },
  { "lambda.entrypoint-relative", "an entrypoint that is no absolute path" },
  { "lambda.entrypoint-script", "an entrypoint that the kernel cannot start" },
  { "lambda.entrypoint-symlink", "an entrypoint that is a symbolic link" },
  { "lambda.environment-size", "more than 4 KB of environment" },
  { "lambda.handler", "a handler that is not in the image" },
  { "lambda.hard-link", "a hard link in a layer" },
  { "lambda.image-index", "an index of several images instead of one image" },
  { "lambda.layer-compression", "a layer that is not compressed with gzip" },
  { "lambda.media-types", "media types of Docker and OCI in one image" },
  { "lambda.no-command", "no command, which the handler is taken from" },
  { "lambda.no-runtime-client", "nothing in the image fetches events" },
  { "lambda.parent-directory", "a layer entry without its parent directory before it" },
  { "lambda.reserved-variable", "a variable that Lambda sets itself" },
  { "lambda.setuid", "files with setuid or setgid, which have no effect" },
  { "lambda.uncompressed-size", "more than 10 GiB of files" },
  { "lambda.unreadable-file", "files that the function's user cannot read" },
  { "lambda.working-directory", "a working directory that is not in the image" },
  { "lambda.wrong-architecture", "a platform that Lambda does not have" },
  { "layers.linked-parent", "entries of a layer below a symbolic link of a layer below" },
  { "layers.media-type", "a layer whose content is not what its media type says" },
  { "python.broken-entry-point", "an entry point whose module is not there" },
  { "python.duplicate-distribution", "a package that is installed twice" },
  { "python.foreign-bytecode", "a compiled module of another Python in place of its source" },
  { "python.foreign-extension", "extension modules of another Python or system" },
  { "python.missing-requirement", "a package that another one needs and that is not installed" },
  { "python.not-compiled", "modules that are compiled at every start" },
  { "python.numpy-abi", "an extension module that was built for another numpy" },
  { "python.osgeo-without-numpy", "GDAL's bindings without their part for numpy" },
  { "python.other-version", "packages where only another Python looks for them" },
  { "python.requires-python", "a package for another version of Python" },
  { "python.stale-bytecode", "compiled modules that Python does not use, as their sources differ" },
  { "python.unused-bytecode", "compiled modules that Python never looks at" },
  { "python.version-conflict", "a package of a version that another one does not take" },
  { "python.wheel-record", "a wheel whose RECORD is not what is in it" },
  { "python.wheel-tag", "a wheel for another Python, C library or processor" },
  { "size.budget", "more than the profile's limits" },
  { "size.duplicate-files", "files with equal content" },
  { "size.largest", "what the image's size is made of" },
  { "size.library-copies", "names of a library that are copies instead of links" },
};

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
  const char *nearest = oci_nearest_word (id, known);
  return g_strdup_printf ("%s: no finding has this id%s%s%s", quoted,
                          nearest != NULL ? "; did you mean ‘" : "", nearest != NULL ? nearest : "",
                          nearest != NULL ? "’?" : "");
}

const char *
terrane_finding_summary (const char *id)
{
  for (size_t i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (g_str_equal (kinds[i].id, id))
      return kinds[i].summary;
  g_assert_not_reached ();
}
