/* Preloaded into bubblewrap by test_limits.py: after it has made a process it does nothing for a
 * while, in which terrane is killed. */
#define _GNU_SOURCE

#include <dlfcn.h>
#include <stdarg.h>
#include <sys/syscall.h>
#include <unistd.h>

long
syscall (long number, ...)
{
  va_list arguments;
  va_start (arguments, number);
  long a = va_arg (arguments, long), b = va_arg (arguments, long), c = va_arg (arguments, long);
  long d = va_arg (arguments, long), e = va_arg (arguments, long), f = va_arg (arguments, long);
  va_end (arguments);
  long (*real) (long, ...) = (long (*) (long, ...)) dlsym (RTLD_NEXT, "syscall");
  long result = real (number, a, b, c, d, e, f);
  if (number == SYS_clone && result > 0)
    (void) usleep (700 * 1000);
  return result;
}
