#include "runtime/certificate_table.h"

#include "runtime/snapshot.h"

namespace silverback::runtime {
namespace {

template <class Map>
auto Find(const Map& map, std::string_view key) ->
    typename std::remove_cvref_t<decltype(map.begin()->second)> {
  const auto found = map.find(key);
  return found == map.end() ? nullptr : found->second;
}

}  // namespace

std::shared_ptr<const CertificateTable> CertificateTable::Build(const EntityTable& certificates,
                                                                const EntityTable& server_names,
                                                                const CertificateTable* before) {
  auto table = std::make_shared<CertificateTable>();
  table->by_id_.reserve(certificates.rows.size());
  for (const auto& [id, row] : certificates.rows) {
    Entry entry = before ? Find(before->by_id_, id) : nullptr;
    if (!entry || entry->row != row) {
      auto made = std::make_shared<CertificateEntry>();
      made->row = row;
      table->added_.push_back(made);
      entry = std::move(made);
    }
    table->by_id_.emplace(id, std::move(entry));
  }
  table->by_name_.reserve(server_names.rows.size());
  for (const auto& [id, row] : server_names.rows) {
    const CertificateEntry* entry = table->ById(ForeignId(*row, "certificate"));
    if (entry) table->by_name_[StringMember(*row, "name")] = entry;
  }
  return table;
}

const CertificateEntry* CertificateTable::ForName(std::string_view server_name) const {
  if (const auto* entry = Find(by_name_, server_name)) return entry;
  std::string wildcard;
  if (const size_t dot = server_name.find('.'); dot != server_name.npos) {
    wildcard.assign("*").append(server_name.substr(dot));
    if (const auto* entry = Find(by_name_, wildcard)) return entry;
  }
  if (const size_t dot = server_name.rfind('.'); dot != server_name.npos) {
    wildcard.assign(server_name.substr(0, dot)).append(".*");
    if (const auto* entry = Find(by_name_, wildcard)) return entry;
  }
  return Find(by_name_, "*");
}

const CertificateEntry* CertificateTable::ById(std::string_view id) const {
  return Find(by_id_, id).get();
}

}  // namespace silverback::runtime
