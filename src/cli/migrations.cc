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

Options:
 -y,--yes                           Do not ask before 'reset'.

 -q,--quiet                         Accepted, without effect, as in Kong 2.8.

 -f,--force                         Also run what has been executed before;
                                    'bootstrap' resets the database first.

 --db-timeout     (default 60)      Longest time for a database operation, in
                                    seconds.

 --lock-timeout   (default 60)      Longest wait for another node that runs
                                    migrations, in seconds.

 -c,--conf        (optional string) Configuration file.

 -p,--prefix      (optional string) Prefix directory.
)";

// Three answers that are none mean no.
bool Confirmed(Console& console) {
  for (int tries = 0; tries < 3; ++tries) {
    console.Ask("> Are you sure? This operation is irreversible. [Y/n] ");
    std::string answer;
    std::getline(std::cin, answer);
    if (answer == "y" || answer == "Y" || answer == "yes" || answer == "YES") return true;
    if (answer == "n" || answer == "N" || answer == "no" || answer == "NO") return false;
  }
  return false;
}

Result<int> Reset(const Invocation& invocation, MigrationFlow& flow) {
  Console& console = invocation.console;
  if (!invocation.arguments.Flag("yes")) {
    if (!isatty(STDIN_FILENO)) {
      return Error(ErrorCode::kInvalidInput,
                   "not a tty: invoke 'reset' non-interactively with the --yes flag");
    }
    if (!Confirmed(console)) {
      console.Say("cancelled");
      return 0;
    }
  }
  const auto done = flow.Reset();
  if (!done) return done.error();
  return *done ? 0 : 1;
}

Result<int> RunSubcommand(const Invocation& invocation, MigrationFlow& flow) {
  MigrationFlow::Options options;
  options.lock_timeout = invocation.arguments.Number("lock-timeout").value_or(options.lock_timeout);
  options.force = invocation.arguments.Flag("force");
  const std::string& command = invocation.subcommand;
  if (command == "reset") return Reset(invocation, flow);
  if (command == "list") {
    const auto state = flow.State();
    if (!state) return state.error();
    return flow.List(*state);
  }
  Status done;
  if (command == "bootstrap") done = flow.Bootstrap(options);
  if (command == "up") done = flow.Up(options);
  if (command == "finish") done = flow.Finish(options);
  if (!done) return done.error();
  return 0;
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
  if (code) {
    if (Status given = GiveToWorkers(*conf); !given) return given.error();
  }
  return code;
}

}  // namespace

const Command kMigrationsCommand{"migrations",
                                 kUsage,
                                 {.options = {{"yes", 'y', OptionKind::kFlag, ""},
                                              {"quiet", 'q', OptionKind::kFlag, ""},
                                              {"force", 'f', OptionKind::kFlag, ""},
                                              {"db-timeout", 0, OptionKind::kNumber, "60"},
                                              {"lock-timeout", 0, OptionKind::kNumber, "60"},
                                              {"conf", 'c', OptionKind::kText, ""},
                                              {"prefix", 'p', OptionKind::kText, ""}},
                                  .words = {}},
                                 {"bootstrap", "up", "finish", "list", "reset"},
                                 &Run};

}  // namespace silverback::cli
