// RoleLock: makes one process of a node hold a role at a time, by a lock on a file that the kernel
// gives up when the process dies. One thread.
#pragma once

#include <string>

namespace silverback::runtime {

class RoleLock {
 public:
  explicit RoleLock(std::string path) : path_(std::move(path)) {}
  ~RoleLock() { Release(); }
  RoleLock(const RoleLock&) = delete;
  RoleLock& operator=(const RoleLock&) = delete;

  // Does not wait. The file is made when it is missing.
  bool TryTake();
  void Release();

 private:
  const std::string path_;
  int file_ = -1;
};

}  // namespace silverback::runtime
