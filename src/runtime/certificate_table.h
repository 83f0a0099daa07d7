// CertificateTable: the certificates of a configuration by id and by the server names that they are
// for. Immutable, but for what the event loop attaches to an entry; entries of rows that have not
// changed are handed on from table to table with what is attached to them.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "util/json.h"

namespace silverback::runtime {

struct EntityTable;

struct CertificateEntry {
  std::shared_ptr<const Json> row;
  // The row as TLS needs it. Set and read on the event loop only.
  mutable std::shared_ptr<const void> decoded;
};

class CertificateTable {
 public:
  using Entry = std::shared_ptr<const CertificateEntry>;

  static std::shared_ptr<const CertificateTable> Build(const EntityTable& certificates,
                                                       const EntityTable& server_names,
                                                       const CertificateTable* before);

  // Null when there is none. An exact name, then "*.rest", then "first.*", then "*"; a wildcard
  // stands for one label. Names are compared as they are written, as in Kong.
  const CertificateEntry* ForName(std::string_view server_name) const;
  const CertificateEntry* ById(std::string_view id) const;

  bool has_names() const { return !by_name_.empty(); }
  const std::vector<Entry>& added() const { return added_; }  // that `before` did not have

 private:
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  template <class Value>
  using Map = std::unordered_map<std::string, Value, Hash, std::equal_to<>>;

  Map<Entry> by_id_;
  Map<const CertificateEntry*> by_name_;
  std::vector<Entry> added_;
};

}  // namespace silverback::runtime
