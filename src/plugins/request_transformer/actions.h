// The five actions of request-transformer on one kind of thing, in their order: remove, rename,
// replace, add, append.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "plugin/env.h"
#include "util/json.h"

namespace silverback::plugins {

// A rule's value as it is for one request.
struct Wanted {
  std::string name;
  std::optional<std::string> value;  // nullopt: the rule has none
};

struct WantedActions {
  std::vector<Wanted> remove, rename, replace, add, append;
};

class Actions {
 public:
  // Of config.remove[kind] and so on. Fails when a template may not be used.
  static Result<Actions> Create(const Json& config, const char* kind, plugin::Scripts& scripts);

  bool empty() const;
  // With the templates rendered; the error names the one that failed.
  Result<WantedActions> For(plugin::Exchange& exchange, plugin::TemplateScope& scope) const;

 private:
  struct Item {
    std::string name;
    std::unique_ptr<plugin::Template> value;  // null: none
  };
  std::vector<Item> remove_, rename_, replace_, add_, append_;
};

Error RenderingError(const Error& cause);

}  // namespace silverback::plugins
