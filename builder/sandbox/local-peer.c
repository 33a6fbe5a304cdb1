#include "builder/sandbox/local-peer.h"

#include "builder/sandbox/children.h"

#include "oci/base/fd.h"
#include "oci/base/number.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum
{
  MAX_TABLE_BYTES = 32 * 1024 * 1024, /* some 200,000 connections */
  INODE_FIELD = 9,
  MAX_PROCESSES = 4096,
};

struct _TerraneLocalPeer
{
  pid_t init;
  gboolean tree;
  unsigned port;
  OciFd proc; /* the sandbox's, which shows only its processes; this machine's for a tree */
};

TerraneLocalPeer *
terrane_local_peer_new (pid_t init, gboolean tree, unsigned port)
{
  TerraneLocalPeer *self = g_new0 (TerraneLocalPeer, 1);
  *self = (TerraneLocalPeer){ .init = init, .tree = tree, .port = port, .proc = -1 };
  return self;
}

void
terrane_local_peer_free (TerraneLocalPeer *self)
{
  if (self == NULL)
    return;
  oci_fd_close (self->proc);
  g_free (self);
}

/* Compares with the form that the kernel writes: words in the machine's byte order. */
static gboolean
is_end (const char *text, guint32 address, guint16 port)
{
  char v4[16], v6[48];
  (void) snprintf (v4, sizeof v4, "%08X:%04X", address, ntohs (port));
  (void) snprintf (v6, sizeof v6, "0000000000000000%08X%s", htonl (0xffff),
                   v4); /* ::ffff:a.b.c.d */
  return strcmp (text, v4) == 0 || strcmp (text, v6) == 0;
}

/* Splits a line into its words, which are separated by one space or more. */
static guint
split (char *line, char *words[], guint max)
{
  guint n = 0;
  char *rest = NULL;
  for (char *word = strtok_r (line, " ", &rest); word != NULL && n < max;
       word = strtok_r (NULL, " ", &rest))
    words[n++] = word;
  return n;
}

guint64
terrane_local_peer_find_inode (const char *table, guint32 address, guint16 port,
                               guint32 other_address, guint16 other_port)
{
  g_auto (GStrv) lines = g_strsplit (table, "\n", -1);
  for (char **line = lines; *line != NULL; line++)
    {
      char *words[INODE_FIELD + 1];
      uint64_t inode = 0;
      if (split (*line, words, G_N_ELEMENTS (words)) == G_N_ELEMENTS (words)
          && is_end (words[1], address, port) && is_end (words[2], other_address, other_port)
          && oci_parse_u64 (words[INODE_FIELD], G_MAXINT64, &inode, NULL))
        return inode;
    }
  return 0;
}

static guint64
find_inode (const TerraneLocalPeer *self, const struct sockaddr_in *peer)
{
  static const char *const tables[] = { "/proc/self/net/tcp", "/proc/self/net/tcp6" };
  g_autofree char *text = g_malloc (MAX_TABLE_BYTES);
  guint64 inode = 0;
  for (size_t i = 0; inode == 0 && i < G_N_ELEMENTS (tables); i++)
    if (oci_read_text (AT_FDCWD, tables[i], text, MAX_TABLE_BYTES))
      inode = terrane_local_peer_find_inode (text, peer->sin_addr.s_addr, peer->sin_port,
                                             htonl (INADDR_LOOPBACK), htons ((guint16) self->port));
  return inode;
}

static gboolean
has_socket (int proc, const char *pid, guint64 inode)
{
  g_autofree char *path = g_strconcat (pid, "/fd", NULL);
  g_auto (OciFd) fd = openat (proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *dir = fd >= 0 ? fdopendir (fd) : NULL;
  gboolean found = FALSE;
  struct stat info;
  if (dir == NULL)
    return FALSE;
  (void) oci_fd_steal (&fd);
  /* Not oci_list_names(): the program decides the number of entries. */
  for (struct dirent *entry = readdir (dir); entry != NULL && !found; entry = readdir (dir))
    found = entry->d_name[0] != '.' && fstatat (dirfd (dir), entry->d_name, &info, 0) == 0
            && S_ISSOCK (info.st_mode) && info.st_ino == inode;
  (void) closedir (dir);
  return found;
}

/* When a program connects, the sandbox has changed its root: before that, this is the host's
 * /proc. */
static gboolean
open_proc (TerraneLocalPeer *self)
{
  struct stat here, there;
  if (self->proc >= 0)
    return TRUE;
  g_autofree char *path =
      self->tree ? g_strdup ("/proc") : g_strdup_printf ("/proc/%d/root/proc", (int) self->init);
  g_auto (OciFd) fd = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0 || fstat (fd, &there) < 0 || stat ("/proc", &here) < 0
      || (!self->tree && here.st_dev == there.st_dev))
    return FALSE;
  self->proc = oci_fd_steal (&fd);
  return TRUE;
}

static gboolean
is_in_tree (const TerraneLocalPeer *self, guint64 inode)
{
  g_autoptr (GArray) processes = terrane_children_find_all (self->init, MAX_PROCESSES);
  gboolean found = FALSE;
  for (guint i = 0; inode != 0 && i < processes->len && !found; i++)
    {
      g_autofree char *pid = g_strdup_printf ("%d", (int) g_array_index (processes, pid_t, i));
      found = has_socket (self->proc, pid, inode);
    }
  return found;
}

gboolean
terrane_local_peer_is_inside (TerraneLocalPeer *self, const struct sockaddr *peer)
{
  struct sockaddr_in address;
  if (peer->sa_family != AF_INET || !open_proc (self))
    return FALSE;
  memcpy (&address, peer, sizeof address);
  guint64 inode = find_inode (self, &address);
  if (self->tree)
    return is_in_tree (self, inode);
  g_auto (OciFd) fd = openat (self->proc, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *dir = inode != 0 && fd >= 0 ? fdopendir (fd) : NULL;
  gboolean found = FALSE;
  if (dir == NULL)
    return FALSE;
  (void) oci_fd_steal (&fd);
  for (struct dirent *entry = readdir (dir); entry != NULL && !found; entry = readdir (dir))
    found = g_ascii_isdigit (entry->d_name[0]) && has_socket (dirfd (dir), entry->d_name, inode);
  (void) closedir (dir);
  return found;
}
