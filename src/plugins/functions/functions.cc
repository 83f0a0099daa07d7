#include "plugins/functions/functions.h"

#include <climits>

#include "plugin/answers.h"
#include "plugin/config.h"

namespace silverback::plugins {
namespace {

using plugin::Exchange;
using plugin::Next;
using plugin::ScriptCall;

// The functions of each phase; null where there are none.
struct ByPhase {
  std::unique_ptr<plugin::Functions> certificate, rewrite, access, header_filter, body_filter, log;
  bool rewrite_reads_body = false, access_reads_body = false;
};

// A text that never speaks of a body needs none, and the request goes on without waiting for it.
bool ReadsBody(const std::vector<std::string>& texts) {
  for (const std::string& text : texts) {
    if (text.find("body") != std::string::npos || text.find("post_args") != std::string::npos)
      return true;
  }
  return false;
}

class FunctionsPlugin final : public plugin::Plugin {
 public:
  // `problem`: why they cannot be run at all; "" when they can.
  FunctionsPlugin(std::string name, ByPhase phases, std::string problem, plugin::PluginEnv& env)
      : name_(std::move(name)),
        phases_(std::move(phases)),
        problem_(std::move(problem)),
        env_(env) {}

  void OnCertificate(plugin::Handshake& handshake) const override {
    if (phases_.certificate) Report(phases_.certificate->Run({.handshake = &handshake}));
  }

  Next OnRewrite(Exchange& exchange) const override {
    return Enter(exchange, phases_.rewrite.get(), phases_.rewrite_reads_body);
  }

  Next OnAccess(Exchange& exchange) const override {
    if (!problem_.empty()) return Fail(exchange, problem_);
    return Enter(exchange, phases_.access.get(), phases_.access_reads_body);
  }

  void OnHeaderFilter(Exchange& exchange) const override {
    if (!problem_.empty()) return exchange.Abort();
    if (phases_.header_filter && !Report(phases_.header_filter->Run(CallFor(exchange))))
      exchange.Abort();
  }

  bool WantsBody(Exchange&) const override { return phases_.body_filter != nullptr; }

  void OnBodyFilter(Exchange& exchange, plugin::BodyChunk& chunk) const override {
    ScriptCall call = CallFor(exchange);
    call.chunk = &chunk;
    if (!Report(phases_.body_filter->Run(call))) exchange.Abort();
  }

  void OnLog(Exchange& exchange) const override {
    if (phases_.log) Report(phases_.log->Run(CallFor(exchange)));
  }

 private:
  ScriptCall CallFor(Exchange& exchange) const { return {.exchange = &exchange, .plugin = this}; }

  Next Enter(Exchange& exchange, const plugin::Functions* functions, bool reads_body) const {
    if (functions == nullptr) return Next::kContinue;
    if (!reads_body) return Run(exchange, *functions, nullptr);
    const auto resumer = exchange.Suspend();
    exchange.ReadBody([this, resumer, functions, &exchange](std::optional<std::string_view> body) {
      if (!resumer->Alive()) return;
      const std::string text(body.value_or(""));
      const Next next = Run(exchange, *functions, body ? &text : nullptr);
      resumer->Resume(next == Next::kRespond);
    });
    return Next::kSuspend;
  }

  Next Run(Exchange& exchange, const plugin::Functions& functions, const std::string* body) const {
    ScriptCall call = CallFor(exchange);
    call.body = body;
    const auto ended = functions.Run(call);
    if (!ended) return Fail(exchange, ended.error().message());
    return *ended ? Next::kRespond : Next::kContinue;
  }

  Next Fail(Exchange& exchange, const std::string& why) const {
    Log(why);
    return plugin::RespondJson(exchange, 500, "An unexpected error occurred");
  }

  // False: it went wrong.
  bool Report(const Result<bool>& done) const {
    if (!done) Log(done.error().message());
    return done.ok();
  }

  void Log(const std::string& why) const {
    env_.log.Log(plugin::LogLevel::kError, "[" + name_ + "] " + why);
  }

  const std::string name_;
  const ByPhase phases_;
  const std::string problem_;
  plugin::PluginEnv& env_;
};

Status Load(const Json& config, const char* field, const char* phase, plugin::PluginEnv& env,
            std::unique_ptr<plugin::Functions>& into, bool* reads_body = nullptr) {
  auto texts = plugin::StringList(config, field);
  if (texts.empty()) return Ok();
  if (reads_body) *reads_body = ReadsBody(texts);
  auto made = env.scripts->LoadFunctions(std::move(texts), phase);
  if (!made) return made.error();
  into = std::move(*made);
  return Ok();
}

Result<std::unique_ptr<plugin::Plugin>> Create(const char* name,
                                               const plugin::PluginInstance& instance,
                                               plugin::PluginEnv& env) {
  const Json& config = instance.config;
  ByPhase phases;
  // "functions" is what older configurations call those of the access phase.
  const Status loaded[] = {
      Load(config, "certificate", "certificate", env, phases.certificate),
      Load(config, "rewrite", "rewrite", env, phases.rewrite, &phases.rewrite_reads_body),
      Load(config, "functions", "access", env, phases.access, &phases.access_reads_body),
      Load(config, "access", "access", env, phases.access, &phases.access_reads_body),
      Load(config, "header_filter", "header_filter", env, phases.header_filter),
      Load(config, "body_filter", "body_filter", env, phases.body_filter),
      Load(config, "log", "log", env, phases.log)};
  std::string problem;
  for (const Status& status : loaded) {
    if (!status) problem = status.error().message();
  }
  return std::unique_ptr<plugin::Plugin>(
      new FunctionsPlugin(name, std::move(phases), std::move(problem), env));
}

constexpr uint8_t kPhases = plugin::kCertificate | plugin::kRewrite | plugin::kAccess |
                            plugin::kHeaderFilter | plugin::kBodyFilter | plugin::kLog;

}  // namespace

const plugin::PluginType kPreFunction = {
    "pre-function", INT_MAX, "2.1.0", kPhases,
    [](const plugin::PluginInstance& instance, plugin::PluginEnv& env) {
      return Create("pre-function", instance, env);
    }};

const plugin::PluginType kPostFunction = {
    "post-function", -1000, "2.1.0", kPhases,
    [](const plugin::PluginInstance& instance, plugin::PluginEnv& env) {
      return Create("post-function", instance, env);
    }};

}  // namespace silverback::plugins
