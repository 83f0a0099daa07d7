#include "plugins/zipkin/zipkin.h"

#include <random>

#include "plugin/batch_queue.h"
#include "plugins/log/json_list.h"
#include "plugins/zipkin/span.h"
#include "plugins/zipkin/trace_headers.h"
#include "util/string_util.h"

namespace silverback::plugins {
namespace {

using plugin::Exchange;
using plugin::Next;

constexpr int64_t kMicros = 1000;      // in a millisecond
constexpr size_t kMostInBatch = 1000;  // spans
constexpr int kRetries = 3;

// What a request knows of its trace.
struct Trace {
  bool begun = false, sampled = false;
  TraceHeaders type = TraceHeaders::kNone;  // that the client uses
  std::vector<std::pair<std::string, std::string>> baggage;
  Span request, proxy;
};

using Tags = std::map<std::string, std::string>;

Tags StaticTags(const Json& config) {
  Tags tags;
  const Json* list = FindMember(config, "static_tags");
  if (list == nullptr || !list->is_array()) return tags;
  for (const Json& tag : *list) tags[StringMember(tag, "name")] = StringMember(tag, "value");
  return tags;
}

// "name=value": the name is as long as it can be without blanks. Empty where there is no tag.
std::pair<std::string_view, std::string_view> TagOf(std::string_view text) {
  for (size_t size = std::min(text.find_first_of(" \t"), text.size()); size > 0; --size) {
    const std::string_view rest = Trim(text.substr(size));
    if (!rest.starts_with('=')) continue;
    const std::string_view value = Trim(rest.substr(1));
    if (!value.empty()) return {text.substr(0, size), value};
  }
  return {};
}

double RandomFraction() {
  static thread_local std::minstd_rand generator(std::random_device{}());
  return std::uniform_real_distribution<double>(0, 1)(generator);
}

std::string IdOf(const plugin::EntityRef& row) { return row ? StringMember(*row, "id") : ""; }

// Tags are lost where they are empty.
void TagWithService(const Exchange& exchange, Span& span) {
  if (exchange.service() == nullptr) return;
  span.service_name = exchange.service()->name;
  span.tags["kong.service"] = exchange.service()->id;
  span.tags["kong.service_name"] = exchange.service()->name;
  if (exchange.route() == nullptr) return;
  span.tags["kong.route"] = exchange.route()->id;
  span.tags["kong.route_name"] = exchange.route()->name;
}

class Zipkin final : public plugin::Plugin {
 public:
  Zipkin(const Json& config, plugin::PluginEnv& env)
      : env_(env),
        configured_(ParseTraceHeaders(StringViewMember(config, "header_type"))),
        otherwise_(ParseTraceHeaders(StringMember(config, "default_header_type", "b3"))),
        ignores_(StringViewMember(config, "header_type") == "ignore"),
        ratio_(NumberMember(config, "sample_ratio", 0.001)),
        trace_id_bytes_(static_cast<size_t>(NumberMember(config, "traceid_byte_count", 16))),
        includes_credential_(BoolMember(config, "include_credential", true)),
        local_service_(StringMember(config, "local_service_name", "kong")),
        default_service_(StringMember(config, "default_service_name")),
        tags_header_(StringMember(config, "tags_header", "Zipkin-Tags")),
        static_tags_(StaticTags(config)),
        queue_(MakeQueue(config, env)) {}

  Next OnRewrite(Exchange& exchange) const override {
    Trace& trace = TraceOf(exchange);
    trace.request.annotations.emplace_back("krs", exchange.Reached().started * kMicros);
    return Next::kContinue;
  }

  Next OnAccess(Exchange& exchange) const override {
    Trace& trace = TraceOf(exchange);
    Proxy(trace, exchange.Reached().access_started);
    const TraceHeaders found = trace.type == TraceHeaders::kNone ? otherwise_ : trace.type;
    WriteTrace(
        {trace.proxy.trace_id, trace.proxy.id, trace.proxy.parent_id, trace.sampled, trace.baggage},
        configured_, found, exchange);
    return Next::kContinue;
  }

  Next OnPreread(Exchange& exchange) const override {
    Trace& trace = TraceOf(exchange);
    const int64_t started = exchange.Reached().access_started;
    Proxy(trace, started).annotations.emplace_back("kps", started * kMicros);
    return Next::kContinue;
  }

  void OnHeaderFilter(Exchange& exchange) const override {
    Trace& trace = TraceOf(exchange);
    const int64_t started = exchange.Reached().header_filter_started;
    Proxy(trace, started).annotations.emplace_back("khs", started * kMicros);
  }

  void OnLog(Exchange& exchange) const override {
    Trace& trace = TraceOf(exchange);
    if (!trace.sampled || !queue_) return;
    const auto now = static_cast<int64_t>(env_.now() * kMicros);
    const plugin::Progress reached = exchange.Reached();
    FinishProxy(exchange, reached, now, trace);
    FinishRequest(exchange, reached, now, trace);
    ReportTries(exchange, trace);
    Report(trace.proxy);
    Report(trace.request);
  }

 private:
  static std::shared_ptr<plugin::BatchQueue> MakeQueue(const Json& config, plugin::PluginEnv& env) {
    const std::string endpoint = StringMember(config, "http_endpoint");
    if (endpoint.empty()) return nullptr;
    plugin::BatchQueue::Options options;
    options.name = "zipkin " + endpoint;
    options.batch_size = kMostInBatch;
    options.flush_after_ms = 0;
    options.retries = kRetries;
    return plugin::BatchQueue::Create(
        env, std::move(options), [&env, endpoint](const auto& entries, auto done) {
          plugin::HttpRequest request;
          request.method = "POST";
          request.url = endpoint;
          request.headers.emplace_back("Content-Type", "application/json");
          request.body = JsonList(entries);
          env.http.Send(std::move(request), [done](const plugin::HttpReply& reply) {
            if (reply.error) return done(*reply.error);
            const bool taken = reply.status >= 200 && reply.status < 300;
            done(taken ? "" : "the server answered " + std::to_string(reply.status));
          });
        });
  }

  Trace& TraceOf(Exchange& exchange) const {
    Trace& trace = exchange.Slot<Trace>(this);
    if (!trace.begun) Begin(exchange, trace);
    return trace;
  }

  void Begin(Exchange& exchange, Trace& trace) const {
    trace.begun = true;
    const bool reads = !exchange.IsStream() && !ignores_;
    IncomingTrace told = reads ? ReadTrace(exchange, env_.log) : IncomingTrace();
    trace.type = told.type;
    trace.baggage = std::move(told.baggage);
    trace.sampled = told.sampled ? *told.sampled : RandomFraction() < ratio_;
    Span& span = trace.request;
    span.trace_id =
        told.trace_id.empty() ? ToHex(RandomBytes(trace_id_bytes_)) : std::move(told.trace_id);
    span.id = told.span_id.empty() ? NewSpanId() : std::move(told.span_id);
    span.parent_id = std::move(told.parent_id);
    span.started = exchange.Reached().started * kMicros;
    if (trace.sampled) Describe(exchange, span);
  }

  // As the client sent it: plugins may change it later.
  void Describe(const Exchange& exchange, Span& span) const {
    span.ip = exchange.ForwardedIp();
    span.port = exchange.ForwardedPort();
    span.tags["lc"] = "kong";
    span.name = exchange.IsStream() ? "stream" : exchange.Method();
    if (!exchange.IsStream()) {
      span.tags["http.method"] = exchange.Method();
      const std::string_view target = exchange.RawTarget();  // as the client wrote it
      span.tags["http.host"] = ToLower(exchange.Host());
      span.tags["http.path"] = target.substr(0, target.find('?'));
      span.tags["http.protocol"] = "HTTP/" + DumpJson(Json(exchange.HttpVersion()));
    }
    for (const auto& [name, value] : static_tags_) span.tags[name] = value;
    for (const std::string_view header : exchange.RequestHeaderValues(tags_header_))
      AddRequestTags(header, span);
  }

  // "a=1; b=2"
  void AddRequestTags(std::string_view header, Span& span) const {
    for (const std::string_view part : Split(header, ';')) {
      if (part.empty()) continue;
      const auto [name, value] = TagOf(Trim(part));
      if (name.empty()) {
        env_.log.Log(plugin::LogLevel::kWarn,
                     "zipkin: Could not parse the following Zipkin tags: " + std::string(part));
      } else {
        span.tags[std::string(name)] = value;
      }
    }
  }

  // The span of the service's part, begun where it is needed first.
  static Span& Proxy(Trace& trace, int64_t started_ms) {
    if (trace.proxy.id.empty()) trace.proxy = trace.request.Child(" (proxy)", started_ms * kMicros);
    return trace.proxy;
  }

  void FinishProxy(Exchange& exchange, const plugin::Progress& reached, int64_t now,
                   Trace& trace) const {
    Span& span = Proxy(trace, now);
    const int64_t end = reached.body_filter_ended != 0 ? reached.body_filter_ended : now;
    const int64_t access_end = reached.access_ended != 0 ? reached.access_ended : end;
    const auto annotate = [&span](std::string_view what, int64_t at) {
      span.annotations.emplace_back(what, at * kMicros);
    };
    if (exchange.IsStream()) {
      annotate("kpf", access_end);
    } else {
      annotate("khf", reached.body_filter_started != 0 ? reached.body_filter_started : now);
      if (reached.body_filter_started != 0) annotate("kbs", reached.body_filter_started);
      annotate("kas",
               reached.access_started != 0 ? reached.access_started : span.started / kMicros);
      annotate("kaf", access_end);
      annotate("kbf", now);
    }
    span.tags["peer.hostname"] = reached.service_host;
    TagWithService(exchange, span);
    span.EndAt(end * kMicros);
  }

  void FinishRequest(Exchange& exchange, const plugin::Progress& reached, int64_t now,
                     Trace& trace) const {
    Span& span = trace.request;
    if (reached.rewrite_ended != 0) {
      span.annotations.emplace_back("krf", reached.rewrite_ended * kMicros);
    }
    if (!exchange.IsStream())
      span.tags["http.status_code"] = std::to_string(exchange.ResponseStatus());
    span.tags["kong.consumer"] = IdOf(exchange.consumer());
    if (includes_credential_) span.tags["kong.credential"] = IdOf(exchange.credential());
    span.tags["kong.node.id"] = env_.node_id;
    span.EndAt(now * kMicros);
  }

  // One span for each target that was tried; the proxy's is about the last one.
  void ReportTries(Exchange& exchange, Trace& trace) const {
    const Json entry = exchange.Serialize();
    const Json* tries = FindMember(entry, "tries");
    if (tries == nullptr || !tries->is_array()) return;
    for (size_t i = 0; i < tries->size(); ++i) {
      const Json& one = (*tries)[i];
      const auto started = static_cast<int64_t>(NumberMember(one, "balancer_start"));
      Span span =
          trace.request.Child(" (balancer try " + std::to_string(i + 1) + ")", started * kMicros);
      span.ip = trace.proxy.ip = StringMember(one, "ip");
      span.port = trace.proxy.port = static_cast<int>(NumberMember(one, "port"));
      span.tags["kong.balancer.try"] = std::to_string(i + 1);
      if (i + 1 < tries->size()) {
        span.tags["error"] = "true";
        span.tags["kong.balancer.state"] = StringMember(one, "state");
        if (const Json* code = FindMember(one, "code"))
          span.tags["http.status_code"] = DumpJson(*code);
      }
      TagWithService(exchange, span);
      const auto lasted = static_cast<int64_t>(NumberMember(one, "balancer_latency"));
      span.EndAt((started + lasted) * kMicros);
      Report(span);
    }
  }

  void Report(const Span& span) const {
    queue_->Add(DumpJson(span.ToJson(local_service_, default_service_)));
  }

  plugin::PluginEnv& env_;
  const TraceHeaders configured_, otherwise_;
  const bool ignores_;
  const double ratio_;
  const size_t trace_id_bytes_;
  const bool includes_credential_;
  const std::string local_service_, default_service_, tags_header_;
  const Tags static_tags_;
  const std::shared_ptr<plugin::BatchQueue> queue_;  // null: nobody is told of spans
};

Result<std::unique_ptr<plugin::Plugin>> Create(const plugin::PluginInstance& instance,
                                               plugin::PluginEnv& env) {
  return std::unique_ptr<plugin::Plugin>(new Zipkin(instance.config, env));
}

}  // namespace

const plugin::PluginType kZipkin = {
    "zipkin", 100000, "1.5.0",
    plugin::kRewrite | plugin::kAccess | plugin::kPreread | plugin::kHeaderFilter | plugin::kLog,
    Create};

}  // namespace silverback::plugins
