#include "builder/cli/limits.h"

#include "builder/error.h"

#include "oci/base/error.h"

#include <pthread.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <unistd.h>

enum
{
  MIN_DESCRIPTORS = 32, /* with fewer, GLib's main loop may abort */
  /* JSON may be 2048 levels deep, and directories as deep as a path is long. */
  MIN_STACK_BYTES = 1024 * 1024,
  THREAD_STACK_BYTES = 2 * 1024 * 1024,
};

static gboolean
apply_descriptors (GError **error)
{
  struct rlimit limit;
  if (getrlimit (RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= MIN_DESCRIPTORS)
    return TRUE;
  return oci_throw (error, OCI_ERROR_IO,
                    "too few descriptors are allowed: 'ulimit -n' must be %d or more",
                    MIN_DESCRIPTORS);
}

/* By default each thread gets a stack of the size of the limit: eight megabytes are a lot if
 * address space is limited, too. */
static void
give_stacks_to_threads (void)
{
  pthread_attr_t attributes;
  if (pthread_attr_init (&attributes) != 0)
    return;
  if (pthread_attr_setstacksize (&attributes, THREAD_STACK_BYTES) == 0)
    (void) pthread_setattr_default_np (&attributes); /* otherwise they have that of the limit */
  (void) pthread_attr_destroy (&attributes);
}

static gboolean
apply_stack (GError **error)
{
  struct rlimit limit;
  give_stacks_to_threads ();
  if (getrlimit (RLIMIT_STACK, &limit) < 0 || limit.rlim_cur >= MIN_STACK_BYTES)
    return TRUE;
  limit.rlim_cur = MIN (limit.rlim_max, (rlim_t) MIN_STACK_BYTES);
  if (limit.rlim_cur == MIN_STACK_BYTES && setrlimit (RLIMIT_STACK, &limit) == 0)
    return TRUE;
  return oci_throw (error, OCI_ERROR_IO,
                    "too small a stack is allowed: 'ulimit -s' must be %d or more",
                    MIN_STACK_BYTES / 1024);
}

gboolean
terrane_limits_apply (GError **error)
{
  return apply_descriptors (error) && apply_stack (error);
}

void
terrane_limits_end (const char *message)
{
  static const char end[] = "; look at the limits of memory, processes and files (ulimit -a)\n";
  const char *allocation = strstr (message, "failed to allocate");
  const char *reason = allocation != NULL ? allocation : message; /* without GLib's file and line */
  const struct iovec parts[] = {
    { .iov_base = (char *) "terrane: ", .iov_len = strlen ("terrane: ") },
    { .iov_base = (char *) reason, .iov_len = strlen (reason) },
    { .iov_base = (char *) end, .iov_len = sizeof end - 1 },
  };
  (void) !writev (STDERR_FILENO, parts, G_N_ELEMENTS (parts)); /* no way to report */
  _exit (TERRANE_EXIT_FAILED);
}
