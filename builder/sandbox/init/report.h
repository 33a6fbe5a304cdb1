/* What process 1 of a sandbox tells the outside; written to a file in memory that both have. */
#pragma once

#include <stdint.h>

enum
{
  TERRANE_INIT_PROGRAM_FD = 6, /* the program of process 1 itself */
  TERRANE_INIT_REPORT_FD = 7,
  TERRANE_INIT_LIFE_FD = 8, /* a pipe whose other end is terrane's alone: it ends with terrane */
  TERRANE_INIT_MAX_PROCESSES = 1024, /* Lambda's, threads included */
  TERRANE_INIT_MAX_FILES = 1024,     /* Lambda's */
};

typedef struct
{
  uint32_t ended;     /* 1 when the rest is about an end */
  int32_t exec_errno; /* why the program was not executed; 0 when it was */
  int32_t status;     /* as wait() has it */
  uint32_t unused;
  uint64_t cpu_usecs;  /* of the program and everything it started */
  uint64_t peak_bytes; /* of the largest single process among those */
  uint64_t read_bytes; /* from storage, by all of those */
  uint64_t major_faults;
} TerraneInitReport;
