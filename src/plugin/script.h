// Script: Lua text of a plugin's configuration, such as http-log's custom_fields_by_lua, as the
// plugin runs it, on the event loop only.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "plugin/exchange.h"
#include "util/result.h"

namespace silverback::plugin {

class Script {
 public:
  virtual ~Script() = default;
  // What the text returns; null for nil. An error has Lua's message.
  virtual Result<Json> Run(Exchange& exchange) const = 0;
};

// What the expressions of one request's templates see of it, as it was when the first of them
// looked.
struct TemplateScope {
  std::optional<Headers> headers;
  std::optional<std::string> query;
};

// A text with Lua expressions, such as "$(headers.host)/x".
class Template {
 public:
  virtual ~Template() = default;
  // The text with the expressions' values in their places; nil and false give nothing.
  virtual Result<std::string> Render(Exchange& exchange, TemplateScope& scope) const = 0;
};

// Owned by the worker; outlives the scripts.
class Scripts {
 public:
  virtual ~Scripts() = default;
  // Fails when untrusted_lua is off. Any thread, as plugin objects are made on any.
  virtual Result<std::unique_ptr<Script>> Load(const std::string& text) = 0;
  // Fails when untrusted_lua is off and the text has an expression.
  virtual Result<std::unique_ptr<Template>> LoadTemplate(const std::string& text) = 0;
};

}  // namespace silverback::plugin
