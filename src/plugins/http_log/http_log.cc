#include "plugins/http_log/http_log.h"

#include "plugin/batch_queue.h"
#include "plugins/log/json_list.h"
#include "plugins/log/log_plugin.h"

namespace silverback::plugins {
namespace {

plugin::HttpRequest RequestTemplate(const Json& config) {
  plugin::HttpRequest request;
  request.method = StringMember(config, "method", "POST");
  request.url = StringMember(config, "http_endpoint");
  request.timeout_ms = static_cast<int>(NumberMember(config, "timeout", 10000));
  request.keepalive_ms = static_cast<int>(NumberMember(config, "keepalive", 60000));
  request.headers.emplace_back("Content-Type",
                               StringMember(config, "content_type", "application/json"));
  const Json* headers = FindMember(config, "headers");
  if (!headers || !headers->is_object()) return request;
  for (const auto& [name, values] : headers->items()) {
    for (const Json& value : values) {
      if (value.is_string()) request.headers.emplace_back(name, value.get<std::string>());
    }
  }
  return request;
}

class HttpLog final : public LogPlugin {
 public:
  HttpLog(CustomFields fields, const Json& config, plugin::PluginEnv& env)
      : LogPlugin("http-log", std::move(fields), env) {
    plugin::BatchQueue::Options options;
    options.name = "http-log " + StringMember(config, "http_endpoint");
    options.batch_size = static_cast<size_t>(NumberMember(config, "queue_size", 1));
    options.flush_after_ms = static_cast<int>(NumberMember(config, "flush_timeout", 2) * 1000);
    options.retries = static_cast<int>(NumberMember(config, "retry_count", 10));
    const bool batched = options.batch_size > 1;
    queue_ = plugin::BatchQueue::Create(
        env, std::move(options),
        [&env, batched, request = RequestTemplate(config)](const auto& entries, auto done) {
          plugin::HttpRequest filled = request;
          // One entry as it is, several as a list.
          filled.body = batched ? JsonList(entries) : entries.front();
          env.http.Send(std::move(filled), [done](const plugin::HttpReply& reply) {
            if (reply.error) return done(*reply.error);
            // Kong takes every answer below 300 for success.
            done(reply.status < 300 ? "" : "the server answered " + std::to_string(reply.status));
          });
        });
  }

 private:
  void Write(int, std::string entry) const override { queue_->Add(std::move(entry)); }

  std::shared_ptr<plugin::BatchQueue> queue_;
};

}  // namespace

const plugin::PluginType kHttpLog = {"http-log", 12, "2.1.1", plugin::kLog,
                                     CreateLogPlugin<HttpLog>};

}  // namespace silverback::plugins
