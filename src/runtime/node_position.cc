#include "runtime/node_position.h"

#include "util/json.h"
#include "util/string_util.h"

namespace silverback::runtime {
namespace {

std::string Fingerprint(const entity::Catalog& catalog) {
  std::string names;
  for (const schema::Schema* schema : catalog.entities()) names += schema->name() + ' ';
  constexpr size_t kEnough = 16;
  return ToHex(Sha256(names)).substr(0, kEnough);
}

}  // namespace

NodePosition NodePosition::Parse(const std::string& text, const entity::Catalog& catalog,
                                 std::string_view store) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object() || StringMember(json, "entities") != Fingerprint(catalog) ||
      StringMember(json, "store") != store) {
    return {};
  }
  return {StringMember(json, "feed"), BoolMember(json, "complete")};
}

std::string NodePosition::ToText(const entity::Catalog& catalog, std::string_view store) const {
  return DumpJson({{"feed", feed},
                   {"complete", complete},
                   {"store", std::string(store)},
                   {"entities", Fingerprint(catalog)}});
}

std::string NodePosition::StoreOf(const std::string& text) {
  return StringMember(Json::parse(text, nullptr, false), "store");
}

}  // namespace silverback::runtime
