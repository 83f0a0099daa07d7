#include "store/declarative/configuration.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <unordered_map>

#include "store/declarative/checker.h"
#include "store/declarative/tree.h"
#include "store/errors.h"
#include "util/string_util.h"

namespace silverback::store::declarative {
namespace {

using schema::Schema;

constexpr std::string_view kFormats[] = {"1.1", "2.1"};

Error Invalid(Json fields) {
  std::string message = "declarative config is invalid: " + LuaTable(fields);
  return Error(ErrorCode::kDeclarativeConfig, std::move(message), std::move(fields));
}

// What is wrong with the format's name, or null.
Json FormatError(const Json* format) {
  if (!format || format->is_null()) return "required field missing";
  if (!format->is_string()) return "expected a string";
  const auto& text = format->get_ref<const std::string&>();
  if (std::find(std::begin(kFormats), std::end(kFormats), text) == std::end(kFormats))
    return fmt::format("expected one of: {}", fmt::join(kFormats, ", "));
  return nullptr;
}

// What is wrong with the members beside the entities.
Json TopLevelErrors(const Json& rest) {
  Json errors = Json::object();
  if (Json error = FormatError(FindMember(rest, "_format_version")); !error.is_null())
    errors["_format_version"] = std::move(error);
  const Json* transform = FindMember(rest, "_transform");
  if (transform && !transform->is_null() && !transform->is_boolean())
    errors["_transform"] = "expected a boolean";
  CheckComments(rest, errors);
  for (const auto& [name, value] : rest.items()) {
    const bool known = name == "_format_version" || name == "_transform" || name == "_comment" ||
                       name == "_ignore";
    if (!known) errors[name] = "unknown field";
  }
  return errors;
}

// The rows of a checked tree. Of two with one id the later one counts; those inside an item come
// before it.
class Collector {
 public:
  explicit Collector(const entity::Catalog& catalog) {
    for (const Schema* schema : catalog.entities()) kinds_[schema];
  }

  void AddAll(std::vector<ItemList>& lists) {
    for (ItemList& list : lists) {
      for (auto& item : list.items) {
        AddAll(item->children);
        Add(*item);
      }
    }
  }

  std::vector<Configuration::Kind> Take(const entity::Catalog& catalog) {
    std::vector<Configuration::Kind> kinds;
    for (const Schema* schema : catalog.entities()) {
      Rows& rows = kinds_[schema];
      if (!rows.kind.rows.empty()) kinds.push_back(std::move(rows.kind));
    }
    return kinds;
  }

 private:
  struct Rows {
    Configuration::Kind kind;
    std::unordered_map<std::string, size_t> by_id;
  };

  void Add(Item& item) {
    Rows& rows = kinds_[item.schema];
    rows.kind.schema = item.schema;
    const auto [at, is_new] = rows.by_id.try_emplace(
        StringMember(item.row, item.schema->primary_key()), rows.kind.rows.size());
    if (is_new) {
      rows.kind.rows.push_back(std::move(item.row));
      rows.kind.made_up.push_back(item.made_up);
    } else {
      rows.kind.rows[at->second] = std::move(item.row);
      rows.kind.made_up[at->second] = item.made_up;
    }
  }

  std::map<const Schema*, Rows> kinds_;
};

// A list has numbered members.
Json ObjectOf(Json document) {
  if (document.is_object()) return document;
  Json object = Json::object();
  for (size_t i = 0; i < document.size(); ++i)
    object[std::to_string(i + 1)] = std::move(document[i]);
  return object;
}

std::string PlaceOf(const std::string& key) { return fmt::format("in '{}'", key); }

void DescribeInto(std::string& out, const Json& errors, const std::string& of,
                  const std::string& indent) {
  const auto line = [&](const std::string& place, const std::string& name, const Json& error) {
    if (error.is_null()) return;
    if (!out.empty()) out += '\n';
    out += indent + place + ':';
    if (error.is_structured()) {
      DescribeInto(out, error, name, indent + "  ");
    } else {
      out += ' ' + (error.is_string() ? error.get<std::string>() : DumpJson(error));
    }
  };
  if (errors.is_array()) {
    for (size_t i = 0; i < errors.size(); ++i)
      line(fmt::format("- in entry {} of '{}'", i + 1, of), std::to_string(i + 1), errors[i]);
    return;
  }
  for (const auto& [name, error] : errors.items()) line(PlaceOf(name), name, error);
}

}  // namespace

size_t Configuration::size() const {
  size_t count = 0;
  for (const Kind& kind : kinds) count += kind.rows.size();
  return count;
}

Result<Configuration> Flatten(const entity::Catalog& catalog, Json document, std::string hash) {
  if (hash.empty()) hash = Md5Hex(DumpJson(document));
  document = ObjectOf(std::move(document));
  Tree tree(catalog);
  tree.Take(document);
  Json errors = TopLevelErrors(document);
  Json found = Checker(tree, catalog).Check(!errors.empty());
  if (found.is_object()) errors.update(found);
  if (!errors.empty()) return Invalid(std::move(errors));

  Configuration configuration;
  Collector collector(catalog);
  collector.AddAll(tree.lists());
  configuration.kinds = collector.Take(catalog);
  configuration.format_version = StringMember(document, "_format_version");
  configuration.transform = BoolMember(document, "_transform", true);
  configuration.hash = std::move(hash);
  return configuration;
}

std::string DescribeErrors(const Json& fields) {
  const Json* error = FindMember(fields, "error");
  if (fields.size() == 1 && error && error->is_string()) return error->get<std::string>();
  std::string out;
  DescribeInto(out, fields, "", "");
  return out;
}

}  // namespace silverback::store::declarative
