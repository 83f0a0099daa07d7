#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "cli/commands.h"
#include "cli/node.h"
#include "cli/ownership.h"
#include "runtime/store_factory.h"
#include "store/dao.h"
#include "store/declarative/configuration.h"
#include "store/declarative/document.h"
#include "store/declarative/transfer.h"

namespace silverback::cli {
namespace {

constexpr std::string_view kUsage = R"(Usage: kong config COMMAND [OPTIONS]

Work with declarative configuration files.

The available commands are:
  init [<file>]                       Write an example file to start from
                                      (kong.yml unless named).

  db_import <file>                    Load a declarative file into the database.

  db_export [<file>]                  Write the database's content as a
                                      declarative file (kong.yml unless named).

  parse <file>                        Check a declarative file and load it
                                      nowhere.

Options:
 -c,--conf        (optional string)   Configuration file.
 -p,--prefix      (optional string)   Prefix directory.
)";

namespace declarative = store::declarative;

constexpr const char* kDefaultFile = "kong.yml";

std::string FileOf(const Invocation& invocation) {
  const auto& words = invocation.arguments.words();
  return std::filesystem::absolute(words.empty() ? kDefaultFile : words[0]).string();
}

Error Refused(std::string message) { return Error(ErrorCode::kInvalidInput, std::move(message)); }

Result<int> Init(const Invocation& invocation) {
  const std::string path = FileOf(invocation);
  if (std::filesystem::exists(path))
    return Refused(path + " already exists.\nWill not overwrite it.");
  std::ofstream file(path);
  file << declarative::ExampleDocument();
  file.close();
  // Kong 2.8 says nothing about it.
  if (!file) invocation.console.Verbose("cannot write " + path);
  return 0;
}

Result<declarative::Configuration> ParseNamedFile(const Invocation& invocation,
                                                  const entity::Catalog& catalog) {
  if (invocation.arguments.words().empty()) {
    return Refused("expected a declarative configuration file; see `kong config --help`");
  }
  const auto failed = [](const Error& error) {
    const bool by_place = error.code() == ErrorCode::kDeclarativeConfig;
    return Refused("Failed parsing:\n" +
                   (by_place ? declarative::DescribeErrors(error.fields()) : error.message()));
  };
  auto document = declarative::ParseFile(FileOf(invocation));
  if (!document) return failed(document.error());
  auto configuration =
      declarative::Flatten(catalog, std::move(document->content), std::move(document->hash));
  if (!configuration) return failed(configuration.error());
  return configuration;
}

Result<int> Parse(const Invocation& invocation, const entity::Catalog& catalog) {
  const auto configuration = ParseNamedFile(invocation, catalog);
  if (!configuration) return configuration.error();
  invocation.console.Say("parse successful");
  return 0;
}

// Large transfers say how far they are, small ones when asked to be verbose.
constexpr size_t kWorthTelling = 10000;

declarative::Progress Progress(Console& console, const char* what) {
  return [&console, what, told = size_t{0}](size_t done, size_t total) mutable {
    const std::string text =
        total ? fmt::format("{}: {} of {}", what, done, total) : fmt::format("{}: {}", what, done);
    const size_t step = std::max(total / 10, kWorthTelling);
    const bool tell = done >= told + step || (done == total && total >= kWorthTelling);
    if (tell) told = done;
    console.Log(tell ? Level::kInfo : Level::kVerbose, text);
  };
}

Result<int> Import(const Invocation& invocation, const config::GatewayConf& conf,
                   const entity::Catalog& catalog) {
  Console& console = invocation.console;
  const auto configuration = ParseNamedFile(invocation, catalog);
  if (!configuration) return configuration.error();
  console.Say("parse successful, beginning import");
  if (conf.embedded_store()) {
    if (Status made = MakePrefix(invocation, conf); !made) return made.error();
  }
  const auto store = runtime::OpenDatabase(conf, catalog);
  if (!store) return store.error();
  store::Dao dao(catalog, **store, nullptr);
  const Status imported =
      declarative::Import(dao, *configuration, Progress(console, "rows imported"));
  if (Status updated = UpdateReplica(invocation, conf, catalog, **store); !updated) {
    console.Warn("this node goes on with what it knew before: " + updated.error().message());
  }
  if (!imported) {
    return Refused(fmt::format("Failed importing:\n[{}] {}", (*store)->strategy(),
                               imported.error().message()));
  }
  console.Say("import successful");
  return 0;
}

Status ExportTo(const std::string& path, store::Dao& dao, Console& console) {
  // Kong's command succeeds too, but without a file.
  std::error_code ignored;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), ignored);
  // It may hold keys and passwords.
  if (const int made = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600); made >= 0)
    close(made);
  std::ofstream file(path);
  const auto write = [&](std::string_view piece) -> Status {
    if (file.write(piece.data(), static_cast<std::streamsize>(piece.size()))) return Ok();
    return Error(ErrorCode::kIo, fmt::format("cannot write {}: {}", path, strerror(errno)));
  };
  if (Status opened = write(""); !opened) return opened;
  Status exported = declarative::Export(dao, write, Progress(console, "rows exported"));
  file.close();
  if (exported && !file) {
    exported = Error(ErrorCode::kIo, fmt::format("cannot write {}: {}", path, strerror(errno)));
  }
  if (!exported) unlink(path.c_str());
  return exported;
}

Result<int> Export(const Invocation& invocation, const config::GatewayConf& conf,
                   const entity::Catalog& catalog) {
  const std::string path = FileOf(invocation);
  if (std::filesystem::exists(path))
    return Refused(path + " already exists. Will not overwrite it.");
  if (conf.embedded_store() && !std::filesystem::exists(runtime::EmbeddedStorePath(conf))) {
    return Refused("nothing is stored in prefix: " + conf.prefix());
  }
  const auto store = runtime::OpenDatabase(conf, catalog);
  if (!store) return store.error();
  store::Dao dao(catalog, **store, nullptr);
  if (Status exported = ExportTo(path, dao, invocation.console); !exported) {
    return exported.error();
  }
  return 0;
}

Result<int> Run(const Invocation& invocation) {
  const std::string& command = invocation.subcommand;
  if (command == "init") return Init(invocation);
  const auto conf = LoadRunningConfAnew(invocation);
  if (!conf) return conf.error();
  if (conf->database() == "off" && command == "db_export") {
    return Refused("'kong config db_export' only works with a database.");
  }
  if (conf->database() == "off" && command == "db_import") {
    return Refused(
        "'kong config db_import' only works with a database.\n"
        "When using database=off, reload your declarative configuration\n"
        "using the /config endpoint.");
  }
  const auto catalog = OpenFullCatalog(*conf);
  if (!catalog) return catalog.error();
  if (command == "parse") return Parse(invocation, **catalog);
  if (command == "db_export") return Export(invocation, *conf, **catalog);
  return Import(invocation, *conf, **catalog);
}

}  // namespace

const Command kConfigCommand{
    "config",
    kUsage,
    {.options = {{"conf", 'c', OptionKind::kText, ""}, {"prefix", 'p', OptionKind::kText, ""}},
     .words = {}},
    {"init", "db_import", "db_export", "parse"},
    &Run};

}  // namespace silverback::cli
