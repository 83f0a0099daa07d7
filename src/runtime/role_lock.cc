#include "runtime/role_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace silverback::runtime {

bool RoleLock::TryTake() {
  if (file_ >= 0) return true;
  constexpr mode_t kOwnerOnly = 0600;
  const int file = open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kOwnerOnly);
  if (file < 0) return false;
  if (flock(file, LOCK_EX | LOCK_NB) != 0) {
    close(file);
    return false;
  }
  file_ = file;
  return true;
}

void RoleLock::Release() {
  if (file_ >= 0) close(file_);
  file_ = -1;
}

}  // namespace silverback::runtime
