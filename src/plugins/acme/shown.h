// Shown: the certificates that a worker shows for names which the configuration's rows know nothing
// of. A handshake cannot wait: what the storage does not give at once is there for the next one,
// and until then the default certificate is shown. Event loop only.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "plugin/handshake.h"
#include "plugins/acme/certifier.h"

namespace silverback::plugins::acme {

class Shown : public std::enable_shared_from_this<Shown> {
 public:
  Shown(std::shared_ptr<Certifier> certifier, plugin::PluginEnv& env)
      : certifier_(std::move(certifier)), env_(env) {}

  // For a host without a certificate of the configuration: shows one, or sees to it that there will
  // be one.
  void Present(const std::string& host, plugin::Handshake& handshake);

 private:
  struct Host {
    std::optional<CertificateAndKey> pair;
    double look_again_at = 0;  // in the storage
    bool busy = false;         // it is being looked for or made
  };
  void Look(const std::string& host);
  void Take(const std::string& host, Result<std::optional<CertificateAndKey>> found);
  void Make(const std::string& host);
  void Rest(const std::string& host, double seconds);

  const std::shared_ptr<Certifier> certifier_;
  plugin::PluginEnv& env_;
  std::map<std::string, Host> hosts_;
  int orders_ = 0;  // under way
};

}  // namespace silverback::plugins::acme
