#include "plugins/ldap_auth/directory.h"

#include <ldap.h>
#include <sys/time.h>

#include <chrono>

#include "fmt/format.h"

namespace silverback::plugins {
namespace {

using Clock = std::chrono::steady_clock;
constexpr size_t kMostIdle = 32;

Error Failed(const std::string& what, int code) {
  return {ErrorCode::kUnavailable, what + ": " + ldap_err2string(code)};
}

}  // namespace

struct Directory::Connection {
  LDAP* ldap = nullptr;
  Clock::time_point idle_until;

  ~Connection() {
    if (ldap != nullptr) ldap_unbind_ext_s(ldap, nullptr, nullptr);
  }
  int Bind(const std::string& name, const std::string& password) const {
    berval secret{password.size(), const_cast<char*>(password.data())};
    return ldap_sasl_bind_s(ldap, name.c_str(), LDAP_SASL_SIMPLE, &secret, nullptr, nullptr,
                            nullptr);
  }
};

Directory::Directory(Options options) : options_(std::move(options)) {}
Directory::~Directory() = default;

std::unique_ptr<Directory::Connection> Directory::TakeIdle() {
  const std::lock_guard lock(mutex_);
  while (!idle_.empty()) {
    auto connection = std::move(idle_.back());
    idle_.pop_back();
    if (connection->idle_until > Clock::now()) return connection;
  }
  return nullptr;
}

void Directory::Keep(std::unique_ptr<Connection> connection) {
  if (options_.keepalive_ms <= 0) return;
  connection->idle_until = Clock::now() + std::chrono::milliseconds(options_.keepalive_ms);
  const std::lock_guard lock(mutex_);
  if (idle_.size() < kMostIdle) idle_.push_back(std::move(connection));
}

Result<std::unique_ptr<Directory::Connection>> Directory::Connect() const {
  const bool v6 = options_.host.find(':') != std::string::npos && !options_.host.starts_with('[');
  const std::string url = fmt::format("{}://{}{}{}:{}", options_.ldaps ? "ldaps" : "ldap",
                                      v6 ? "[" : "", options_.host, v6 ? "]" : "", options_.port);
  auto connection = std::make_unique<Connection>();
  const int made = ldap_initialize(&connection->ldap, url.c_str());
  if (made != LDAP_SUCCESS) return Failed("failed to use " + url, made);
  const auto set = [&](int option, const void* value) {
    ldap_set_option(connection->ldap, option, value);
  };
  constexpr int kThousand = 1000;
  const timeval timeout{options_.timeout_ms / kThousand,
                        options_.timeout_ms % kThousand * kThousand};
  const int version = LDAP_VERSION3;
  const int require = options_.verify ? LDAP_OPT_X_TLS_DEMAND : LDAP_OPT_X_TLS_NEVER;
  const int client = 0;
  set(LDAP_OPT_PROTOCOL_VERSION, &version);
  set(LDAP_OPT_NETWORK_TIMEOUT, &timeout);
  set(LDAP_OPT_TIMEOUT, &timeout);
  set(LDAP_OPT_REFERRALS, LDAP_OPT_OFF);
  set(LDAP_OPT_X_TLS_REQUIRE_CERT, &require);
  set(LDAP_OPT_X_TLS_NEWCTX, &client);
  if (options_.start_tls) {
    const int secured = ldap_start_tls_s(connection->ldap, nullptr, nullptr);
    if (secured != LDAP_SUCCESS) return Failed("failed to secure " + url, secured);
  }
  return connection;
}

Result<bool> Directory::Binds(const std::string& name, const std::string& password) {
  auto connection = TakeIdle();
  int code = connection ? connection->Bind(name, password) : LDAP_SERVER_DOWN;
  // The server may have closed what was kept.
  if (code < 0 && code != LDAP_TIMEOUT) {
    auto fresh = Connect();
    if (!fresh) return fresh.error();
    connection = std::move(*fresh);
    code = connection->Bind(name, password);
  }
  // Numbers below 0 are libldap's own, the others the server's answer.
  if (code < 0)
    return Failed(fmt::format("failed to ask {}:{}", options_.host, options_.port), code);
  Keep(std::move(connection));
  return code == LDAP_SUCCESS;
}

}  // namespace silverback::plugins
