#include <unistd.h>

#include <iostream>

#include "cli/command.h"
#include "util/allocator.h"

int main(int count, char** words) {
  silverback::TuneAllocator();
  silverback::cli::Console console(std::cout, std::cerr);
  const auto environment = silverback::cli::ReadEnvironment(environ);
  const int code =
      silverback::cli::RunCommandLine({words + 1, words + count}, environment, console);
  console.Flush();
  return code;
}
