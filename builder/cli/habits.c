#include "builder/cli/habits.h"

#include <string.h>

/* Whether @word is in @words, each of which is surrounded by spaces. */
static gboolean
has_word (const char *words, const char *word)
{
  g_autofree char *spaced = g_strconcat (" ", word, " ", NULL);
  return strstr (words, spaced) != NULL;
}

const char *
terrane_habit_command (const char *name)
{
  static const struct
  {
    const char *names;
    const char *advice;
  } rows[] = {
    { " ls list image ps ", "'terrane images' lists the images of the store" },
    { " rmi remove delete del ", "'terrane rm' removes an image's name" },
    { " prune clean autoclean ", "'terrane gc' deletes what no image needs" },
    { " save export load import cp skopeo ", "'terrane copy' copies images to and from files" },
    { " history show info ", "'terrane inspect' shows an image" },
    { " exec shell start ", "'terrane run' runs a program of an image" },
    { " call event local ", "'terrane invoke' gives an image's function an event" },
    { " publish upload ",
      "'terrane push' pushes an image, and 'terrane deploy' updates functions" },
    { " update upgrade ", "'terrane lock' resolves the sources of a profile again" },
    { " install ", "'terrane add' adds packages to a profile" },
    { " uninstall ", "remove the package from the requirements file, then 'terrane lock'" },
    { " scan lint audit ",
      "'terrane check' looks at an image or profile, and 'terrane drift' asks for "
      "advisories" },
    { " test ",
      "'terrane validate' runs the tests of an image, and 'terrane invoke' its function" },
    { " new create ", "'terrane init' writes a profile" },
    { " commit ", "images are built of profiles: 'terrane build'" },
    { " verify ",
      "'terrane build --verify' compares two builds, and 'terrane fsck' reads the store" },
    { " sbom size ", "'terrane report' writes a page with sizes and packages" },
  };
  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    if (has_word (rows[i].names, name))
      return rows[i].advice;
  return NULL;
}

const char *
terrane_habit_option (const char *command, const char *word)
{
  static const struct
  {
    const char *commands;
    const char *names;
    const char *advice;
  } rows[] = {
    { " build ", " -t --tag --name ",
      "the image has the \"name\" of its profile; 'terrane tag' gives it another one" },
    { " build ", " -f --file --profile ", "the profile is an argument: terrane build PROFILE" },
    { " build ", " --no-cache --force --rebuild ",
      "what did not change is reused by its digest; to make all of it again, give --store an empty "
      "directory" },
    { " build push pull copy deploy ", " --dry-run -n ",
      "'terrane plan' says what a build and a push would do" },
    { " build ", " --build-arg --target --label --squash --progress ",
      "the profile says it; see docs/profile.md, or 'man 5 terrane-profile'" },
    { " run invoke ", " -it -ti -i -t --tty --interactive ",
      "standard input and the terminal are the program's without an option" },
    { " invoke ", " --payload --data -d --body ",
      "give the event with --event FILE, or on standard input" },
    { " run invoke serve ", " --rm -d --detach --name ",
      "nothing remains of a sandbox, and it has no name" },
    { " run invoke ", " -p --publish ", "'terrane serve' has the image's function on a port" },
    { " run ", " -u --user -w --workdir --entrypoint ",
      "user and directory are those of the image; --cmd replaces its command" },
    { " images ", " -a --all -q ", "all images of the store are listed" },
    { " push pull copy inspect ",
      " --insecure --insecure-registry --src-tls-verify --dest-tls-verify ",
      "--tls-verify=false does not verify certificates, and allows plain HTTP" },
    { " login ", " -p --password ", "give the password on standard input, with --password-stdin" },
  };
  g_autofree char *name = g_strndup (word, strcspn (word, "="));
  for (size_t i = 0; command != NULL && i < G_N_ELEMENTS (rows); i++)
    if (has_word (rows[i].commands, command) && has_word (rows[i].names, name))
      return rows[i].advice;
  return NULL;
}
