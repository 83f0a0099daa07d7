// Arguments: what a query string or a form says, changed by request-transformer's actions. A name
// may have several values; order of the first appearance is kept.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/request_transformer/actions.h"

namespace silverback::plugins {

class Arguments {
 public:
  explicit Arguments(std::string_view text);
  // With `nothing_sent` only add and append are done. False: nothing was to be done.
  bool Apply(const WantedActions& actions, bool nothing_sent = false);
  // Adds all of the other's values to its own.
  void Merge(const Arguments& other);
  bool empty() const { return items_.empty(); }
  std::string Text() const;

 private:
  using Values = std::vector<std::optional<std::string>>;  // nullopt: a bare name
  struct Item {
    std::string name;
    Values values;
  };
  Item* Find(std::string_view name);
  void Set(const std::string& name, Values values);
  void Drop(std::string_view name);

  std::vector<Item> items_;
};

}  // namespace silverback::plugins
