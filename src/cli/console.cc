#include "cli/console.h"

#include <ctime>
#include <ostream>

namespace silverback::cli {
namespace {

constexpr const char* kNames[] = {"debug", "verbose", "info", "warn", "error"};

std::string Time() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  localtime_r(&now, &parts);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y/%m/%d %H:%M:%S", &parts)};
}

Level LevelOf(config::LogLevel level) {
  switch (level) {
    case config::LogLevel::kDebug:
      return Level::kDebug;
    case config::LogLevel::kVerbose:
      return Level::kVerbose;
    case config::LogLevel::kWarning:
      return Level::kWarning;
    default:
      return Level::kInfo;
  }
}

}  // namespace

void Console::Log(Level level, std::string_view message) {
  if (level < lowest_) return;
  std::ostream& to = level >= Level::kWarning ? err_ : out_;
  if (verbose() || level >= Level::kWarning) {
    to << Time() << " [" << kNames[static_cast<int>(level)] << "] ";
  }
  to << message << '\n';
}

void Console::Print(std::string_view text) { out_ << text << '\n'; }
void Console::Ask(std::string_view question) { out_ << question << std::flush; }
void Console::PrintError(std::string_view text) { err_ << text << '\n'; }

void Console::Flush() {
  out_.flush();
  err_.flush();
}

void Console::Failed(const Error& error) {
  if (verbose()) {
    err_ << "Error: \n" << error.message() << '\n';
    return;
  }
  err_ << "Error: " << error.message()
       << "\n\n  Run with --v (verbose) or --vv (debug) for more details\n";
}

config::LogSink Console::Sink() {
  return [this](config::LogLevel level, const std::string& message) {
    if (level == config::LogLevel::kPlain) {
      Print(message);
    } else {
      Log(LevelOf(level), message);
    }
  };
}

}  // namespace silverback::cli
