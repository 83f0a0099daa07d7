// What a command says: plain lines on the standard output, or lines with time and level when it is
// asked to be verbose; warnings and errors always with both, on the standard error. One thread.
#pragma once

#include <iosfwd>
#include <string>
#include <string_view>

#include "config/log.h"
#include "util/error.h"

namespace silverback::cli {

enum class Level { kDebug, kVerbose, kInfo, kWarning, kError };

class Console {
 public:
  Console(std::ostream& out, std::ostream& err) : out_(out), err_(err) {}

  void ShowFrom(Level level) { lowest_ = level; }
  bool verbose() const { return lowest_ < Level::kInfo; }

  void Say(std::string_view message) { Log(Level::kInfo, message); }
  void Verbose(std::string_view message) { Log(Level::kVerbose, message); }
  void Debug(std::string_view message) { Log(Level::kDebug, message); }
  void Warn(std::string_view message) { Log(Level::kWarning, message); }
  void Log(Level level, std::string_view message);
  void Print(std::string_view text);       // as it is, whatever the level
  void Ask(std::string_view question);     // without ending the line
  void PrintError(std::string_view text);  // the same on the standard error
  void Flush();
  // How a failed command ends.
  void Failed(const Error& error);

  // For the configuration code; as long as this lives.
  config::LogSink Sink();

 private:
  std::ostream& out_;
  std::ostream& err_;
  Level lowest_ = Level::kInfo;
};

}  // namespace silverback::cli
