#include "builder/lazy/resolve.h"

#include <dlfcn.h>
#include <errno.h>
#include <lazy-sonames.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define LIBRARY(name, mebibytes) LIBRARY_##name,
typedef enum
{
#include "builder/lazy/libraries.def"
  N_LIBRARIES
} Library;
#undef LIBRARY

#define LIBRARY(name, mebibytes) [LIBRARY_##name] = { TERRANE_SONAME_##name, mebibytes },
static const struct
{
  const char *soname;
  unsigned mebibytes;
} libraries[] = {
#include "builder/lazy/libraries.def"
};
#undef LIBRARY

typedef struct
{
  Library library;
  const char *name;
} Function;

#define FUNCTION(of_library, function) { LIBRARY_##of_library, #function },
static const Function functions[] = {
#include "builder/lazy/functions.def"
};
#undef FUNCTION

extern gpointer terrane_lazy_slots[] G_GNUC_INTERNAL;
extern gpointer terrane_lazy_slots_end[] G_GNUC_INTERNAL;

G_LOCK_DEFINE_STATIC (loading);
static gboolean loaded[N_LIBRARIES];

static void end (const char *soname, const char *reason) G_GNUC_NORETURN;

/* No caller can receive an error: the linker would have ended the process before main(). */
static void
end (const char *soname, const char *reason)
{
  (void) fprintf (stderr,
                  "terrane: %s cannot be loaded: %s; look at the limit of memory (ulimit -v), and "
                  "whether the package that has it is installed\n",
                  soname, reason != NULL ? reason : "the linker does not say why");
  _exit (EXIT_FAILURE);
}

static void
protect (int protection)
{
  size_t size = (uintptr_t) terrane_lazy_slots_end - (uintptr_t) terrane_lazy_slots;
  if (mprotect (terrane_lazy_slots, size, protection) < 0)
    end ("a library", g_strerror (errno));
}

/* Some libraries end the process in their constructors without memory: it is better to end it here,
 * with a message. */
static void
check_room (Library library)
{
  size_t size = (size_t) libraries[library].mebibytes * 1024 * 1024;
  void *room = mmap (NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (room == MAP_FAILED)
    end (libraries[library].soname, "Cannot allocate memory");
  (void) munmap (room, size);
}

/* Resolves all of the library's functions at once, so that the table is written only once. */
static void
load (Library library)
{
  check_room (library);
  void *handle = dlopen (libraries[library].soname, RTLD_LAZY | RTLD_LOCAL);
  if (handle == NULL)
    end (libraries[library].soname, dlerror ());
  protect (PROT_READ | PROT_WRITE);
  for (size_t i = 0; i < G_N_ELEMENTS (functions); i++)
    {
      if (functions[i].library != library)
        continue;
      gpointer function = dlsym (handle, functions[i].name);
      if (function == NULL)
        end (libraries[library].soname, dlerror ());
      g_atomic_pointer_set (&terrane_lazy_slots[i], function);
    }
  protect (PROT_READ);
  loaded[library] = TRUE;
}

gpointer
terrane_lazy_resolve (gpointer *slot)
{
  size_t index = (size_t) (slot - terrane_lazy_slots);
  Library library = functions[index].library;
  G_LOCK (loading);
  if (!loaded[library])
    load (library);
  G_UNLOCK (loading);
  return g_atomic_pointer_get (slot);
}
