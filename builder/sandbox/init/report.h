/* Communication with the first process of a sandbox, through files in memory that both have
 * open. */
#pragma once

#include <stdint.h>

enum
{
  TERRANE_INIT_PROGRAM_FD = 6, /* the program of process 1 itself */
  TERRANE_INIT_REPORT_FD = 7,
  TERRANE_INIT_LIFE_FD =
      8, /* a pipe whose other end only terrane has: it closes when terrane ends */
  /* Only without namespaces: */
  TERRANE_INIT_SETUP_FD = 9,         /* of a TerraneInitSetup */
  TERRANE_INIT_RELEASE_FD = 10,      /* a byte here lets the program start */
  TERRANE_INIT_ROOT_FD = 11,         /* directory that becomes the program's root */
  TERRANE_INIT_RULES_FD = 12,        /* of Landlock */
  TERRANE_INIT_MAX_PROCESSES = 1024, /* Lambda's limit, including threads */
  TERRANE_INIT_MAX_FILES = 1024,     /* Lambda's limit */
};

typedef struct
{
  uint32_t ended;     /* 1 if the other members are set, after the program has ended */
  int32_t exec_errno; /* why the program was not executed; 0 when it was */
  int32_t status;     /* as returned by wait() */
  uint32_t unused;
  uint64_t cpu_usecs;  /* of the program and its descendants */
  uint64_t peak_bytes; /* of the largest single process among those */
  uint64_t read_bytes; /* from storage, by all of those */
  uint64_t major_faults;
} TerraneInitReport;

/* Its argv[0] without namespaces: it is not process 1, and kills its descendants instead of every
 * process that it can see. */
#define TERRANE_INIT_TREE "tree"

enum
{
  TERRANE_INIT_MAX_FILTER = 4096, /* instructions; the kernel's limit */
  TERRANE_INIT_MAX_PATH = 4096,
};

/* Setup that bubblewrap does with namespaces. */
typedef struct
{
  uint32_t change_root;
  uint32_t change_user; /* otherwise, with another root, capabilities are dropped */
  uint32_t uid;
  uint32_t gid;
  uint32_t terminal;  /* the program stays in the session of its terminal */
  uint32_t has_rules; /* of Landlock */
  uint32_t n_filter;  /* of struct sock_filter: 8 bytes each */
  uint32_t unused;
  uint64_t file_bytes;                     /* size limit of written files; 0 for none */
  char working_dir[TERRANE_INIT_MAX_PATH]; /* below the new root */
  uint64_t filter[TERRANE_INIT_MAX_FILTER];
} TerraneInitSetup;
