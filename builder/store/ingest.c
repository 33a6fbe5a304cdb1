#include "builder/store/ingest.h"

#include "builder/store/looked.h"
#include "builder/store/object.h"

#include "oci/base/parallel.h"
#include "oci/base/temp-file.h"

enum
{
  READ_BYTES = 1024 * 1024,
  MIN_PIECE_BYTES = 16 * 1024,
  SMALL_FILE_BYTES = 2 * 1024 * 1024,   /* larger ones are spooled */
  MAX_WAITING_BYTES = 32 * 1024 * 1024, /* of small files between reader and writers */
  OVERHEAD_BYTES = 8 * 1024,            /* the size of an empty file in this sum */
  SPOOLED_WEIGHT_BYTES =
      4 * 1024 * 1024 - OVERHEAD_BYTES, /* and of a spooled one, so that few are open */
};

struct _TerraneIngest
{
  TerraneStore *store;
  TerraneTransaction transaction;
  gboolean look; /* nothing is written */
  uint64_t left; /* bytes that may still be read; only with @look */
  char *keep;    /* (nullable): name of files that are kept in memory; only with @look */
  TerraneTree *tree;
  OciWorkers *workers;
  GPtrArray *hard_links; /* of HardLink */
  char *buffer;
  TerraneBytesFunc progress;
  gpointer progress_data;
  GMutex mutex; /* guards the members below */
  GCond changed;
  uint64_t waiting;
  uint64_t awaited; /* the reader waits until no more than that is waiting */
  GError *failure;  /* the first of any writer */
};

/* The node of a hard link gets its object when that of its target is known. */
typedef struct
{
  TerraneNode *node;
  TerraneNode *target;
} HardLink;

/* An object to write. */
typedef struct
{
  TerraneNode *node; /* the writer sets its object */
  GBytes *content;   /* or NULL: in @file */
  OciTempFile file;  /* of a large file */
  gboolean hashed;   /* by the reader, because no file is written */
  OciDigest digest;
  uint64_t size;
} Job;

static void
job_free (Job *job)
{
  g_clear_pointer (&job->content, g_bytes_unref);
  oci_temp_file_clear (&job->file);
  g_free (job);
}

static gboolean
hash_job (Job *job, const OciEntry *entry, GError **error)
{
  g_autoptr (TerraneObjectHasher) hasher = terrane_object_hasher_new (entry);
  if (job->content != NULL)
    terrane_object_hasher_update (hasher, g_bytes_get_data (job->content, NULL),
                                  g_bytes_get_size (job->content));
  else if (job->file.fd >= 0 && !terrane_object_hasher_read (hasher, job->file.fd, error))
    return FALSE;
  job->digest = terrane_object_hasher_finish (hasher);
  return TRUE;
}

static gboolean
keep_job (const TerraneIngest *self, const Job *job, GError **error)
{
  return job->node->type != OCI_ENTRY_FILE || g_strcmp0 (job->node->name, self->keep) != 0
         || terrane_looked_keep (self->store, &job->digest, job->content, error);
}

static gboolean
write_job (const TerraneIngest *self, Job *job, GError **error)
{
  OciEntry entry = terrane_node_entry (job->node, job->node->name);
  gboolean ok = job->hashed || hash_job (job, &entry, error);
  job->node->object = job->digest;
  ok = ok
       && (self->look ? keep_job (self, job, error)
                      : (job->file.fd >= 0
                             ? terrane_object_adopt (self->store, &entry, &job->digest, &job->file,
                                                     &job->node->fresh, error)
                             : terrane_object_write (self->store, &entry, &job->digest,
                                                     job->content, -1, &job->node->fresh, error)));
  if (ok)
    return TRUE;
  g_autofree char *path = terrane_node_path (job->node);
  g_prefix_error (error, "storing %s: ", path);
  return FALSE;
}

static uint64_t
job_weight (const Job *job)
{
  return OVERHEAD_BYTES
         + (job->content != NULL ? g_bytes_get_size (job->content)
            : job->file.fd >= 0  ? SPOOLED_WEIGHT_BYTES
                                 : 0);
}

static void
write_in_thread (gpointer item, gpointer data)
{
  Job *job = item;
  TerraneIngest *self = data;
  g_autoptr (GError) local = NULL;
  g_mutex_lock (&self->mutex);
  gboolean wanted = self->failure == NULL;
  g_mutex_unlock (&self->mutex);
  uint64_t weight = job_weight (job);
  if (wanted)
    (void) write_job (self, job, &local); /* kept in self->failure */
  job_free (job);
  g_mutex_lock (&self->mutex);
  self->waiting -= weight;
  if (self->failure == NULL)
    self->failure = g_steal_pointer (&local);
  if (self->waiting <= self->awaited || self->failure != NULL)
    g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->mutex);
}

/* Waits until no more than @limit is in progress; fails after a writer failed. */
static gboolean
wait_below (TerraneIngest *self, uint64_t limit, GError **error)
{
  g_mutex_lock (&self->mutex);
  self->awaited = limit;
  while (self->waiting > limit && (self->failure == NULL || limit == 0))
    g_cond_wait (&self->changed, &self->mutex);
  GError *failure = self->failure != NULL ? g_error_copy (self->failure) : NULL;
  g_mutex_unlock (&self->mutex);
  if (failure == NULL)
    return TRUE;
  g_propagate_error (error, failure);
  return FALSE;
}

static gboolean
submit (TerraneIngest *self, Job *job, GError **error)
{
  uint64_t weight = job_weight (job);
  g_mutex_lock (&self->mutex);
  gboolean full = self->waiting > MAX_WAITING_BYTES || self->failure != NULL;
  g_mutex_unlock (&self->mutex);
  /* Half of it keeps the writers busy; to wake up for each file would cost more than the file. */
  if (full && !wait_below (self, MAX_WAITING_BYTES / 2, error))
    {
      job_free (job);
      return FALSE;
    }
  g_mutex_lock (&self->mutex);
  self->waiting += weight;
  g_mutex_unlock (&self->mutex);
  oci_workers_push (self->workers, job);
  return TRUE;
}

static TerraneIngest *
ingest_new (TerraneStore *store, unsigned jobs)
{
  TerraneIngest *self = g_new0 (TerraneIngest, 1);
  self->store = store;
  self->tree = terrane_tree_new ();
  self->hard_links = g_ptr_array_new_with_free_func (g_free);
  self->buffer = g_malloc (READ_BYTES);
  g_mutex_init (&self->mutex);
  g_cond_init (&self->changed);
  self->workers = oci_workers_new (jobs, write_in_thread, self);
  return self;
}

TerraneIngest *
terrane_ingest_new_look (TerraneStore *store, unsigned jobs, uint64_t max_bytes, const char *keep)
{
  TerraneIngest *self = ingest_new (store, jobs);
  self->look = TRUE;
  self->keep = g_strdup (keep);
  self->left = max_bytes;
  return self;
}

TerraneIngest *
terrane_ingest_new (TerraneStore *store, unsigned jobs, TerraneBytesFunc progress,
                    gpointer progress_data, GError **error)
{
  g_autoptr (TerraneIngest) self = ingest_new (store, jobs);
  self->progress = progress;
  self->progress_data = progress_data;
  if (!terrane_transaction_begin (&self->transaction, store, error))
    return NULL;
  return g_steal_pointer (&self);
}

void
terrane_ingest_free (TerraneIngest *self)
{
  if (self == NULL)
    return;
  oci_workers_free (self->workers);
  terrane_transaction_clear (&self->transaction);
  g_ptr_array_unref (self->hard_links);
  terrane_tree_free (self->tree);
  g_clear_error (&self->failure);
  g_mutex_clear (&self->mutex);
  g_cond_clear (&self->changed);
  g_free (self->buffer);
  g_free (self->keep);
  g_free (self);
}

TerraneTree *
terrane_ingest_tree (TerraneIngest *self)
{
  return self->tree;
}

/* Reads up to @len bytes, and less only at the end of the content. */
static gboolean
read_piece (TerraneIngest *self, TerraneReadFunc read, gpointer data, void *buffer, size_t len,
            size_t *out_read, GError **error)
{
  size_t got = 0, n = 1;
  while (got < len && n > 0)
    {
      if (!read (data, (char *) buffer + got, len - got, &n, error))
        return FALSE;
      got += n;
    }
  if (self->look && got > self->left)
    return oci_throw (error, OCI_ERROR_LIMIT, "there is too much to read only to look at it");
  self->left -= self->look ? got : 0;
  if (self->progress != NULL)
    self->progress (self->progress_data, got);
  *out_read = got;
  return TRUE;
}

/* Continues with a file that turned out to be large: writes it into a temporary file, which a
 * writer hashes while the next files are read. Without files, it is hashed here. */
static gboolean
spool (TerraneIngest *self, Job *job, GByteArray *head, TerraneReadFunc read, gpointer data,
       GError **error)
{
  OciEntry entry = terrane_node_entry (job->node, job->node->name);
  g_autoptr (TerraneObjectHasher) hasher = self->look ? terrane_object_hasher_new (&entry) : NULL;
  if (hasher == NULL && !oci_temp_file_open (&job->file, terrane_store_dfd (self->store), error))
    return FALSE;
  const void *bytes = head->data;
  for (size_t got = head->len; got > 0;)
    {
      if (hasher != NULL)
        terrane_object_hasher_update (hasher, bytes, got);
      else if (!oci_write_all (job->file.fd, bytes, got, error))
        return FALSE;
      job->size += got;
      bytes = self->buffer;
      if (!read_piece (self, read, data, self->buffer, READ_BYTES, &got, error))
        return FALSE;
    }
  job->hashed = hasher != NULL;
  if (hasher != NULL)
    job->digest = terrane_object_hasher_finish (hasher);
  return TRUE;
}

static gboolean
load_content (TerraneIngest *self, Job *job, uint64_t announced, TerraneReadFunc read,
              gpointer data, GError **error)
{
  /* One byte more than announced, so that an honest size is read to its end in one piece; a
   * dishonest size causes a limited allocation. */
  size_t piece = (size_t) MIN (announced, SMALL_FILE_BYTES - 1) + 1;
  g_autoptr (GByteArray) head = g_byte_array_sized_new ((guint) piece);
  for (;; piece = CLAMP (2 * piece, MIN_PIECE_BYTES, READ_BYTES))
    {
      if (head->len >= SMALL_FILE_BYTES)
        return spool (self, job, head, read, data, error);
      guint len = head->len;
      size_t got = 0;
      g_byte_array_set_size (head, len + (guint) piece);
      if (!read_piece (self, read, data, head->data + len, piece, &got, error))
        return FALSE;
      g_byte_array_set_size (head, len + (guint) got);
      if (got < piece)
        break;
    }
  job->size = head->len;
  job->node->start = head->len > 0 ? head->data[0] + 1 : 0;
  job->content = g_byte_array_free_to_bytes (g_steal_pointer (&head));
  return TRUE;
}

static gboolean
add_content (TerraneIngest *self, TerraneNode *node, const OciEntry *entry, TerraneReadFunc read,
             gpointer data, GError **error)
{
  Job *job = g_new0 (Job, 1);
  job->node = node;
  job->file = (OciTempFile) OCI_TEMP_FILE_INIT;
  if (entry->type == OCI_ENTRY_FILE && !load_content (self, job, entry->size, read, data, error))
    {
      g_prefix_error (error, "%s: ", entry->path);
      job_free (job);
      return FALSE;
    }
  node->size = job->size;
  return submit (self, job, error);
}

static gboolean
add_hard_link (TerraneIngest *self, const OciEntry *entry, GError **error)
{
  OCI_PREFIX (error, "%s", entry->path);
  TerraneNode *target = terrane_tree_lookup (self->tree, entry->target);
  if (target == NULL || target->type == OCI_ENTRY_DIRECTORY)
    {
      g_autofree char *quoted = oci_quote (entry->target);
      return oci_throw (error, OCI_ERROR_FORMAT,
                        "is a hard link to %s, which is not a file before it in the archive",
                        quoted);
    }
  OciEntry copy = terrane_node_entry (target, entry->path);
  TerraneNode *node = NULL;
  if (g_str_equal (entry->path, entry->target))
    return TRUE;
  if (!terrane_tree_add (self->tree, &copy, &node, error))
    return FALSE;
  HardLink *link = g_new (HardLink, 1);
  *link = (HardLink){ .node = node, .target = target };
  g_ptr_array_add (self->hard_links, link);
  return TRUE;
}

gboolean
terrane_ingest_add (TerraneIngest *self, const OciEntry *entry, TerraneReadFunc read, gpointer data,
                    GError **error)
{
  if (entry->type == OCI_ENTRY_SPECIAL)
    return oci_throw (error, OCI_ERROR_UNSUPPORTED, "%s is a device, fifo or socket", entry->path);
  if (entry->type == OCI_ENTRY_HARDLINK)
    return add_hard_link (self, entry, error);
  TerraneNode *node = NULL;
  if (!terrane_tree_add (self->tree, entry, &node, error))
    return FALSE;
  return entry->type == OCI_ENTRY_DIRECTORY || add_content (self, node, entry, read, data, error);
}

gboolean
terrane_ingest_finish (TerraneIngest *self, OciDigest *out_commit, TerraneTree **out_tree,
                       GError **error)
{
  OciDigest commit;
  if (!wait_below (self, 0, error))
    return FALSE;
  /* In their order: for a link to a link, the object of its target is set. */
  for (guint i = 0; i < self->hard_links->len; i++)
    {
      const HardLink *link = self->hard_links->pdata[i];
      link->node->object = link->target->object;
    }
  if (self->look)
    commit = terrane_commit_digest (self->tree);
  else if (!terrane_commit_write (self->store, self->tree, &commit, error)
           || !terrane_transaction_commit (&self->transaction, error))
    return FALSE;
  *out_commit = commit;
  *out_tree = g_steal_pointer (&self->tree);
  return TRUE;
}

gboolean
terrane_ingest_finish_objects (TerraneIngest *self, GError **error)
{
  return wait_below (self, 0, error) && terrane_transaction_commit (&self->transaction, error);
}
