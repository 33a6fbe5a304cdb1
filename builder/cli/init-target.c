#include "builder/cli/init-target.h"

static const TerraneInitTarget targets[] = {
  { .name = "aws-lambda",
    .image = "docker://public.ecr.aws/lambda/python:%s",
    .prefix = "/var/task",
    .platform = "Lambda",
    .packages = "",
    .called = ", which Lambda calls",
    .repository = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/%s" },
  { .name = "cloud-run",
    .image = "docker://docker.io/library/python:%s-slim-bookworm",
    .prefix = "/srv",
    .platform = "Cloud Run",
    .packages = "functions-framework\n",
    .called = ", which `app/main.py` calls for each request",
    .repository = "europe-west1-docker.pkg.dev/PROJECT/REPOSITORY/%s",
    .files = { { "app/main.py", "cloud-run/main.py" } } },
  { .name = "azure-functions",
    .image = "docker://mcr.microsoft.com/azure-functions/python:4-python%s",
    .prefix = "/home/site/wwwroot",
    .platform = "Azure Functions",
    .packages = "",
    .called = ", which `app/server.py` calls for each request; `app/host.json` and "
              "`app/handle/function.json` say that to Azure",
    .repository = "REGISTRY.azurecr.io/%s",
    .image_only = TRUE,
    .files = { { "app/server.py", "azure/server.py" },
               { "app/host.json", "azure/host.json" },
               { "app/handle/function.json", "azure/function.json" } } },
  { .name = "oci",
    .image = "docker://docker.io/library/python:%s-slim-bookworm",
    .prefix = "/srv",
    .platform = "any runtime of containers",
    .packages = "",
    .called = ", which `app/main.py` calls with the event that it reads",
    .repository = "ghcr.io/OWNER/%s",
    .files = { { "app/main.py", "oci/main.py" } } },
};

const TerraneInitTarget *
terrane_init_target_find (const char *name)
{
  for (size_t i = 0; i < G_N_ELEMENTS (targets); i++)
    if (g_str_equal (targets[i].name, name))
      return &targets[i];
  return NULL;
}

/* Replaces "%s" in the repository's name by the name of the image. */
static char *
repository_of (const TerraneInitTarget *self, const TerraneInitFacts *facts)
{
  g_auto (GStrv) parts = g_strsplit (self->repository, "%s", 2);
  return g_strjoinv (facts->name, parts);
}

static char *
commands_of (const TerraneInitTarget *self, const TerraneInitFacts *facts)
{
  g_autofree char *repository = repository_of (self, facts);
  g_autofree char *try =
      g_str_equal (self->name, "aws-lambda")
          ? g_strdup_printf ("terrane invoke %s --event event.json\n", facts->name)
      : g_str_equal (self->name, "oci")
          ? g_strdup_printf ("terrane run %s < event.json\n", facts->name)
          : g_strdup ("");
  return g_strdup_printf ("terrane build profile.json\n%sterrane push %s docker://%s:1\n", try,
                          facts->name, repository);
}

/* Returns the configuration: what a base without one lacks, and the command that starts the
 * function. */
static char *
config_of (const TerraneInitTarget *self, const TerraneInitFacts *facts)
{
  if (g_str_equal (self->name, "cloud-run"))
    return g_strdup_printf ("    \"entrypoint\": [\"%s\", \"-m\", \"functions_framework\"],\n"
                            "    \"cmd\": [\"--target=serve\"],\n"
                            "    \"working_dir\": \"/srv\",\n",
                            facts->interpreter);
  if (g_str_equal (self->name, "oci"))
    return g_strdup_printf ("    \"entrypoint\": [\"%s\", \"-m\", \"main\"],\n"
                            "    \"cmd\": [],\n"
                            "    \"working_dir\": \"/srv\",\n",
                            facts->interpreter);
  if (!g_str_equal (self->name, "aws-lambda"))
    return g_strdup ("");
  g_autofree char *runtime =
      facts->is_rootfs
          ? g_strdup_printf ("    \"entrypoint\": [\"%s\", \"-m\", \"awslambdaric\"],\n"
                             "    \"working_dir\": \"/var/task\",\n",
                             facts->interpreter)
          : g_strdup ("");
  return g_strdup_printf ("%s    \"cmd\": [\"%s.%s\"],\n", runtime, facts->module, facts->function);
}

static const char *
env_of (const TerraneInitTarget *self)
{
  return g_str_equal (self->name, "azure-functions")
             ? "      \"AzureWebJobsScriptRoot\": \"/home/site/wwwroot\",\n"
               "      \"FUNCTIONS_WORKER_RUNTIME\": \"custom\",\n"
               "      \"AzureFunctionsJobHost__Logging__Console__IsEnabled\": \"true\",\n"
               "      \"PYTHONPATH\": \"/home/site/wwwroot\",\n"
             : "";
}

static const char *
validate_of (const TerraneInitTarget *self)
{
  if (g_str_equal (self->name, "aws-lambda"))
    return "    \"invoke\": { \"event\": \"event.json\" },\n";
  if (g_str_equal (self->name, "cloud-run"))
    return "    \"http\": [\n"
           "      { \"path\": \"/\", \"method\": \"POST\", \"body\": \"[]\", "
           "\"expect_status\": 400, \"expect_body\": \"needs a JSON object\" }\n"
           "    ],\n";
  return "";
}

static char *
about (const TerraneInitTarget *self)
{
  if (g_str_equal (self->name, "aws-lambda"))
    return g_strdup ("- `config.cmd`: the handler as `module.function`.\n");
  if (g_str_equal (self->name, "azure-functions"))
    return g_strdup ("");
  return g_strdup ("- `config.entrypoint`, `config.cmd`: what the container starts.\n");
}

static const char *
about_validate (const TerraneInitTarget *self)
{
  if (g_str_equal (self->name, "aws-lambda"))
    return "\n  `validate.invoke`: an event that the function must answer without an error; "
           "`expect` "
           "beside it may say what must be in the answer.";
  if (g_str_equal (self->name, "cloud-run"))
    return "\n  `validate.http`: requests that the container must answer; with the event as "
           "`body`, "
           "the function's own.";
  return "";
}

static char *
about_deploy (const TerraneInitTarget *self, const TerraneInitFacts *facts)
{
  if (!g_str_equal (self->name, "aws-lambda"))
    return g_strdup ("");
  return g_strdup_printf (
      "\nA function that exists gets the image, once a new version has answered the event, by "
      "`terrane deploy profile.json` and\n\n```json\n"
      "\"deploy\": { \"function\": \"%s\", \"alias\": \"live\", \"region\": \"eu-west-1\", "
      "\"smoke\": { \"event\": \"event.json\" } }\n```\n",
      facts->name);
}

char *
terrane_init_target_word (const TerraneInitTarget *self, const TerraneInitFacts *facts,
                          const char *word)
{
  if (g_str_equal (word, "COMMANDS"))
    return commands_of (self, facts);
  if (g_str_equal (word, "REPOSITORY"))
    return repository_of (self, facts);
  if (g_str_equal (word, "CONFIG"))
    return config_of (self, facts);
  if (g_str_equal (word, "ABOUT"))
    return about (self);
  if (g_str_equal (word, "DEPLOY"))
    return about_deploy (self, facts);
  if (g_str_equal (word, "PACKAGES"))
    return g_strconcat (
        self->packages,
        facts->is_rootfs && g_str_equal (self->name, "aws-lambda") ? "awslambdaric\n" : "", NULL);
  return g_strdup (g_str_equal (word, "TARGET")          ? self->name
                   : g_str_equal (word, "PREFIX")        ? self->prefix
                   : g_str_equal (word, "ENV")           ? env_of (self)
                   : g_str_equal (word, "VALIDATE")      ? validate_of (self)
                   : g_str_equal (word, "ABOUTVALIDATE") ? about_validate (self)
                   : g_str_equal (word, "CALLED")        ? self->called
                                                         : NULL);
}
