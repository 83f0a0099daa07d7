// Directory: an LDAP server that says whether a name and a password belong together. Connections
// are kept for the next question. Blocking; any thread.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "util/result.h"

namespace silverback::plugins {

class Directory {
 public:
  struct Options {
    std::string host;
    int port = 389;
    bool ldaps = false, start_tls = false, verify = false;
    int timeout_ms = 10000, keepalive_ms = 60000;
  };
  explicit Directory(Options options);
  ~Directory();

  // An error: the server could not be asked.
  Result<bool> Binds(const std::string& name, const std::string& password);

 private:
  struct Connection;
  std::unique_ptr<Connection> TakeIdle();
  Result<std::unique_ptr<Connection>> Connect() const;
  void Keep(std::unique_ptr<Connection> connection);

  const Options options_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Connection>> idle_;  // guarded by mutex_
};

}  // namespace silverback::plugins
