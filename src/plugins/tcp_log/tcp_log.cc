#include "plugins/tcp_log/tcp_log.h"

#include "plugin/batch_queue.h"
#include "plugins/log/log_plugin.h"

namespace silverback::plugins {
namespace {

constexpr size_t kMostInBatch = 100;  // entries that are sent together when they come together
constexpr int kRetries = 3;

plugin::TcpReceiver ReceiverOf(const Json& config) {
  plugin::TcpReceiver receiver;
  receiver.host = StringMember(config, "host");
  receiver.port = static_cast<int>(NumberMember(config, "port"));
  receiver.timeout_ms = static_cast<int>(NumberMember(config, "timeout", receiver.timeout_ms));
  receiver.keepalive_ms =
      static_cast<int>(NumberMember(config, "keepalive", receiver.keepalive_ms));
  receiver.tls = BoolMember(config, "tls");
  receiver.server_name = StringMember(config, "tls_sni");
  return receiver;
}

class TcpLog final : public LogPlugin {
 public:
  TcpLog(CustomFields fields, const Json& config, plugin::PluginEnv& env)
      : LogPlugin("tcp-log", std::move(fields), env) {
    const plugin::TcpReceiver receiver = ReceiverOf(config);
    plugin::BatchQueue::Options options;
    options.name = "tcp-log " + receiver.host + ":" + std::to_string(receiver.port);
    options.batch_size = kMostInBatch;
    options.flush_after_ms = 0;
    options.retries = kRetries;
    queue_ = plugin::BatchQueue::Create(
        env, std::move(options), [&env, receiver](const auto& entries, auto done) {
          std::string lines;
          for (const std::string& entry : entries) lines.append(entry).append("\n");
          env.tcp->Send(receiver, std::move(lines), std::move(done));
        });
  }

 private:
  void Write(int, std::string entry) const override { queue_->Add(std::move(entry)); }

  std::shared_ptr<plugin::BatchQueue> queue_;
};

}  // namespace

const plugin::PluginType kTcpLog = {"tcp-log", 7, "2.1.0", plugin::kLog, CreateLogPlugin<TcpLog>};

}  // namespace silverback::plugins
