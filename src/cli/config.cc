#include <fmt/format.h>

#include <filesystem>
#include <fstream>

#include "cli/commands.h"
#include "util/embedded.h"

namespace silverback::embedded {
std::span<const util::EmbeddedFile> cli_texts();
}

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

constexpr const char* kDefaultFile = "kong.yml";

std::string FileOf(const Invocation& invocation) {
  const auto& words = invocation.arguments.words();
  return std::filesystem::absolute(words.empty() ? kDefaultFile : words[0]).string();
}

Result<int> Init(const Invocation& invocation) {
  const std::string path = FileOf(invocation);
  if (std::filesystem::exists(path)) {
    return Error(ErrorCode::kInvalidInput, path + " already exists.\nWill not overwrite it.");
  }
  std::ofstream file(path);
  file << embedded::cli_texts().front().text;
  file.close();
  // Kong 2.8 says nothing about it.
  if (!file) invocation.console.Verbose("cannot write " + path);
  return 0;
}

Result<int> Run(const Invocation& invocation) {
  if (invocation.subcommand == "init") return Init(invocation);
  return Error(
      ErrorCode::kOperationUnsupported,
      fmt::format("'kong config {}' is not available in this version", invocation.subcommand));
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
