#include "plugins/response_transformer/response_transformer.h"

#include <cstdlib>

#include "plugins/transform/rules.h"
#include "util/string_util.h"

namespace silverback::plugins {
namespace {

using plugin::Exchange;

enum class JsonType { kText, kNumber, kBoolean };

struct JsonRule {
  std::string name;
  Json value;  // null: the text is no number, nothing is done
};

Json ValueOf(const std::string& text, JsonType type) {
  if (type == JsonType::kBoolean) return text == "true";
  if (type == JsonType::kText) return text.empty() ? "null" : text;
  char* end = nullptr;
  const double number = std::strtod(text.c_str(), &end);
  if (end == text.c_str() || !Trim(end).empty()) return nullptr;
  return number;
}

std::vector<JsonRule> JsonRulesOf(const Json& config, std::string_view action) {
  std::vector<JsonRule> rules;
  const Json* of_action = FindMember(config, action);
  const Json* types = of_action ? FindMember(*of_action, "json_types") : nullptr;
  for (const Rule& rule : RulesOf(config, action, "json")) {
    JsonType type = JsonType::kText;
    if (types && types->is_array() && rules.size() < types->size()) {
      const Json& name = (*types)[rules.size()];
      if (name == "number") type = JsonType::kNumber;
      if (name == "boolean") type = JsonType::kBoolean;
    }
    rules.push_back({rule.name, ValueOf(rule.value, type)});
  }
  return rules;
}

class ResponseTransformer final : public plugin::Plugin {
 public:
  explicit ResponseTransformer(const Json& config)
      : remove_(RulesOf(config, "remove", "headers")),
        rename_(RulesOf(config, "rename", "headers")),
        replace_(RulesOf(config, "replace", "headers")),
        add_(RulesOf(config, "add", "headers")),
        append_(RulesOf(config, "append", "headers")),
        remove_json_(RulesOf(config, "remove", "json")),
        replace_json_(JsonRulesOf(config, "replace")),
        add_json_(JsonRulesOf(config, "add")),
        append_json_(JsonRulesOf(config, "append")) {}

  // Rules look at the headers as they came, not at what earlier rules made of them.
  void OnHeaderFilter(Exchange& exchange) const override {
    const plugin::Headers before = exchange.ResponseHeaders();
    for (const Rule& rule : remove_) exchange.ClearResponseHeader(rule.name);
    if (!Rename(exchange, before)) return exchange.Abort();
    for (const Rule& rule : replace_) {
      if (!rule.value.empty() && Has(before, rule.name))
        exchange.SetResponseHeader(rule.name, rule.value);
    }
    for (const Rule& rule : add_) {
      if (!rule.value.empty() && !Has(before, rule.name))
        exchange.SetResponseHeader(rule.name, rule.value);
    }
    for (const Rule& rule : append_) exchange.AddResponseHeader(rule.name, rule.value);
  }

  bool WantsBody(Exchange& exchange) const override {
    if (remove_json_.empty() && replace_json_.empty() && add_json_.empty() && append_json_.empty())
      return false;
    const auto type = exchange.ResponseHeader("content-type");
    return type && ToLower(*type).find("application/json") != std::string::npos;
  }

  void OnBodyFilter(Exchange& exchange, plugin::BodyChunk& chunk) const override {
    std::string& body = exchange.Slot<std::string>(this);
    body += *chunk.data;
    chunk.data->clear();
    if (!chunk.last) return;
    auto document = ParseJson(body);
    // A body that says to be JSON and is not must not pass for one that was changed.
    if (!document || !document->is_structured()) return exchange.Abort();
    if (document->is_object()) Change(*document);
    *chunk.data = DumpJson(*document);
  }

 private:
  static bool Has(const plugin::Headers& headers, std::string_view name) {
    for (const auto& header : headers) {
      if (EqualsIgnoreCase(header.first, name)) return true;
    }
    return false;
  }

  // False: a header has several values, of which the new name cannot have any alone.
  bool Rename(Exchange& exchange, const plugin::Headers& before) const {
    for (const Rule& rule : rename_) {
      const std::string* found = nullptr;
      for (const auto& [name, value] : before) {
        if (!EqualsIgnoreCase(name, rule.name)) continue;
        if (found) return false;
        found = &value;
      }
      if (!found || rule.value.empty()) continue;
      exchange.SetResponseHeader(rule.value, *found);
      exchange.ClearResponseHeader(rule.name);
    }
    return true;
  }

  void Change(Json& document) const {
    for (const Rule& rule : remove_json_) document.erase(rule.name);
    for (const JsonRule& rule : replace_json_) {
      if (!rule.value.is_null() && IsSet(document, rule.name)) document[rule.name] = rule.value;
    }
    for (const JsonRule& rule : add_json_) {
      if (!rule.value.is_null() && !IsSet(document, rule.name)) document[rule.name] = rule.value;
    }
    for (const JsonRule& rule : append_json_) {
      if (!rule.value.is_null()) AppendTo(document[rule.name], rule.value);
    }
  }

  const std::vector<Rule> remove_, rename_, replace_, add_, append_, remove_json_;
  const std::vector<JsonRule> replace_json_, add_json_, append_json_;
};

Result<std::unique_ptr<plugin::Plugin>> Create(const plugin::PluginInstance& instance,
                                               plugin::PluginEnv&) {
  return std::unique_ptr<plugin::Plugin>(new ResponseTransformer(instance.config));
}

}  // namespace

const plugin::PluginType kResponseTransformer = {
    "response-transformer", 800, "2.0.2", plugin::kHeaderFilter | plugin::kBodyFilter, Create};

}  // namespace silverback::plugins
