#include "builder/sandbox/local-peer.h"

#include <arpa/inet.h>

/* Lines as Documentation/networking/proc_net_tcp.rst of the kernel has them; addresses are words of
 * the machine's order, made here for both orders. */
static char *
line (guint32 local, unsigned port, guint32 remote, unsigned remote_port, const char *prefix,
      unsigned inode)
{
  return g_strdup_printf ("   0: %s%08X:%04X %s%08X:%04X 01 00000000:00000000 00:00000000 00000000 "
                          " 1000        0 %u 1 0000000000000000 20 4 30 10 -1\n",
                          prefix, local, port, prefix, remote, remote_port, inode);
}

static void
test_find (void)
{
  const guint32 loopback = htonl (INADDR_LOOPBACK);
  const guint16 client = htons (50000), server = htons (9001);
  g_autofree char *mapped = g_strdup_printf ("0000000000000000%08X", htonl (0xffff));
  g_autofree char *theirs = line (loopback, 9001, loopback, 50000, "", 11);
  g_autofree char *ours = line (loopback, 50000, loopback, 9001, "", 22);
  g_autofree char *other = line (loopback, 50001, loopback, 9001, "", 33);
  g_autofree char *ipv6 = line (loopback, 50000, loopback, 9001, mapped, 44);
  g_autofree char *table = g_strconcat ("  sl  local_address rem_address   st\n", theirs, other,
                                        ours, "   9: 0100007F:C350 010000\n", NULL);
  g_autofree char *table6 = g_strconcat ("  sl  local_address\n", ipv6, NULL);
  g_assert_cmpuint (terrane_local_peer_find_inode (table, loopback, client, loopback, server), ==,
                    22);
  g_assert_cmpuint (terrane_local_peer_find_inode (table6, loopback, client, loopback, server), ==,
                    44);
  g_assert_cmpuint (
      terrane_local_peer_find_inode (table, loopback, htons (50002), loopback, server), ==, 0);
  g_assert_cmpuint (
      terrane_local_peer_find_inode (table, htonl (0x7f000002), client, loopback, server), ==, 0);
  g_assert_cmpuint (terrane_local_peer_find_inode ("", loopback, client, loopback, server), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/local-peer/find", test_find);
  return g_test_run ();
}
