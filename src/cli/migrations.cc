#include <unistd.h>

#include <iostream>

#include "cli/commands.h"
#include "cli/migration_flow.h"
#include "cli/node.h"
#include "cli/ownership.h"
#include "runtime/store_factory.h"

namespace silverback::cli {
namespace {

constexpr std::string_view kUsage = R"(Usage: kong migrations COMMAND [OPTIONS]

Manage the migrations of the database's schema.

The available commands are:
  bootstrap                         Prepare an empty database and run all
                                    migrations.

  up                                Run new migrations, as far as nodes of the
                                    old version can live with.

  finish                            Run the rest, which they cannot.

  list                              List migrations: executed, pending, new.

  reset                             Drop everything from the database.

Beyond Kong's (PostgreSQL only, but for 'status'):

status [--json]                     Tell what state the database is in, who
                                    runs migrations, and which older nodes are
                                    seen.

abort                               Take the last 'up' back; not possible any
                                    more after 'finish'.

migrate-apis                        Turn the APIs of a database of Kong 0.14
                                    into services and routes.

bootstrap|up|finish --dry-run       Print what would be done: statements, locks,
                                    rows.

finish --force-finish               Although nodes of an older version are seen.

Options:
 -y,--yes                           Do not ask before 'reset' and 'abort'.

 -q,--quiet                         Accepted, without effect, as in Kong 2.8.

 -f,--force                         Also run what has been executed before;
                                    'bootstrap' resets the database first;
                                    'migrate-apis' takes APIs with custom
                                    plugins too.

 --db-timeout     (default 60)      Longest time for a database operation, in
                                    seconds.

 --lock-timeout   (default 60)      Longest wait for another node that runs
                                    migrations, in seconds.

 -c,--conf        (optional string) Configuration file.

 -p,--prefix      (optional string) Prefix directory.
)";

// Three answers that are none mean no.
bool Confirmed(Console& console, std::string_view question) {
  for (int tries = 0; tries < 3; ++tries) {
    console.Ask(fmt::format("> {} [Y/n] ", question));
    std::string answer;
    std::getline(std::cin, answer);
    if (answer == "y" || answer == "Y" || answer == "yes" || answer == "YES") return true;
    if (answer == "n" || answer == "N" || answer == "no" || answer == "NO") return false;
  }
  return false;
}

MigrationFlow::Options OptionsOf(const Invocation& invocation) {
  const Arguments& arguments = invocation.arguments;
  MigrationFlow::Options options;
  options.lock_timeout = arguments.Number("lock-timeout").value_or(options.lock_timeout);
  options.force = arguments.Flag("force");
  options.dry_run = arguments.Flag("dry-run");
  options.force_finish = arguments.Flag("force-finish");
  options.yes = arguments.Flag("yes");
  options.json = arguments.Flag("json");
  if (isatty(STDIN_FILENO)) {
    options.ask = [&console = invocation.console](std::string_view question) {
      return Confirmed(console, question);
    };
  }
  return options;
}

Result<bool> Reset(const MigrationFlow::Options& options, MigrationFlow& flow, Console& console) {
  if (!options.yes && !options.ask) {
    return Error(ErrorCode::kInvalidInput,
                 "not a tty: invoke 'reset' non-interactively with the --yes flag");
  }
  const auto state = flow.State();
  if (!state) return state.error();
  const bool asks = !options.yes && !state->needs_bootstrap;
  if (asks && !options.ask("Are you sure? This operation is irreversible.")) {
    console.Say("cancelled");
    return true;
  }
  return flow.Reset(options);
}

Result<bool> Done(const Status& status) {
  if (!status) return status.error();
  return true;
}

Result<int> RunSubcommand(const Invocation& invocation, MigrationFlow& flow) {
  const MigrationFlow::Options options = OptionsOf(invocation);
  const std::string& command = invocation.subcommand;
  if (command == "status") return flow.ShowStatus(options);
  if (command == "list") {
    const auto state = flow.State();
    if (!state) return state.error();
    return flow.List(*state);
  }
  const Result<bool> done = command == "bootstrap"      ? Done(flow.Bootstrap(options))
                            : command == "up"           ? Done(flow.Up(options))
                            : command == "finish"       ? flow.Finish(options)
                            : command == "abort"        ? flow.Abort(options)
                            : command == "migrate-apis" ? flow.MigrateApis(options)
                                                        : Reset(options, flow, invocation.console);
  if (!done) return done.error();
  return *done ? 0 : 1;
}

Result<int> Run(const Invocation& invocation) {
  const auto conf = LoadConf(invocation);
  if (!conf) return conf.error();
  if (Status made = MakePrefix(invocation, *conf); !made) return made.error();
  const auto catalog = runtime::OpenCatalog(*conf);
  if (!catalog) return catalog.error();
  const auto migrator = runtime::OpenMigrator(*conf, **catalog);
  if (!migrator) return migrator.error();
  MigrationFlow flow(**migrator, invocation.console);
  auto code = RunSubcommand(invocation, flow);
  if (code && conf->embedded_store()) {
    if (Status given = GiveToWorkers(*conf); !given) return given.error();
  }
  return code;
}

}  // namespace

const Command kMigrationsCommand{
    "migrations",
    kUsage,
    {.options = {{"yes", 'y', OptionKind::kFlag, ""},
                 {"quiet", 'q', OptionKind::kFlag, ""},
                 {"force", 'f', OptionKind::kFlag, ""},
                 {"dry-run", 0, OptionKind::kFlag, ""},
                 {"force-finish", 0, OptionKind::kFlag, ""},
                 {"json", 0, OptionKind::kFlag, ""},
                 {"db-timeout", 0, OptionKind::kNumber, "60"},
                 {"lock-timeout", 0, OptionKind::kNumber, "60"},
                 {"conf", 'c', OptionKind::kText, ""},
                 {"prefix", 'p', OptionKind::kText, ""}},
     .words = {}},
    {"bootstrap", "up", "finish", "list", "reset", "status", "abort", "migrate-apis"},
    &Run};

}  // namespace silverback::cli
