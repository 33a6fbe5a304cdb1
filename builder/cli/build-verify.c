#include "builder/cli/build-verify.h"

#include "builder/cli/diff-print.h"
#include "builder/cli/verify-compile.h"
#include "builder/diff/diff.h"
#include "builder/error.h"
#include "builder/remote/mirror.h"
#include "builder/store/scratch.h"
#include "builder/store/seed.h"

/* The second build. */
typedef struct
{
  TerraneScratch scratch;
  TerraneStore *store;
  TerraneRemote *remote;
  TerraneBuild *build;
} Again;

static void
again_clear (Again *self)
{
  g_clear_pointer (&self->build, terrane_build_free);
  g_clear_pointer (&self->remote, terrane_remote_free);
  g_clear_pointer (&self->store, terrane_store_free);
  terrane_scratch_clear (&self->scratch);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Again, again_clear)

/* Copies images that the lock names by their digests. */
static void
seed_images (TerraneStore *from, TerraneStore *to, const json_t *sources)
{
  const char *name;
  json_t *entry;
  json_object_foreach ((json_t *) sources, name, entry)
  {
    OciDigest digest;
    const char *text = json_string_value (json_object_get (entry, "digest"));
    if (text != NULL && oci_digest_parse (text, &digest, NULL))
      terrane_seed_image (from, to, &digest);
    if (json_is_object (entry))
      seed_images (from, to, entry);
  }
}

static gboolean
open_store (Again *self, const TerraneVerify *verify, const TerraneProfile *profile,
            const TerraneBuild *first, GError **error)
{
  TerraneStore *store = verify->bench->store;
  g_autofree char *platform = oci_platform_text (&profile->platform);
  if (!terrane_store_begin_write (store, error)
      || !terrane_scratch_make (&self->scratch, store, "verify", error))
    return FALSE;
  g_autofree char *path = g_build_filename (self->scratch.path, "store", NULL);
  self->store = terrane_store_open (path, TERRANE_STORE_SHARED, error);
  if (self->store == NULL || !terrane_seed_downloads (store, self->store, error))
    return FALSE;
  seed_images (store, self->store, terrane_lock_get_platform (first->lock, platform));
  self->remote = terrane_workbench_new_remote (verify->bench, verify->remote, 0, self->store);
  const char *mirror = verify->source_mirror;
  return mirror == NULL || terrane_remote_set_mirror (self->remote, mirror, error);
}

static gboolean
build_again (Again *self, const TerraneVerify *verify, const TerraneProfile *profile,
             const TerraneBuildOptions *options, GError **error)
{
  OCI_PREFIX (error, "%s: building it again", profile->path);
  TerraneBuildOptions again = *options;
  again.remote = self->remote;
  again.validate = FALSE;
  again.keep_lock = TRUE;
  again.keep_failed = FALSE; /* in a store that is removed */
  again.logs = verify->bench->store;
  again.compared = verify->bench->store;
  again.lock = (TerraneLockPolicy){ .require = FALSE };
  again.cache = (TerraneBuildCacheOptions){ .from = NULL };
  again.jobs = options->jobs > 1 ? options->jobs - 1 : 2;
  again.out_failed = NULL;
  terrane_store_set_jobs (self->store, again.jobs);
  return terrane_build (self->store, profile, &again, &self->build, error);
}

static json_t *
compare (const Again *self, const TerraneVerify *verify, const TerraneBuild *first, GError **error)
{
  const TerraneWorkbench *bench = verify->bench;
  const TerraneOpenOptions open = {
    .want = TERRANE_IMAGE_DOCUMENTS, .platform = NULL, .any_platform = TRUE, .jobs = bench->jobs
  };
  const TerraneDiffOptions options = { .symbols = FALSE };
  g_auto (TerraneDiffSide) a = { .store = NULL }, b = { .store = NULL };
  g_autoptr (TerraneOpenImage) left = terrane_image_open (bench->remote, first->name, &open, error);
  g_autoptr (TerraneOpenImage) right =
      left != NULL ? terrane_image_open (self->remote, self->build->name, &open, error) : NULL;
  if (right == NULL
      || !terrane_diff_side_init (&a, bench->store, left, first->name, bench->jobs, bench->progress,
                                  error)
      || !terrane_diff_side_init (&b, self->store, right, "built again", bench->jobs,
                                  bench->progress, error))
    return NULL;
  return terrane_diff (&a, &b, &options, error);
}

static gboolean
fail (const TerraneProfile *profile, const json_t *difference, GError **error)
{
  g_autofree char *cause =
      terrane_diff_cause_text (json_array_get (json_object_get (difference, "causes"), 0));
  g_set_error (error, TERRANE_ERROR, TERRANE_ERROR_DIFFERENT,
               "%s: built again in an empty store, the same lock gives another image: %s",
               profile->path, cause);
  return FALSE;
}

gboolean
terrane_build_verify (const TerraneVerify *verify, const TerraneProfile *profile,
                      const TerraneBuild *first, const TerraneBuildOptions *options, json_t *record,
                      GError **error)
{
  OciDigestText text;
  json_t *verified = json_object ();
  oci_json_set (record, "verified", verified);
  g_auto (Again) again = { .scratch = TERRANE_SCRATCH_INIT };
  terrane_progress_info (verify->bench->progress, "building again in an empty store");
  if (!open_store (&again, verify, profile, first, error)
      || !build_again (&again, verify, profile, options, error))
    return FALSE;
  if (verify->compiled)
    {
      const TerraneVerifyBuild a = { .store = verify->bench->store, .build = first };
      const TerraneVerifyBuild b = { .store = again.store, .build = again.build };
      terrane_terminal_finish_phase (verify->bench->terminal);
      if (!terrane_verify_compile (&a, &b, profile->path, !verify->bench->global->output.json,
                                   verified, error))
        return FALSE;
      if (!verify->image)
        return TRUE;
    }
  const OciDigest *digest = &again.build->image->manifest->digest;
  gboolean equal = oci_digest_equal (digest, &first->image->manifest->digest);
  oci_json_set (verified, "equal", json_boolean (equal));
  oci_json_set (verified, "digest", oci_json_text (oci_digest_text (digest, text)));
  if (equal)
    return TRUE;
  json_t *difference = compare (&again, verify, first, error);
  if (difference == NULL)
    return FALSE;
  oci_json_set (verified, "difference", difference);
  terrane_terminal_finish_phase (verify->bench->terminal);
  if (!verify->bench->global->output.json)
    terrane_diff_print (difference);
  return fail (profile, difference, error);
}
