// Keeps files as they were, so that a command that is refused half-way leaves nothing changed.
#pragma once

#include <sys/stat.h>

#include <string>
#include <vector>

#include "util/result.h"

namespace silverback::cli {

class KeptFiles {
 public:
  explicit KeptFiles(const std::vector<std::string>& paths);

  // Writes them back with mode and owner, and removes what was not there. Error: kIo.
  Status Restore() const;

 private:
  struct File {
    std::string path;
    bool existed = false;
    struct stat stat = {};
    std::string content;
  };
  std::vector<File> files_;
};

}  // namespace silverback::cli
