// Writes YAML through libyaml, piece by piece, so that a document never lies in memory as a whole.
// What it writes reads back as the same values, by Kong too. One thread.
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "util/json.h"
#include "util/result.h"

namespace silverback::store::declarative {

class YamlWriter {
 public:
  using Sink = std::function<Status(std::string_view piece)>;
  explicit YamlWriter(Sink sink);
  ~YamlWriter();

  // The document is one map: keys with values, or with lists that are written item by item. After a
  // failure of the sink the rest is dropped; Finish reports it.
  void Member(std::string_view key, const Json& value);
  void BeginList(std::string_view key);
  void Item(const Json& value);
  void EndList();
  Status Finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace silverback::store::declarative
