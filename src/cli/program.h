// Runs other programs to their end.
#pragma once

#include <string>
#include <vector>

namespace silverback::cli {

inline constexpr int kNoSuchProgram = 127;

struct Finished {
  int exit_code = -1;
  std::string output;  // standard error
};

// Runs a program with its standard error collected; the standard output is the caller's. Returns
// when the program ends, even when a daemon that it has started lives on.
Finished RunProgram(const std::vector<std::string>& command);

// Replaces this process. Comes back only on failure, with the reason.
std::string BecomeProgram(const std::vector<std::string>& command);

}  // namespace silverback::cli
