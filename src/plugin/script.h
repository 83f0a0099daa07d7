// Script: Lua text of a plugin's configuration, such as http-log's custom_fields_by_lua, as the
// plugin runs it, on the event loop only.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "plugin/exchange.h"
#include "util/result.h"

namespace silverback::plugin {

struct BodyChunk;
class Handshake;

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

// What a function of pre-function or post-function works on.
struct ScriptCall {
  Exchange* exchange = nullptr;       // null in the phase certificate
  const void* plugin = nullptr;       // whose function it is
  const std::string* body = nullptr;  // of the request; null: not read, or too large
  BodyChunk* chunk = nullptr;         // in body_filter
  Handshake* handshake = nullptr;     // in certificate
};

// All functions of one phase of a plugin, run one after the other.
class Functions {
 public:
  virtual ~Functions() = default;
  // True: one of them has ended the request; its answer is set (Exchange::Respond).
  virtual Result<bool> Run(const ScriptCall& call) const = 0;
};

// Owned by the worker; outlives the scripts.
class Scripts {
 public:
  virtual ~Scripts() = default;
  // Fails when untrusted_lua is off. Any thread, as plugin objects are made on any.
  virtual Result<std::unique_ptr<Script>> Load(const std::string& text) = 0;
  // Fails when untrusted_lua is off and the text has an expression.
  virtual Result<std::unique_ptr<Template>> LoadTemplate(const std::string& text) = 0;
  // `phase`: "access", as nginx names it; lives as long as the program.
  virtual Result<std::unique_ptr<Functions>> LoadFunctions(std::vector<std::string> texts,
                                                           const char* phase) = 0;
};

}  // namespace silverback::plugin
