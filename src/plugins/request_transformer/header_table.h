// HeaderTable: a request's headers as Kong's plugins find and change them: names are kept as they
// are written, and a name that is not there is looked for in lower case with hyphens.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "plugin/exchange.h"
#include "plugins/request_transformer/actions.h"

namespace silverback::plugins {

class HeaderTable {
 public:
  explicit HeaderTable(const plugin::Exchange& exchange);
  void Apply(const WantedActions& actions);
  // Gives the exchange what has changed.
  void Write(plugin::Exchange& exchange) const;

 private:
  struct Entry {
    std::string name;
    std::vector<std::string> values;
    bool changed = false;
  };
  Entry* Exactly(std::string_view name);
  Entry* Find(std::string_view name);
  void Set(std::string_view name, std::vector<std::string> values);
  void Drop(std::string_view name);
  void Append(const Wanted& rule);

  std::vector<Entry> entries_;
  std::vector<std::string> removed_;
};

}  // namespace silverback::plugins
