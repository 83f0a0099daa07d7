#include "config/nginx_translation.h"

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <cctype>
#include <optional>

#include "config/nginx_scanner.h"
#include "util/string_util.h"

namespace silverback::config {
namespace {

struct Call {
  std::string_view name;       // of the function of Kong
  std::string_view directive;  // in its place; "" when other directives do its work
};

constexpr std::string_view kStart = "(start)";

constexpr std::array<Call, 18> kCalls = {{
    {"init", kStart},
    {"init_worker", ""},
    {"ssl_certificate", "silverback_certificate on;"},
    {"balancer", "silverback_balancer;"},
    {"rewrite", ""},
    {"access", ""},
    {"preread", ""},
    {"response", ""},
    {"header_filter", ""},
    {"body_filter", ""},
    {"log", ""},
    {"handle_error", "silverback_error_page;"},
    {"admin_content", "silverback_admin;"},
    {"serve_admin_api", "silverback_admin;"},
    {"admin_header_filter", ""},
    {"admin_log", ""},
    {"status_content", "silverback_status;"},
    {"status_header_filter", ""},
}};

bool IsNameCharacter(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; }

std::string WithoutComments(std::string_view code) {
  std::string rest;
  for (std::string_view line : Split(code, '\n')) {
    rest += std::string(line.substr(0, std::min(line.find("--"), line.size()))) + "\n";
  }
  return rest;
}

// Where the text before `end` begins that is an assignment: "kong = ", "local Kong = ".
size_t BeginOfAssignment(const std::string& code, size_t end) {
  size_t at = code.find_last_not_of(" \t", end - 1);
  if (end == 0 || at == std::string::npos || code[at] != '=') return end;
  at = code.find_last_not_of(" \t", at - 1);
  while (at != std::string::npos && at > 0 && IsNameCharacter(code[at - 1])) --at;
  if (at == std::string::npos) return end;
  const size_t before = code.find_last_not_of(" \t", at == 0 ? 0 : at - 1);
  const bool local = before != std::string::npos && before >= 4 && before < at &&
                     code.compare(before - 4, 5, "local") == 0;
  return local ? before - 4 : at;
}

// Takes away what loads Kong: "Kong = require 'kong'", "require('luarocks.loader')".
std::string WithoutPreamble(std::string_view text) {
  std::string code = WithoutComments(text);
  size_t from = 0;
  for (size_t at; (at = code.find("require", from)) != std::string::npos;) {
    from = at + 7;
    const size_t open = code.find_first_not_of(" (\t,", from);
    if (open == std::string::npos || (code[open] != '"' && code[open] != '\'')) continue;
    const size_t close = code.find(code[open], open + 1);
    if (close == std::string::npos) break;
    const std::string_view module = std::string_view(code).substr(open + 1, close - open - 1);
    if (module != "kong" && module != "luarocks.loader" && !module.starts_with("resty.core")) {
      continue;
    }
    const size_t rest = code.find_first_not_of(" \t", close + 1);
    const size_t end = rest != std::string::npos && code[rest] == ')' ? rest + 1 : close + 1;
    size_t begin = BeginOfAssignment(code, at);
    if (begin >= 6 && code.compare(begin - 6, 6, "pcall(") == 0) begin -= 6;
    code.erase(begin, end - begin);
    from = begin;
  }
  return code;
}

struct FoundCall {
  size_t begin = 0, end = 0;
  std::string name;
  const Call* known = nullptr;
};

size_t EndOfArguments(const std::string& code, size_t at) {
  int depth = 0;
  do {
    if (code[at] == '(') ++depth;
    if (code[at] == ')') --depth;
    ++at;
  } while (depth > 0 && at < code.size());
  return at;
}

// The next "Kong.NAME()" that hangs into a phase; kong.log("text") and other functions for plugins
// are not meant.
std::optional<FoundCall> FindCall(const std::string& code) {
  for (size_t at = 0; at < code.size(); ++at) {
    const std::string_view here = std::string_view(code).substr(at);
    if (!here.starts_with("Kong.") && !here.starts_with("kong.")) continue;
    if (at > 0 && (IsNameCharacter(code[at - 1]) || code[at - 1] == '.')) continue;
    size_t end = at + 5;
    while (end < code.size() && IsNameCharacter(code[end])) ++end;
    if (end >= code.size() || code[end] != '(') continue;
    FoundCall call{at, EndOfArguments(code, end), code.substr(at + 5, end - at - 5), nullptr};
    const auto* known = std::find_if(kCalls.begin(), kCalls.end(), [&](const Call& candidate) {
      return candidate.name == call.name;
    });
    if (known != kCalls.end()) call.known = known;
    const std::string arguments = code.substr(end + 1, call.end - end - 2);
    if (!Trim(arguments).empty() && call.name.find("admin") == std::string::npos) continue;
    if (call.known || here[0] == 'K') return call;
  }
  return std::nullopt;
}

class Translator {
 public:
  Translator(std::string_view text, const TranslationOptions& options)
      : scanner_(text), options_(options) {}

  Result<Translation> Run() {
    blocks_.emplace_back();
    while (const auto part = scanner_.Next()) {
      if (Status done = Put(*part); !done) return done.error();
    }
    DropLuaDirectives();
    return std::move(out_);
  }

 private:
  struct Block {
    std::string_view name;
    bool serves = false;   // passes to kong_upstream
    bool says_so = false;  // has silverback_proxy
    bool started = false;  // has silverback_env_file
    bool passes_grpc = false, sets_grpc = false, sets_grpc_host = false, sets_authority = false;
    bool pools = false;  // is the upstream whose connections our pool keeps
    size_t begin = 0;    // of what is in it, in out_.text
  };

  struct LuaDirective {
    size_t begin, size;  // in out_.text
  };

  Status Put(const NginxPart& part) {
    switch (part.kind) {
      case NginxPart::kOpen:
        blocks_.push_back({part.words.empty() ? "" : part.words[0]});
        if (blocks_.back().name == "stream") out_.has_stream = true;
        out_.text += part.text;
        blocks_.back().begin = out_.text.size();
        blocks_.back().pools = part.words.size() > 1 && part.words[1] == "kong_upstream";
        return Ok();
      case NginxPart::kClose:
        return CloseBlock();
      case NginxPart::kLua:
        return PutLua(part, part.code);
      case NginxPart::kDirective:
        return PutDirective(part);
      default:
        break;
    }
    out_.text += part.text;
    return Ok();
  }

  Status CloseBlock() {
    const Block& block = blocks_.back();
    if (block.serves && !block.says_so) out_.text += "silverback_proxy on;\n";
    if (block.passes_grpc && !block.sets_authority) NameAuthority(block);
    if (blocks_.size() > 1) blocks_.pop_back();
    out_.text += "}";
    return Ok();
  }

  // Stock nginx calls gRPC servers kong_upstream; as the first header the pseudo-header can be set.
  void NameAuthority(const Block& block) {
    const bool inherits =
        !block.sets_grpc && std::any_of(blocks_.begin(), blocks_.end() - 1,
                                        [](const Block& outer) { return outer.sets_grpc; });
    if (inherits) return;
    std::string first = "\n        grpc_set_header :authority $upstream_host;";
    if (!block.sets_grpc_host) first += "\n        grpc_set_header Host '';";
    out_.text.insert(block.begin, first);
    for (LuaDirective& each : lua_) {
      if (each.begin >= block.begin) each.begin += first.size();
    }
  }

  Status PutDirective(const NginxPart& part) {
    const std::string_view name = part.words.empty() ? "" : part.words[0];
    if (name.ends_with("_by_lua") && part.words.size() == 2) {
      std::string_view code = part.words[1];
      if (code.size() > 1) code = code.substr(1, code.size() - 2);
      return PutLua(part, code);
    }
    Block& block = blocks_.back();
    // By its address alone, nginx' own pool would take a connection for another name's.
    if (block.pools && name.starts_with("keepalive")) return Ok();
    if (name.starts_with("lua_")) lua_.push_back({out_.text.size(), part.text.size()});
    if (name == "silverback_proxy") block.says_so = true;
    if (name == "silverback_env_file") block.started = true;
    if ((name == "proxy_pass" || name == "grpc_pass") && part.words.size() > 1 &&
        part.words[1].find("kong_upstream") != std::string_view::npos) {
      block.serves = true;
      block.passes_grpc = name == "grpc_pass";
    }
    if (name == "grpc_set_header" && part.words.size() > 1) {
      block.sets_grpc = true;
      if (part.words[1] == "Host") block.sets_grpc_host = true;
      if (part.words[1] == ":authority") block.sets_authority = true;
    }
    out_.text += part.text;
    return Ok();
  }

  Status PutLua(const NginxPart& part, std::string_view all) {
    std::string code = WithoutPreamble(all);
    bool found = false;
    while (const auto call = FindCall(code)) {
      if (!call->known) {
        return Error(ErrorCode::kInvalidInput,
                     fmt::format("nginx template, line {}: Kong.{}() has no counterpart here",
                                 part.line, call->name));
      }
      found = true;
      PutCall(*call->known);
      code.erase(call->begin, call->end - call->begin);
    }
    const bool rest = code.find_first_not_of(" \t\r\n;") != std::string::npos;
    if (rest && !found) {
      out_.has_lua = true;
      out_.text += part.text;
    } else if (rest && code.find("\"stream_\"") == std::string::npos) {  // not Kong's own
      out_.notes.push_back(fmt::format(
          "nginx template, line {}: the Lua code beside the call of Kong in {} is not run",
          part.line, part.words[0]));
    }
    return Ok();
  }

  void PutCall(const Call& call) {
    if (call.directive != kStart) {
      out_.text += call.directive;
      return;
    }
    Block& block = blocks_.back();
    if (block.started) return;
    block.started = true;
    out_.text += fmt::format("silverback_env_file {};\n    silverback_shared_memory {};",
                             options_.env_file, options_.shared_memory);
  }

  // Memory and limits of the Lua module mean nothing without it.
  void DropLuaDirectives() {
    if (out_.has_lua) return;
    for (auto at = lua_.rbegin(); at != lua_.rend(); ++at) out_.text.erase(at->begin, at->size);
  }

  NginxScanner scanner_;
  const TranslationOptions& options_;
  std::vector<Block> blocks_;
  std::vector<LuaDirective> lua_;
  Translation out_;
};

}  // namespace

Result<Translation> TranslateTemplate(std::string_view text, const TranslationOptions& options) {
  return Translator(text, options).Run();
}

}  // namespace silverback::config
