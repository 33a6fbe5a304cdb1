#include "builder/transform/host-program.h"

#include "oci/base/process.h"

#include "oci/digest.h"

#include "oci/base/text-hash.h"

#include <fcntl.h>

enum
{
  DEADLINE_MS = 30 * 1000,
};

static gboolean
add_file (OciDigester *all, const char *path, GError **error)
{
  g_auto (OciFd) fd = -1;
  OciDigest digest;
  if (!oci_open_file (AT_FDCWD, path, TRUE, &fd, NULL, error)
      || !oci_digest_of_fd (fd, &digest, NULL, error))
    return FALSE;
  oci_digester_update (all, digest.bytes, sizeof digest.bytes);
  return TRUE;
}

/* ld.so(8), LD_TRACE_LOADED_OBJECTS: " libelf.so.1 => /lib/libelf.so.1 (0x…)" for each library. A
 * file that is not an ELF file with a dynamic linker just runs, and prints something else. */
static gboolean
add_libraries (OciDigester *all, const char *program, GError **error)
{
  static const char *const env[] = { "LC_ALL=C", "LD_TRACE_LOADED_OBJECTS=1", NULL };
  const char *const argv[] = { program, "--version", NULL };
  const OciProcess process = { .argv = argv, .env = env, .deadline_ms = DEADLINE_MS };
  g_auto (OciProcessResult) result = { 0 };
  if (!oci_process_run_full (&process, NULL, &result, error))
    return FALSE;
  g_auto (GStrv) words = g_strsplit_set (result.output, " \t\n", -1);
  for (char **word = words; *word != NULL; word++)
    if ((*word)[0] == '/' && g_file_test (*word, G_FILE_TEST_IS_REGULAR)
        && !add_file (all, *word, error))
      return FALSE;
  return TRUE;
}

static char *
identify (const char *name, GError **error)
{
  OciDigestHex hex;
  g_autofree char *program = g_find_program_in_path (name);
  g_autoptr (OciDigester) all = oci_digester_new ();
  if (program == NULL)
    {
      oci_throw (error, OCI_ERROR_NOT_FOUND, "%s is not in PATH", name);
      return NULL;
    }
  if (!add_file (all, program, error) || !add_libraries (all, program, error))
    return NULL;
  OciDigest digest = oci_digester_finish (all);
  return g_strdup (oci_digest_hex (&digest, hex));
}

const char *
terrane_host_program_identity (const char *name, GError **error)
{
  static GMutex mutex;
  static GHashTable *known; /* name -> identity; lives as long as the process */
  g_mutex_lock (&mutex);
  if (known == NULL)
    known = g_hash_table_new (oci_text_hash, g_str_equal);
  char *identity = g_hash_table_lookup (known, name);
  if (identity == NULL && (identity = identify (name, error)) != NULL)
    g_hash_table_insert (known, g_strdup (name), identity);
  g_mutex_unlock (&mutex);
  return identity;
}
