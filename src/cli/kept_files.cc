#include "cli/kept_files.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "config/files.h"

namespace silverback::cli {

KeptFiles::KeptFiles(const std::vector<std::string>& paths) {
  for (const std::string& path : paths) {
    File file;
    file.path = path;
    auto content = config::ReadWholeFile(path);
    file.existed = content && stat(path.c_str(), &file.stat) == 0;
    if (file.existed) file.content = *std::move(content);
    files_.push_back(std::move(file));
  }
}

Status KeptFiles::Restore() const {
  for (const File& file : files_) {
    if (!file.existed) {
      unlink(file.path.c_str());
      continue;
    }
    const mode_t mode = file.stat.st_mode & 07777;
    if (Status done = config::WriteFile(file.path, file.content, mode); !done) return done;
    if (chown(file.path.c_str(), file.stat.st_uid, file.stat.st_gid) != 0) {
      return Error(ErrorCode::kIo, file.path + ": " + strerror(errno));
    }
  }
  return Ok();
}

}  // namespace silverback::cli
