/* Programs of this machine that builds use. */
#include "builder/doctor/rows.h"

#include "builder/sandbox/emulator.h"

#include "oci/base/architecture.h"

#include <string.h>

enum
{
  FIRST_MINOR = 8,
  LAST_MINOR = 20,
};

static void
look_for_emulator (TerraneRound *round)
{
  static const char *const architectures[] = { "amd64", "arm64" };
  for (size_t i = 0; i < G_N_ELEMENTS (architectures); i++)
    {
      g_auto (TerraneEmulator) emulator = { 0 };
      terrane_emulator_find_here (architectures[i], &emulator);
      switch (emulator.kind)
        {
        case TERRANE_EMULATION_NONE:
          break;
        case TERRANE_EMULATION_REGISTERED:
          terrane_round_add (round, TERRANE_SYMPTOM_OK, NULL, "%s for %s, by the kernel",
                             emulator.name, architectures[i]);
          break;
        case TERRANE_EMULATION_PROGRAM:
          terrane_round_add (round, TERRANE_SYMPTOM_OK, NULL,
                             "%s for %s, without binfmt_misc: in bubblewrap alone, and programs "
                             "cannot start others",
                             emulator.program, architectures[i]);
          break;
        case TERRANE_EMULATION_MISSING:
        default:
          terrane_round_add (round, TERRANE_SYMPTOM_LIMITED, "sudo apt install qemu-user-static",
                             "no QEMU for %s: such images are built, and not run",
                             architectures[i]);
        }
    }
}

static void
look_for_strip (TerraneRound *round)
{
  const char *const argv[] = { "eu-strip", "--version", NULL };
  g_autofree char *version = terrane_round_ask_program (argv);
  if (version != NULL)
    terrane_round_add (round, TERRANE_SYMPTOM_OK, NULL, "%s", version);
  else
    terrane_round_add (round, TERRANE_SYMPTOM_LIMITED, "sudo apt install elfutils",
                       "not in PATH: \"strip\" does not work");
}

static void
look_for_lock_tool (TerraneRound *round)
{
  static const char *const programs[] = { "uv", "pip-compile" };
  for (size_t i = 0; i < G_N_ELEMENTS (programs); i++)
    {
      const char *const argv[] = { programs[i], "--version", NULL };
      g_autofree char *version = terrane_round_ask_program (argv);
      if (version == NULL)
        continue;
      terrane_round_add (round, TERRANE_SYMPTOM_OK, NULL, "%s", version);
      return;
    }
  terrane_round_add (round, TERRANE_SYMPTOM_LIMITED,
                     "sudo apt install pipx && pipx install uv, and ~/.local/bin in PATH",
                     "neither uv nor pip-compile is in PATH, one of which locks requirements");
}

static void
look_for_python (TerraneRound *round)
{
  g_autoptr (GString) found = g_string_new (NULL);
  for (int minor = FIRST_MINOR; minor <= LAST_MINOR; minor++)
    {
      g_autofree char *name = g_strdup_printf ("python3.%d", minor);
      g_autofree char *path = g_find_program_in_path (name);
      if (path != NULL)
        g_string_append_printf (found, "%s%s", found->len > 0 ? ", " : "", name);
    }
  if (found->len > 0)
    terrane_round_add (round, TERRANE_SYMPTOM_OK, NULL,
                       "%s, for bytecode of images whose own does not run here", found->str);
  else
    terrane_round_add (round, TERRANE_SYMPTOM_LIMITED, "sudo apt install python3",
                       "no python3.N in PATH: bytecode is compiled by the image's own alone");
}

const TerraneDoctorRow terrane_doctor_host_rows[] = {
  { "programs", "emulator", look_for_emulator },
  { "programs", "eu-strip", look_for_strip },
  { "programs", "lock-tool", look_for_lock_tool },
  { "programs", "python", look_for_python },
  { NULL, NULL, NULL },
};
