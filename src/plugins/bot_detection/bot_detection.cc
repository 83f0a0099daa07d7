#include "plugins/bot_detection/bot_detection.h"

#include "plugin/answers.h"
#include "plugin/config.h"
#include "plugins/bot_detection/known_bots.h"
#include "plugins/pattern/pattern.h"
#include "util/string_util.h"

namespace silverback::plugins {
namespace {

using plugin::Exchange;
using plugin::Next;

class PatternList {
 public:
  PatternList(const Json& config, std::string_view name) {
    for (const std::string& text : plugin::StringList(config, name))
      patterns_.push_back(Pattern::Compile(text));
  }
  bool Matches(std::string_view subject) const {
    for (const auto& pattern : patterns_) {
      if (pattern && pattern->FoundIn(subject)) return true;
    }
    return false;
  }

 private:
  std::vector<std::unique_ptr<const Pattern>> patterns_;
};

class BotDetection final : public plugin::Plugin {
 public:
  explicit BotDetection(const Json& config) : allow_(config, "allow"), deny_(config, "deny") {}

  Next OnAccess(Exchange& exchange) const override {
    const auto agents = exchange.RequestHeaderValues("user-agent");
    if (agents.empty()) return Next::kContinue;
    if (agents.size() > 1)
      return plugin::Refuse(exchange, 400, "Only one User-Agent header allowed");
    const std::string_view agent = Trim(agents.front());
    if (allow_.Matches(agent)) return Next::kContinue;
    if (deny_.Matches(agent) || IsKnownBot(agent))
      return plugin::Refuse(exchange, 403, "Forbidden");
    return Next::kContinue;
  }

 private:
  const PatternList allow_, deny_;
};

Result<std::unique_ptr<plugin::Plugin>> Create(const plugin::PluginInstance& instance,
                                               plugin::PluginEnv&) {
  return std::unique_ptr<plugin::Plugin>(new BotDetection(instance.config));
}

}  // namespace

const plugin::PluginType kBotDetection = {"bot-detection", 2500, "2.0.0", plugin::kAccess, Create};

}  // namespace silverback::plugins
