// Picks the command, reads its words, prints what goes wrong.
#include <fmt/format.h>

#include <algorithm>

#include "cli/command.h"

namespace silverback::cli {
namespace {

constexpr std::string_view kUniversalOptions =
    " --v                  verbose\n"
    " --vv                 debug\n";
constexpr int kFailure = 1;

std::string OverallUsage() {
  std::string text = "Usage: kong COMMAND [OPTIONS]\n\nThe available commands are:\n";
  for (const Command* command : Commands()) text += fmt::format(" {}\n", command->name);
  return text + "\nOptions:\n" + std::string(kUniversalOptions);
}

Syntax WithUniversalOptions(Syntax syntax) {
  syntax.options.push_back({"v", 0, OptionKind::kFlag, ""});
  syntax.options.push_back({"vv", 0, OptionKind::kFlag, ""});
  return syntax;
}

// Ends a command whose words are wrong: what is, and how it should be.
int ShowUsage(Console& console, const std::string& mistake, std::string_view usage) {
  if (!mistake.empty()) console.PrintError(mistake + "\n");
  console.PrintError(usage.substr(0, usage.find_last_not_of('\n') + 1));
  return kFailure;
}

const Command* Find(std::string_view name) {
  for (const Command* command : Commands()) {
    if (command->name == name) return command;
  }
  return nullptr;
}

int RunWithoutCommand(const std::vector<std::string>& words, Console& console) {
  const ReadArguments read = Read(WithUniversalOptions({}), words);
  std::string mistake;
  if (!read.mistake.empty()) {
    mistake = "kong: " + read.mistake;
  } else if (!read.help && !read.arguments.words().empty()) {
    mistake = "No such command: " + read.arguments.words().front();
  }
  return ShowUsage(console, mistake, OverallUsage());
}

int Execute(const Command& command, const Invocation& invocation) {
  Console& console = invocation.console;
  if (invocation.arguments.Flag("vv")) {
    console.ShowFrom(Level::kDebug);
  } else if (invocation.arguments.Flag("v")) {
    console.ShowFrom(Level::kVerbose);
  }
  console.Verbose(fmt::format("Kong: {}", kVersion));
  const auto code = command.run(invocation);
  if (code) return *code;
  console.Failed(code.error());
  return kFailure;
}

}  // namespace

int RunCommandLine(std::vector<std::string> words, const Environment& environment,
                   Console& console) {
  const Command* command = words.empty() ? nullptr : Find(words.front());
  if (!command) return RunWithoutCommand(words, console);
  words.erase(words.begin());

  const std::string usage = std::string(command->usage) + std::string(kUniversalOptions);
  const Syntax syntax = WithUniversalOptions(command->syntax);
  ReadArguments read = Read(syntax, std::move(words));
  if (read.help) return ShowUsage(console, "", usage);
  if (!read.mistake.empty()) return ShowUsage(console, "kong: " + read.mistake, usage);

  Invocation invocation{std::move(read.arguments), "", console, environment};
  if (const auto& known = command->subcommands; !known.empty()) {
    const auto word = invocation.arguments.TakeWord();
    if (!word) return ShowUsage(console, "", usage);
    if (std::find(known.begin(), known.end(), *word) == known.end()) {
      return ShowUsage(console, fmt::format("No such command for {}: {}", command->name, *word),
                       usage);
    }
    invocation.subcommand = *word;
  }
  return Execute(*command, invocation);
}

}  // namespace silverback::cli
