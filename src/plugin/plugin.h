// Plugin: the interface of the bundled plugins. One object per configured plugin row and worker; it
// is immutable (const methods), shared by every request of the worker, and lives as long as a
// request uses its snapshot. State of one request goes into Exchange::Slot, state of many into
// PluginEnv's services.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "plugin/env.h"
#include "plugin/exchange.h"
#include "plugin/handshake.h"
#include "util/json.h"
#include "util/result.h"

namespace silverback::plugin {

enum class Next {
  kContinue,  // go on with the next plugin
  kRespond,   // Exchange::Respond was called: the request ends here (header_filter, body_filter and
              // log still run)
  kSuspend,   // Exchange::Suspend was called: the phase goes on when its Resumer is called
};

// A piece of the response body on its way to the client.
struct BodyChunk {
  std::string* data;  // may be replaced
  bool last;
};

class Plugin {
 public:
  virtual ~Plugin() = default;
  // Once, when the worker begins to serve by it, on the event loop; for plugins that apply
  // everywhere.
  virtual void OnStart() const {}
  // Of plugins that apply everywhere.
  virtual void OnCertificate(Handshake&) const {}
  virtual Next OnRewrite(Exchange&) const { return Next::kContinue; }
  virtual Next OnAccess(Exchange&) const { return Next::kContinue; }
  // The one phase before proxying of a TCP or UDP session (Exchange::IsStream).
  virtual Next OnPreread(Exchange&) const { return Next::kContinue; }
  virtual void OnHeaderFilter(Exchange&) const {}
  // Asked once, after the header filters, of a plugin with the phase body_filter: whether it looks
  // at this response's body. Without any that does, the body passes untouched.
  virtual bool WantsBody(Exchange&) const { return true; }
  virtual void OnBodyFilter(Exchange&, BodyChunk&) const {}
  virtual void OnLog(Exchange&) const {}
};

enum Phase : uint8_t {
  kRewrite = 1,
  kAccess = 2,
  kHeaderFilter = 4,
  kBodyFilter = 8,
  kLog = 16,
  kPreread = 32,
  kCertificate = 64,
  kBodyObserver = 128,  // OnBodyFilter is called, but never changes the body
};

struct PluginInstance {
  const Json& row;     // the plugin entity
  const Json& config;  // row["config"], checked by the schema
};

struct PluginType {
  std::string_view name;
  int priority;  // higher runs first (pre-function: INT_MAX)
  std::string_view version;
  uint8_t phases;  // which methods it overrides
  // A configuration that the schema passed can still fail here (a regex that does not compile);
  // requests that the plugin applies to are then answered 500 with a log line that names it.
  Result<std::unique_ptr<Plugin>> (*create)(const PluginInstance& instance, PluginEnv& env);
};

// The plugins that have a handler (src/plugins/builtin_plugins.cc), by descending priority.
std::span<const PluginType* const> BuiltinPlugins();
const PluginType* FindPluginType(std::string_view name);

}  // namespace silverback::plugin
