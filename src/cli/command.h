// What a command of `kong` is made of. One file per command, listed in commands.cc.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/arguments.h"
#include "cli/console.h"
#include "cli/settings.h"
#include "util/result.h"

namespace silverback::cli {

// Kong's version, which scripts and clients decide by.
inline constexpr std::string_view kVersion = "2.8.5";

struct Invocation {
  Arguments arguments;
  std::string subcommand;  // one of Command::subcommands, or ""
  Console& console;
  const Environment& environment;
};

struct Command {
  std::string_view name;
  std::string_view usage;  // the help text, up to and with its last option of its own
  Syntax syntax;
  std::vector<std::string_view> subcommands;
  // Gives the exit code; an error is printed and means 1.
  Result<int> (*run)(const Invocation&);
};

std::span<const Command* const> Commands();  // by name

// Words: without the program's name. Gives the exit code.
int RunCommandLine(std::vector<std::string> words, const Environment& environment,
                   Console& console);

}  // namespace silverback::cli
