#include "plugins/http_log/http_log.h"

#include "plugin/batch_queue.h"
#include "plugins/custom_fields.h"

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

// One entry as it is, several as a list.
std::string BodyOf(const std::vector<std::string>& entries, bool batched) {
  if (!batched) return entries.front();
  std::string body = "[";
  for (const std::string& entry : entries) {
    if (body.size() > 1) body += ',';
    body += entry;
  }
  return body += "]";
}

class HttpLog final : public plugin::Plugin {
 public:
  HttpLog(const Json& config, CustomFields fields, plugin::PluginEnv& env)
      : env_(env), fields_(std::move(fields)) {
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
          filled.body = BodyOf(entries, batched);
          env.http.Send(std::move(filled), [done](const plugin::HttpReply& reply) {
            if (reply.error) return done(*reply.error);
            // Kong takes every answer below 300 for success.
            done(reply.status < 300 ? "" : "the server answered " + std::to_string(reply.status));
          });
        });
  }

  void OnLog(plugin::Exchange& exchange) const override {
    if (const Status applied = fields_.Apply(exchange); !applied) {
      env_.log.Log(plugin::LogLevel::kError,
                   "http-log: entry dropped: " + applied.error().message());
      return;
    }
    queue_->Add(DumpJson(exchange.Serialize()));
  }

 private:
  plugin::PluginEnv& env_;
  const CustomFields fields_;
  std::shared_ptr<plugin::BatchQueue> queue_;
};

Result<std::unique_ptr<plugin::Plugin>> Create(const plugin::PluginInstance& instance,
                                               plugin::PluginEnv& env) {
  auto fields = CustomFields::Create(instance.config, env);
  if (!fields) return fields.error();
  return std::unique_ptr<plugin::Plugin>(new HttpLog(instance.config, *std::move(fields), env));
}

}  // namespace

const plugin::PluginType kHttpLog = {"http-log", 12, "2.1.1", plugin::kLog, Create};

}  // namespace silverback::plugins
