#include "store/declarative/yaml_reader.h"

#include <fmt/format.h>
#include <yaml.h>

#include <map>
#include <optional>
#include <string>

#include "store/declarative/yaml_scalar.h"

namespace silverback::store::declarative {
namespace {

constexpr int kDeepest = 100;
// What aliases may add by repeating: a document of a few lines must not fill the memory.
constexpr size_t kMaxCopied = size_t{64} << 20;

// Roughly what a copy of `value` needs.
size_t Weight(const Json& value) {
  size_t weight = 32;
  if (value.is_string()) return weight + value.get_ref<const std::string&>().size();
  if (value.is_array()) {
    for (const Json& item : value) weight += Weight(item);
  } else if (value.is_object()) {
    for (const auto& [key, item] : value.items()) weight += 64 + key.size() + Weight(item);
  }
  return weight;
}

const char* Text(const yaml_char_t* text) { return reinterpret_cast<const char*>(text); }

// The name of a key that is not a string: "8080", "true".
std::string KeyText(const Json& key) {
  return key.is_string() ? key.get<std::string>() : DumpJson(key);
}

class Event {
 public:
  Event() { event_.type = YAML_NO_EVENT; }
  ~Event() { Clear(); }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  bool Fetch(yaml_parser_t& parser) {
    Clear();
    return yaml_parser_parse(&parser, &event_) == 1;
  }
  const yaml_event_t& operator*() const { return event_; }
  const yaml_event_t* operator->() const { return &event_; }

 private:
  void Clear() {
    yaml_event_delete(&event_);
    event_.type = YAML_NO_EVENT;
  }
  yaml_event_t event_;
};

class Reader {
 public:
  explicit Reader(std::string_view text) {
    yaml_parser_initialize(&parser_);
    yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text.data()),
                                 text.size());
  }
  ~Reader() { yaml_parser_delete(&parser_); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  Result<Json> ReadStream() {
    Json first;
    bool any = false;
    for (;;) {
      if (auto next = Next(); !next) return next.error();
      if (event_->type == YAML_STREAM_END_EVENT) return first;
      if (event_->type != YAML_DOCUMENT_START_EVENT) continue;
      if (auto next = Next(); !next) return next.error();
      auto document = ReadNode(0);
      if (!document) return document.error();
      anchors_.clear();
      if (!any) first = *std::move(document);
      any = true;
    }
  }

 private:
  Status Next() {
    if (!event_.Fetch(parser_)) return Problem(parser_.problem ? parser_.problem : "A problem");
    line_ = event_->start_mark.line + 1;
    column_ = event_->start_mark.column + 1;
    return Ok();
  }

  Error Problem(std::string_view what) const {
    return Error(ErrorCode::kInvalidInput, fmt::format("{}:{}: {}", line_, column_, what));
  }

  // The node that the current event begins.
  Result<Json> ReadNode(int depth) {
    if (depth > kDeepest) return Problem("too many levels of nesting");
    switch (event_->type) {
      case YAML_SCALAR_EVENT:
        return ReadScalar();
      case YAML_ALIAS_EVENT:
        return ReadAlias();
      case YAML_SEQUENCE_START_EVENT:
        return ReadSequence(depth);
      case YAML_MAPPING_START_EVENT:
        return ReadMapping(depth);
      default:
        return Problem("invalid event");
    }
  }

  void Remember(const yaml_char_t* anchor, const Json& value) {
    if (anchor) anchors_[Text(anchor)] = value;
  }

  Result<Json> ReadScalar() {
    const auto& scalar = event_->data.scalar;
    const std::string_view text(Text(scalar.value), scalar.length);
    Json value;
    if (scalar.tag && IsScalarTag(Text(scalar.tag))) {
      auto tagged = ResolveTagged(Text(scalar.tag), text);
      if (!tagged) return Problem(fmt::format("invalid '{}' value: '{}'", Text(scalar.tag), text));
      value = *std::move(tagged);
    } else if (scalar.style == YAML_PLAIN_SCALAR_STYLE) {
      value = ResolveScalar(text);
    } else {
      value = std::string(text);
    }
    Remember(scalar.anchor, value);
    return value;
  }

  Result<Json> ReadAlias() {
    const char* anchor = Text(event_->data.alias.anchor);
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) return Problem(fmt::format("invalid reference: {}", anchor));
    copied_ += Weight(found->second);
    if (copied_ > kMaxCopied) return Problem("aliases repeat too much");
    return found->second;
  }

  Result<Json> ReadSequence(int depth) {
    const std::string anchor = TakeAnchor(event_->data.sequence_start.anchor);
    Json list = Json::array();
    for (;;) {
      if (auto next = Next(); !next) return next.error();
      if (event_->type == YAML_SEQUENCE_END_EVENT) break;
      auto item = ReadNode(depth + 1);
      if (!item) return item;
      list.push_back(*std::move(item));
    }
    if (!anchor.empty()) anchors_[anchor] = list;
    return list;
  }

  Result<Json> ReadMapping(int depth) {
    const std::string anchor = TakeAnchor(event_->data.mapping_start.anchor);
    Json map = Json::object();
    for (;;) {
      if (auto next = Next(); !next) return next.error();
      if (event_->type == YAML_MAPPING_END_EVENT) break;
      const bool merges = IsMergeKey();
      auto key = ReadNode(depth + 1);
      if (!key) return key;
      if (key->is_structured()) return Problem("a key must be a scalar");
      if (auto next = Next(); !next) return next.error();
      auto value = ReadNode(depth + 1);
      if (!value) return value;
      if (merges) {
        if (auto merged = Merge(*value, map); !merged) return merged.error();
      } else {
        map[KeyText(*key)] = *std::move(value);
      }
    }
    if (!anchor.empty()) anchors_[anchor] = map;
    return map;
  }

  static std::string TakeAnchor(const yaml_char_t* anchor) { return anchor ? Text(anchor) : ""; }

  bool IsMergeKey() const {
    if (event_->type != YAML_SCALAR_EVENT) return false;
    const auto& scalar = event_->data.scalar;
    const std::string_view tag = scalar.tag ? Text(scalar.tag) : "";
    return std::string_view(Text(scalar.value), scalar.length) == "<<" ||
           tag == "tag:yaml.org,2002:merge";
  }

  // What `map` has already stays.
  Status Merge(const Json& source, Json& map) const {
    if (source.is_object()) {
      for (const auto& [key, value] : source.items()) {
        if (!map.contains(key)) map[key] = value;
      }
      return Ok();
    }
    if (!source.is_array()) return Problem("invalid '<<' merge event: " + DumpJson(source));
    for (size_t i = 0; i < source.size(); ++i) {
      if (!source[i].is_object()) {
        return Problem(
            fmt::format("invalid '<<' sequence element {}: {}", i + 1, KeyText(source[i])));
      }
      if (auto merged = Merge(source[i], map); !merged) return merged;
    }
    return Ok();
  }

  yaml_parser_t parser_{};
  Event event_;
  std::map<std::string, Json> anchors_;
  size_t copied_ = 0;
  size_t line_ = 1, column_ = 1;
};

}  // namespace

Result<Json> ReadYaml(std::string_view text) {
  Reader reader(text);
  return reader.ReadStream();
}

}  // namespace silverback::store::declarative
