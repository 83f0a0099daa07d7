#include "plugins/correlation_id/correlation_id.h"

#include <fmt/format.h>
#include <unistd.h>

#include <atomic>

namespace silverback::plugins {
namespace {

using plugin::Exchange;
using plugin::Next;

enum class Generator { kNone, kUuid, kUuidCounter, kTracker };

Generator ParseGenerator(const std::string& name) {
  if (name == "uuid") return Generator::kUuid;
  if (name == "uuid#counter") return Generator::kUuidCounter;
  if (name == "tracker") return Generator::kTracker;
  return Generator::kNone;
}

class CorrelationId final : public plugin::Plugin {
 public:
  CorrelationId(const Json& config, plugin::PluginEnv& env)
      : env_(env),
        header_(StringMember(config, "header_name")),
        generator_(ParseGenerator(StringMember(config, "generator"))),
        echo_(BoolMember(config, "echo_downstream")) {}

  Next OnAccess(Exchange& exchange) const override {
    if (header_.empty()) return Next::kContinue;
    std::string id = IdFor(exchange);
    if (!id.empty() && exchange.RequestHeader(header_).value_or("").empty())
      exchange.SetRequestHeader(header_, id);
    if (echo_) exchange.Slot<std::string>(this) = std::move(id);
    return Next::kContinue;
  }

  void OnHeaderFilter(Exchange& exchange) const override {
    if (!echo_ || header_.empty()) return;
    std::string& id = exchange.Slot<std::string>(this);
    // Another plugin has answered before this one's turn.
    if (id.empty()) id = IdFor(exchange);
    if (!id.empty()) exchange.SetResponseHeader(header_, id);
  }

 private:
  // What the client sends, or a new one.
  std::string IdFor(const Exchange& exchange) const {
    const auto given = exchange.RequestHeader(header_);
    return given && !given->empty() ? std::string(*given) : Generate(exchange);
  }

  std::string Generate(const Exchange& exchange) const {
    switch (generator_) {
      case Generator::kNone:
        return "";
      case Generator::kUuid:
        return env_.new_uuid();
      case Generator::kUuidCounter:
        return NextOfWorker();
      case Generator::kTracker:
        break;
    }
    const plugin::ConnectionInfo connection = exchange.Connection();
    return fmt::format("{}-{}-{}-{}-{}-{:.3f}", connection.server_address, connection.server_port,
                       getpid(), connection.number, connection.requests, env_.now());
  }

  // One id per worker, counted up by every request of every instance.
  std::string NextOfWorker() const {
    static const std::string worker_id = env_.new_uuid();
    static std::atomic<uint64_t> count{0};
    return worker_id + "#" + std::to_string(++count);
  }

  plugin::PluginEnv& env_;
  const std::string header_;
  const Generator generator_;
  const bool echo_;
};

Result<std::unique_ptr<plugin::Plugin>> Create(const plugin::PluginInstance& instance,
                                               plugin::PluginEnv& env) {
  return std::unique_ptr<plugin::Plugin>(new CorrelationId(instance.config, env));
}

}  // namespace

const plugin::PluginType kCorrelationId = {"correlation-id", 1, "2.0.2",
                                           plugin::kAccess | plugin::kHeaderFilter, Create};

}  // namespace silverback::plugins
