#include "admin/entity_access.h"

#include <cmath>

#include "admin/form_args.h"
#include "admin/json_body.h"
#include "util/string_util.h"

namespace silverback::admin {
namespace {

constexpr double kMaxPageSize = 1000;

Error InvalidSize(std::string message) {
  return Error(ErrorCode::kInvalidSize, std::move(message));
}

// Arguments given several times are lists; the first counts.
std::string FirstText(const Json& value) {
  const Json& first = value.is_array() && !value.empty() ? value.front() : value;
  return first.is_string() ? first.get<std::string>() : "";
}

Error InvalidTags(const std::string& why) {
  return Error(ErrorCode::kInvalidOptions, "invalid option (tags: " + why + ")",
               Json{{"tags", why}});
}

bool IsTagFilter(std::string_view text) {
  if (text.empty() || InvalidUtf8At(text) != 0) return false;
  for (char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte == 0x7F) return false;
  }
  return true;
}

constexpr size_t kMaxTags = 5;

// "a,b" (all of them) or "a/b" (one of them).
Status ReadTags(const std::string& text, store::ListOptions& options) {
  const bool any = text.find('/') != std::string::npos;
  const bool all = text.find(',') != std::string::npos;
  if (!IsTagFilter(text) || (any && all)) return InvalidTags("invalid filter syntax");
  options.tags_any = any;
  for (std::string_view tag : Split(text, any ? '/' : ',')) {
    options.tags.emplace_back(tag);
  }
  // A separator may end the list, but not begin it or follow another. What then ends the list is a
  // tag that nothing has.
  for (size_t i = 0; i < options.tags.size(); ++i) {
    if (options.tags[i].empty() && (i == 0 || i + 1 < options.tags.size()))
      return InvalidTags("invalid filter syntax");
  }
  if (options.tags.size() > kMaxTags) return InvalidTags("cannot query more than 5 tags");
  return Ok();
}

Error InvalidOffset(const std::string& offset) {
  return Error(ErrorCode::kInvalidOffset,
               "'" + offset + "' is not a valid offset: bad json encoding");
}

}  // namespace

std::string CollectionName(const schema::Schema& schema) {
  return StringMember(schema.definition(), "admin_api_name", schema.name());
}

std::string NestedName(const schema::Schema& schema) {
  return StringMember(schema.definition(), "admin_api_nested_name", CollectionName(schema));
}

Result<store::Key> KeyFor(const schema::Schema& schema, const std::string& segment) {
  if (IsUuid(segment)) return store::Key{"", ToLower(segment)};
  const std::string& field = schema.endpoint_key();
  if (field.empty()) {
    return Error(ErrorCode::kInvalidPrimaryKey,
                 "invalid primary key: '{id=\"expected a valid UUID\"}'",
                 Json{{"id", "expected a valid UUID"}});
  }
  if (const size_t at = InvalidUtf8At(segment)) {
    return Error(ErrorCode::kInvalidUnique,
                 "invalid utf-8 character sequence detected at position " + std::to_string(at),
                 Json{{field, "invalid utf-8"}});
  }
  if (segment.find('\0') != std::string::npos) {
    return Error(ErrorCode::kInvalidUnique, "must not contain a NUL character",
                 Json{{field, "NUL character"}});
  }
  return store::Key{field, segment};
}

Result<std::optional<Json>> Select(const Context& context, const schema::Schema& schema,
                                   const std::string& segment) {
  const Result<store::Key> key = KeyFor(schema, segment);
  if (!key) return key.error();
  return context.dao.Select(schema.name(), *key);
}

std::string PrimaryKeyOf(const schema::Schema& schema, const Json& row) {
  return StringMember(row, schema.primary_key());
}

Json ReferenceTo(const schema::Schema& schema, const Json& row) {
  return {{schema.primary_key(), PrimaryKeyOf(schema, row)}};
}

bool RefersTo(const Json& row, const std::string& foreign_field, const std::string& id) {
  return !id.empty() && ForeignId(row, foreign_field) == id;
}

Result<std::optional<double>> ReadSize(const Json& query) {
  const Json* size = FindMember(query, "size");
  if (size == nullptr) return std::optional<double>();
  std::optional<double> number;
  if (size->is_string()) number = LuaNumber(size->get_ref<const std::string&>());
  if (!number) return InvalidSize("size must be a number");
  return number;
}

Result<std::vector<Json>> PluginsNamed(const Context& context, std::string_view name) {
  std::vector<Json> plugins;
  store::ListOptions options;
  options.size = static_cast<size_t>(kMaxPageSize);
  do {
    auto page = context.dao.List("plugins", options);
    if (!page) return page.error();
    for (Json& plugin : page->rows) {
      if (StringViewMember(plugin, "name") == name) plugins.push_back(std::move(plugin));
    }
    options.offset = page->offset.value_or("");
  } while (!options.offset.empty());
  return plugins;
}

Result<store::ListOptions> ReadListOptions(const Json& query, const schema::Schema& schema) {
  store::ListOptions options;
  const Result<std::optional<double>> size = ReadSize(query);
  if (!size) return size.error();
  if (*size) {
    const double number = **size;
    if (number != std::trunc(number) || number < 1 || number > kMaxPageSize) {
      return InvalidSize("size must be an integer between 1 and 1000");
    }
    options.size = static_cast<size_t>(number);
  }
  if (const Json* offset = FindMember(query, "offset")) {
    if (!offset->is_string() || offset->get_ref<const std::string&>().empty()) {
      return InvalidOffset(offset->is_string() ? "" : DumpJson(*offset));
    }
    options.offset = offset->get<std::string>();
  }
  if (const Json* tags = FindMember(query, "tags"); tags && schema.FindField("tags") != nullptr) {
    if (const Status read = ReadTags(FirstText(*tags), options); !read) return read.error();
  }
  return options;
}

Response PageResponse(const store::Page& page, const std::string& path, const std::string& tags) {
  Json body = {{"data", page.rows}, {"next", nullptr}};
  if (page.offset) {
    body["offset"] = *page.offset;
    body["next"] = path + "?offset=" + PercentEncode(*page.offset) +
                   (tags.empty() ? "" : "&tags=" + PercentEncode(tags));
  }
  return JsonResponse(200, body);
}

}  // namespace silverback::admin
