// CurlProber: does the probes of the active health checks with libcurl. One per worker; event loop
// only. Probes do not delay a graceful shutdown.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "dns/client.h"
#include "health/active.h"
#include "nginx/curl_multi.h"

namespace silverback::nginx {

class CurlProber final : public health::Prober {
 public:
  struct Setup {
    dns::Client& dns;     // for targets whose addresses are names
    std::string ca_file;  // trusted authorities; "" for the system's
    // Certificate and key, as PEM, of an id; of "" what is to be used where an upstream names none.
    std::function<std::optional<std::pair<std::string, std::string>>(const std::string& id)>
        certificate;
  };
  CurlProber(std::unique_ptr<CurlMulti> multi, Setup setup)
      : multi_(std::move(multi)), setup_(std::move(setup)) {}

  void Start(const health::Probe& probe, std::function<void(health::ProbeResult)> done) override;

 private:
  using Done = std::function<void(health::ProbeResult)>;
  void Send(const health::Probe& probe, const std::string& ip, Done done);
  void SetTls(CURL* easy, const health::Probe& probe);

  std::unique_ptr<CurlMulti> multi_;
  Setup setup_;
};

}  // namespace silverback::nginx
