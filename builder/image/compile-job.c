#include "builder/image/compile-job.h"

#include "builder/compile/disk.h"
#include "builder/image/compile-fit.h"
#include "builder/image/compile-sources.h"
#include "builder/image/compiled-output.h"
#include "builder/source/compiled-document.h"
#include "builder/store/compile-files.h"

#include "oci/base/number.h"
#include "oci/base/parallel.h"
#include "oci/base/path.h"

#include <fcntl.h>
#include <string.h>

enum
{
  MAX_PRINTED = 4 * 1024 * 1024, /* that wait to be shown; the log has all output */
  MAX_LINE = 1024,               /* bytes that are examined */
  PLACE_DIGITS = 12,
};

/* "geos-0123456789ab": the same for each compilation of one recipe file for one prefix with the
 * same variables and file system, however its steps change. Returns: (transfer full) */
static char *
make_place (const TerraneCompileJob *self)
{
  OciDigestHex hex;
  g_autofree char *path = g_canonicalize_filename (self->recipe->path, NULL);
  g_autoptr (OciJsonValue) facts = json_array ();
  oci_json_append (facts, oci_json_text (path));
  oci_json_append (facts, oci_json_text (self->pin->spec->prefix));
  oci_json_append (facts, json_incref (self->recipe->values));
  oci_json_append (facts, oci_json_text (oci_digest_hex (self->in, hex)));
  g_autoptr (GBytes) bytes = oci_json_dump (facts);
  const OciDigest digest = oci_digest_of_bytes (bytes);
  return g_strdup_printf ("%s-%.*s", self->recipe->name, PLACE_DIGITS,
                          oci_digest_hex (&digest, hex));
}

TerraneCompileJob *
terrane_compile_job_new (TerraneCompileShared *shared, const TerranePin *pin,
                         const TerraneRecipe *recipe, const OciDigest *key)
{
  TerraneCompileJob *self = g_new0 (TerraneCompileJob, 1);
  self->shared = shared;
  self->pin = pin;
  self->recipe = recipe;
  self->key = *key;
  self->title = g_strdup_printf ("%s %s", recipe->name, recipe->version);
  self->needs = g_ptr_array_new ();
  self->warnings = g_ptr_array_new_with_free_func (g_free);
  self->work = (TerraneCompileWork) TERRANE_COMPILE_WORK_INIT;
  self->lock = -1;
  self->jobs = json_array ();
  if (shared->context->compared != NULL)
    self->other_jobs =
        terrane_source_tree_note (shared->context->compared, key, TERRANE_COMPILE_JOBS);
  self->printed = g_string_new (NULL);
  return self;
}

void
terrane_compile_job_free (gpointer data)
{
  TerraneCompileJob *self = data;
  if (self->thread != NULL)
    (void) g_thread_join (self->thread);
  terrane_compile_work_clear (&self->work);
  terrane_compile_lock_release (self->shared->context->store, &self->key, &self->lock);
  terrane_compile_last_clear (&self->last);
  g_clear_error (&self->error);
  g_clear_pointer (&self->licenses, g_ptr_array_unref);
  g_ptr_array_unref (self->needs);
  g_ptr_array_unref (self->warnings);
  json_decref (self->jobs);
  json_decref (self->other_jobs);
  g_string_free (self->printed, TRUE);
  g_free (self->title);
  g_free (self->root.path);
  g_free (self->place);
  g_free (self->log);
  g_free (self->state);
  g_free (self->line);
  g_free (self);
}

/* Returns JOBS of the next step, if possible another number than for the compared result. */
static unsigned
next_jobs (TerraneCompileJob *self, unsigned jobs)
{
  const json_t *other = json_array_get (self->other_jobs, json_array_size (self->jobs));
  if (json_is_integer (other) && json_integer_value (other) == (json_int_t) jobs)
    jobs = jobs > 1 ? jobs - 1 : 2;
  oci_json_append (self->jobs, json_integer (jobs));
  return jobs;
}

/* At most twice as many processes as were asked for: two recipes with all of them each keep the
 * processors busy while one of them configures. */
static unsigned
on_begin (const char *step, gpointer data)
{
  TerraneCompileJob *self = data;
  TerraneCompileShared *shared = self->shared;
  unsigned jobs = shared->context->jobs;
  g_mutex_lock (&shared->mutex);
  guint running = MAX (shared->running, 1);
  g_free (self->state);
  self->state = g_strdup (step);
  self->fresh = TRUE;
  g_mutex_unlock (&shared->mutex);
  return next_jobs (self, MAX (MIN (jobs, (2 * jobs + running - 1) / running), 1));
}

static void
on_output (const char *bytes, size_t len, gpointer data)
{
  TerraneCompileJob *self = data;
  g_mutex_lock (&self->shared->mutex);
  self->left_out = self->left_out || self->printed->len + len > MAX_PRINTED;
  if (self->left_out)
    g_string_truncate (self->printed, 0);
  g_string_append_len (self->printed, bytes, (gssize) len);
  g_mutex_unlock (&self->shared->mutex);
}

static gpointer
run_thread (gpointer data)
{
  TerraneCompileJob *self = data;
  const TerraneCompileRun run = { .recipe = self->recipe,
                                  .prefix = self->pin->spec->prefix,
                                  .root = self->root.path,
                                  .work = self->work.path,
                                  .log_path = self->log,
                                  .emulator = self->emulator,
                                  .cancellable = self->shared->stop,
                                  .begin = on_begin,
                                  .output = on_output,
                                  .data = self,
                                  .warnings = self->warnings };
  self->ok = terrane_compile_run (&run, &self->last, &self->error);
  g_mutex_lock (&self->shared->mutex);
  self->ended = TRUE;
  g_cond_signal (&self->shared->changed);
  g_mutex_unlock (&self->shared->mutex);
  return NULL;
}

/* @needs: of TerraneRecipe; @commits: of OciDigest: the result of each */
static void
list_needs (const TerraneCompileJob *self, GPtrArray *needs, GArray *commits)
{
  for (guint i = 0; i < self->needs->len; i++)
    {
      const TerraneCompileJob *need = self->needs->pdata[i];
      g_ptr_array_add (needs, (gpointer) need->recipe);
      g_array_append_val (commits, need->commit);
    }
}

static gboolean
make_root (TerraneCompileJob *self, GError **error)
{
  g_autoptr (GPtrArray) needs = g_ptr_array_new ();
  g_autoptr (GArray) commits = g_array_new (FALSE, FALSE, sizeof (OciDigest));
  list_needs (self, needs, commits);
  return terrane_compiled_root_make (self->shared->context->store, self->pin->spec, self->in, needs,
                                     commits, self->shared->verified, &self->root, error);
}

/* Those since the last call. */
static void
show_warnings (TerraneCompileJob *self)
{
  for (guint i = 0; i < self->warnings->len; i++)
    terrane_progress_warn (self->shared->context->progress, "%s",
                           (char *) self->warnings->pdata[i]);
  g_ptr_array_set_size (self->warnings, 0);
}

static gboolean
unpack_sources (TerraneCompileJob *self, GError **error)
{
  g_auto (OciFd) fd = -1;
  if (!oci_open_dir (self->work.fd, TERRANE_COMPILE_SOURCES, &fd, error))
    return FALSE;
  const TerraneSourceContext *context = self->shared->context;
  const TerraneCompileSources sources = { .store = context->store,
                                          .jobs = context->jobs,
                                          .progress = self->shared->quiet,
                                          .recipe = self->recipe,
                                          .dfd = fd,
                                          .interrupted = self->shared->interrupted,
                                          .warnings = self->warnings };
  gboolean ok = terrane_compile_sources_unpack (&sources, error);
  show_warnings (self);
  return ok && terrane_license_files_read (self->recipe, fd, &self->licenses, error);
}

static void
show_end (TerraneCompileJob *self, const char *how)
{
  const TerraneProgressJob job = {
    .name = self->title, .state = how, .usecs = g_get_monotonic_time () - self->since, .over = TRUE
  };
  terrane_progress_job (self->shared->context->progress, &job);
}

static void
begin (TerraneCompileJob *self, const char *state)
{
  self->since = g_get_monotonic_time ();
  g_free (self->state);
  self->state = g_strdup (state);
  terrane_compile_job_show (self);
}

static gboolean
start (TerraneCompileJob *self, GError **error)
{
  TerraneCompileShared *shared = self->shared;
  TerraneStore *store = shared->context->store;
  if (!terrane_store_begin_write (store, error) || !make_root (self, error)
      || !terrane_compile_work_make (&self->work, store, error) || !unpack_sources (self, error))
    return FALSE;
  g_mutex_lock (&shared->mutex);
  shared->running++;
  g_mutex_unlock (&shared->mutex);
  self->thread = oci_thread_start ("compile", run_thread, self, error);
  if (self->thread != NULL)
    return TRUE;
  g_mutex_lock (&shared->mutex);
  shared->running--;
  g_mutex_unlock (&shared->mutex);
  return FALSE;
}

gboolean
terrane_compile_job_start (TerraneCompileJob *self, GError **error)
{
  const TerraneSourceContext *context = self->shared->context;
  TerraneStore *logs = context->logs != NULL ? context->logs : context->store;
  OCI_PREFIX (error, "%s: %s", self->pin->spec->where, self->title);
  self->started = TRUE;
  self->place = make_place (self);
  self->log = terrane_compile_log_path (logs, self->place);
  begin (self, "unpacking");
  if (start (self, error))
    return TRUE;
  show_end (self, "failed");
  terrane_compile_work_clear (&self->work);
  terrane_compile_lock_release (context->store, &self->key, &self->lock);
  return FALSE;
}

/* The last line that is not empty is kept, also after it was shown. */
static void
take_line (TerraneCompileJob *self, const char *line)
{
  g_autofree char *valid = g_utf8_make_valid (line, -1);
  g_strchomp (valid);
  if (valid[0] == '\0')
    return;
  g_free (self->line);
  self->line = g_steal_pointer (&valid);
}

/* Shows whole lines, and of an endless line a limited part. */
static void
show_printed (TerraneCompileJob *self, const char *text, gboolean left_out)
{
  const TerraneProgress *progress = self->shared->context->progress;
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  if (left_out)
    terrane_progress_output (progress, self->recipe->name, "…");
  for (char **line = lines; *line != NULL; line++)
    {
      if ((*line)[0] == '\0' && line[1] == NULL)
        continue;
      const char *shown = strrchr (*line, '\r'); /* a progress bar that is redrawn */
      shown = shown != NULL && shown[1] != '\0' ? shown + 1 : *line;
      g_autofree char *cut = g_strndup (shown, MIN (strlen (shown), (size_t) MAX_LINE));
      take_line (self, cut);
      terrane_progress_output (progress, self->recipe->name, cut);
    }
}

void
terrane_compile_job_show (TerraneCompileJob *self)
{
  TerraneCompileShared *shared = self->shared;
  g_mutex_lock (&shared->mutex);
  g_autofree char *state = g_strdup (self->state);
  /* An incomplete line waits, unless that may take long. */
  const char *end = memrchr (self->printed->str, '\n', self->printed->len);
  size_t len = end != NULL ? (size_t) (end + 1 - self->printed->str) : 0;
  if (self->ended || self->printed->len - len > MAX_LINE)
    len = self->printed->len;
  g_autofree char *text = g_strndup (self->printed->str, len);
  g_string_erase (self->printed, 0, (gssize) len);
  gboolean left_out = self->left_out;
  self->left_out = FALSE;
  if (self->fresh)
    g_clear_pointer (&self->line, g_free);
  self->fresh = FALSE;
  g_mutex_unlock (&shared->mutex);
  show_printed (self, text, left_out);
  const TerraneProgressJob job = { .name = self->title,
                                   .state = state,
                                   .line = self->line,
                                   .usecs = g_get_monotonic_time () - self->since };
  terrane_progress_job (shared->context->progress, &job);
}

/* Another build may also have finished it since this one looked. */
gboolean
terrane_compile_job_claim (TerraneCompileJob *self, gboolean *out_claimed, GError **error)
{
  TerraneStore *store = self->shared->context->store;
  OCI_PREFIX (error, "%s: %s", self->pin->spec->where, self->title);
  *out_claimed = FALSE;
  if (!terrane_compile_lock_take (store, &self->key, &self->lock, error))
    return FALSE;
  if (self->lock < 0)
    {
      if (!self->waiting)
        begin (self, "waiting for another build that compiles it");
      self->waiting = TRUE;
      return TRUE;
    }
  if (!terrane_source_tree_find_commit (store, &self->key, &self->commit, &self->done, error))
    return FALSE;
  *out_claimed = !self->done;
  if (self->done)
    terrane_compile_lock_release (store, &self->key, &self->lock);
  if (self->done && self->waiting)
    show_end (self, "compiled by another build");
  self->waiting = FALSE;
  return TRUE;
}

/* Adds the texts of licences, and a note of the files present during the compilation. */
static gboolean
complete_output (const TerraneCompileJob *self, const char *output, GError **error)
{
  g_auto (OciFd) fd = -1;
  g_autoptr (GPtrArray) needs = g_ptr_array_new ();
  g_autoptr (GArray) commits = g_array_new (FALSE, FALSE, sizeof (OciDigest));
  list_needs (self, needs, commits);
  g_autoptr (GBytes) note = terrane_compiled_note (needs, commits);
  g_autofree char *place = terrane_compiled_document_place (self->recipe);
  return oci_open_dir (AT_FDCWD, output, &fd, error)
         && terrane_license_files_write (self->recipe, fd, self->licenses, error)
         && terrane_compiled_output_add (fd, place, note, error);
}

/* Returns: (transfer full) (nullable): the patterns that a recipe includes, with those of the added
 * files */
static char **
patterns_to_keep (const TerraneRecipe *recipe)
{
  if (recipe->include == NULL)
    return NULL;
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_autofree char *document = terrane_compiled_document_place (recipe);
  g_autofree char *licenses = terrane_license_file_place (recipe, "**");
  g_strv_builder_addv (builder, (const char **) recipe->include);
  g_strv_builder_add (builder, document);
  if (recipe->license_files != NULL)
    g_strv_builder_add (builder, licenses);
  return g_strv_builder_end (builder);
}

typedef struct
{
  char *document, *licenses; /* paths that complete_output() has added */
  gboolean kept;
} Kept;

static gboolean
note_kept (TerraneNode *node, const char *path, gpointer data, G_GNUC_UNUSED GError **error)
{
  Kept *self = data;
  self->kept = self->kept
               || (node->type != OCI_ENTRY_DIRECTORY && strcmp (path, self->document) != 0
                   && !oci_path_is_below (path, self->licenses));
  return TRUE;
}

/* Whether the installed files are valid in an image, and at least one of them is wanted. */
static gboolean
check_result (const TerraneCompileJob *self, TerraneTree *tree, const TerraneSourceReport *report,
              GError **error)
{
  const TerraneRecipe *recipe = self->recipe;
  const char *prefix = self->pin->spec->prefix;
  g_autofree char *place = terrane_compiled_document_place (recipe);
  g_autofree char *texts = terrane_license_file_place (recipe, "");
  g_autofree char *document = g_build_filename ("/", prefix, place, NULL);
  g_autofree char *licenses = g_build_filename ("/", prefix, texts, NULL);
  Kept kept = { .document = document + 1, .licenses = licenses + 1 };
  if (g_str_has_suffix (licenses, "/"))
    licenses[strlen (licenses) - 1] = '\0';
  const gboolean all =
      recipe->include == NULL && (recipe->exclude == NULL || recipe->exclude[0] == NULL);
  if (report->special_skipped > 0)
    return oci_throw (error, OCI_ERROR_FORMAT,
                      "its steps have installed devices, fifos or sockets (%u), which no image can "
                      "have; remove them in a step",
                      report->special_skipped);
  if (!terrane_tree_foreach (tree, note_kept, &kept, error))
    return FALSE;
  if (kept.kept)
    return TRUE;
  return all ? oci_throw (error, OCI_ERROR_FORMAT,
                          "its steps have installed directories without any file")
             : oci_throw (error, OCI_ERROR_FORMAT,
                          "‘include’ and ‘exclude’ leave no file of what its steps have installed");
}

/* Holes of sparse files, which occupy nothing while steps run, are written to the store. */
static gboolean
check_size (const TerraneCompileJob *self, const char *output, GError **error)
{
  g_auto (OciFd) fd = -1;
  if (!oci_open_dir (AT_FDCWD, output, &fd, error))
    return FALSE;
  const uint64_t size = terrane_disk_size (fd, TRUE), limit = self->recipe->disk_bytes;
  if (size <= limit)
    return TRUE;
  g_autofree char *has = oci_format_size (size), *allowed = oci_format_size (limit);
  return oci_throw (error, OCI_ERROR_LIMIT,
                    "its steps have installed files of %s, holes of sparse files included, and the "
                    "recipe's ‘disk’ allows %s; remove what is not needed in a step, or allow more",
                    has, allowed);
}

static gboolean
take_output (TerraneCompileJob *self, GError **error)
{
  g_auto (GStrv) include = patterns_to_keep (self->recipe);
  const TerraneSourceContext *context = self->shared->context;
  const char *prefix = self->pin->spec->prefix;
  const TerraneRecipe *recipe = self->recipe;
  g_autofree char *output =
      g_build_filename (self->work.path, TERRANE_COMPILE_OUTPUT, prefix, NULL);
  g_auto (TerraneSourceReport) report = { 0 };
  g_autoptr (TerraneTree) tree = NULL;
  TerraneSourceSpec spec = { .where = recipe->path,
                             .name = recipe->name,
                             .kind = TERRANE_SOURCE_DIRECTORY,
                             .directory = output,
                             .prefix = (char *) prefix,
                             .include = include,
                             .exclude = recipe->exclude,
                             .skip_special = TRUE,
                             .of_recipe = TRUE,
                             .open_closed = TRUE,
                             .allow_outside_links = TRUE };
  g_autoptr (TerranePin) pin = terrane_pin_new (&spec, TRUE);
  const TerraneSourceOptions options = { .jobs = context->jobs };
  if (!terrane_compile_work_check (&self->work, prefix, error) || !check_size (self, output, error)
      || !complete_output (self, output, error)
      || !terrane_source_ingest (context->store, pin, &options, &self->commit, &tree, &report,
                                 error)
      || !check_result (self, tree, &report, error))
    return FALSE;
  for (guint i = 0; i < report.unused->len; i++)
    terrane_progress_warn (context->progress, "%s: %s matches nothing", recipe->path,
                           (const char *) report.unused->pdata[i]);
  return TRUE;
}

static json_t *
texts (char *const *list)
{
  json_t *array = json_array ();
  for (; *list != NULL; list++)
    oci_json_append (array, oci_json_text (*list));
  return array;
}

static json_t *
describe_failure (const TerraneCompileJob *self)
{
  OciDigestHex hex;
  json_t *document = json_object ();
  g_autofree char *title =
      self->ok ? g_strdup_printf ("%s: what its steps have installed was refused; %s was the last",
                                  self->title, self->last.step)
               : g_strdup_printf ("%s: %s failed here", self->title, self->last.step);
  oci_json_set (document, "version", json_integer (1));
  oci_json_set_text (document, "recipe", self->recipe->name);
  oci_json_set_text (document, "title", title);
  oci_json_set (document, "argv", texts (self->last.argv));
  oci_json_set (document, "env", texts (self->last.env));
  oci_json_set_text (document, "root", oci_digest_hex (&self->root.commit, hex));
  oci_json_set_text (document, "architecture",
                     self->shared->context->profile->platform.architecture);
  if (self->last.file != NULL)
    {
      gsize len = 0;
      const guchar *bytes = g_bytes_get_data (self->last.content, &len);
      g_autofree char *content = g_base64_encode (bytes, len);
      oci_json_set_text (document, "file", self->last.file);
      oci_json_set_text (document, "content", content);
    }
  oci_json_set (document, "tmp", json_integer ((json_int_t) self->recipe->tmp_bytes));
  return document;
}

/* Returns: (transfer full) (nullable): the hint to append to the error */
static char *
keep_failed (TerraneCompileJob *self)
{
  const TerraneSourceContext *context = self->shared->context;
  g_autoptr (GError) local = NULL;
  if (!context->keep_failed || self->last.argv == NULL)
    return NULL;
  g_autoptr (OciJsonValue) document = describe_failure (self);
  g_autofree char *name = g_path_get_basename (self->work.path);
  if (!terrane_failed_root_keep (context->store, self->place, name, document, &local))
    return g_strdup_printf ("\n  %s", local->message);
  g_clear_pointer (&self->work.path, g_free);
  g_autofree char *store = g_canonicalize_filename (terrane_store_path (context->store), NULL);
  g_autofree char *quoted = g_shell_quote (store);
  gboolean plain = strpbrk (store, " \t\n'\"\\$`*?[]()<>|&;~#!") == NULL;
  return g_strdup_printf ("\n  a shell in it: terrane run --store %s --failed %s",
                          plain ? store : quoted, self->place);
}

static void
throw_failure (TerraneCompileJob *self, gboolean wanted, GError **error)
{
  g_autofree char *kept = wanted ? keep_failed (self) : NULL;
  show_end (self, wanted ? "failed" : "stopped");
  g_autofree char *message = g_steal_pointer (&self->error->message);
  self->error->message = g_strconcat (message, self->ok ? "\n  the whole log: " : "",
                                      self->ok ? self->log : "", kept != NULL ? kept : "", NULL);
  g_propagate_error (error, g_steal_pointer (&self->error));
}

/* Notes with the result what is not part of it. */
static gboolean
remember (const TerraneCompileJob *self, GError **error)
{
  g_autoptr (OciJsonValue) notes = json_object ();
  oci_json_set (notes, TERRANE_COMPILE_FACTS, json_incref ((json_t *) self->facts));
  oci_json_set (notes, TERRANE_COMPILE_JOBS, json_incref (self->jobs));
  return terrane_source_tree_remember (self->shared->context->store, &self->key, &self->commit,
                                       notes, error);
}

gboolean
terrane_compile_job_finish (TerraneCompileJob *self, gboolean wanted, GError **error)
{
  TerraneCompileShared *shared = self->shared;
  TerraneStore *store = shared->context->store;
  (void) g_thread_join (g_steal_pointer (&self->thread));
  g_mutex_lock (&shared->mutex);
  shared->running--;
  g_mutex_unlock (&shared->mutex);
  terrane_compile_job_show (self);
  show_warnings (self);
  OCI_PREFIX (error, "%s: %s", self->pin->spec->where, self->title);
  self->done = self->ok && take_output (self, &self->error) && remember (self, &self->error);
  if (!self->done)
    throw_failure (self, wanted, error);
  terrane_compile_work_clear (&self->work);
  terrane_compile_lock_release (store, &self->key, &self->lock);
  if (self->done)
    {
      show_end (self, "compiled");
      terrane_failed_root_remove (store, self->place);
    }
  return self->done;
}
