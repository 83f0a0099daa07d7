#include "util/json_reader.h"

#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

#include <vector>

#include "util/json_number.h"

namespace silverback {
namespace {

// Puts together what RapidJSON reads. The innermost open list or object is the last of `open_`.
class Builder : public rapidjson::BaseReaderHandler<rapidjson::UTF8<>, Builder> {
 public:
  explicit Builder(size_t max_depth) : max_depth_(max_depth) { open_.reserve(16); }

  bool Default() { return false; }
  bool Null() { return Add(nullptr); }
  bool Bool(bool value) { return Add(value); }
  bool Int(int value) { return Add(value); }
  bool Uint(unsigned value) { return Add(value); }
  bool Int64(int64_t value) { return Add(value); }
  bool Uint64(uint64_t value) { return Add(value); }
  bool Double(double value) {
    return IsIntegral(value) ? Add(static_cast<int64_t>(value)) : Add(value);
  }
  bool String(const char* text, rapidjson::SizeType size, bool) {
    return Add(std::string(text, size));
  }
  bool StartArray() { return Open(Json::array()); }
  bool StartObject() { return Open(Json::object()); }
  bool EndArray(rapidjson::SizeType) { return Close(); }
  bool EndObject(rapidjson::SizeType) { return Close(); }

  bool Key(const char* text, rapidjson::SizeType size, bool) {
    auto& members = open_.back()->get_ref<Json::object_t&>();
    // Our own texts have their keys sorted: each goes to the end.
    member_ = &members.emplace_hint(members.end(), std::string(text, size), nullptr)->second;
    return true;
  }

  bool too_deep() const { return too_deep_; }
  Json Take() { return std::move(root_); }

 private:
  template <class Value>
  bool Add(Value&& value) {
    return Place(Json(std::forward<Value>(value))) != nullptr;
  }

  Json* Place(Json value) {
    too_deep_ = open_.size() > max_depth_;
    if (too_deep_) return nullptr;
    if (open_.empty()) return &(root_ = std::move(value));
    if (open_.back()->is_array()) return &open_.back()->emplace_back(std::move(value));
    return &(*member_ = std::move(value));
  }

  bool Open(Json empty) {
    Json* placed = Place(std::move(empty));
    if (placed != nullptr) open_.push_back(placed);
    return placed != nullptr;
  }

  bool Close() {
    open_.pop_back();
    return true;
  }

  const size_t max_depth_;
  Json root_;
  std::vector<Json*> open_;
  Json* member_ = nullptr;  // the one whose value comes next
  bool too_deep_ = false;
};

}  // namespace

JsonReading ReadJson(std::string_view text, size_t max_depth) {
  constexpr unsigned kFlags =
      rapidjson::kParseFullPrecisionFlag | rapidjson::kParseValidateEncodingFlag;
  // RapidJSON lets some halves of a pair pass.
  if (text.find("\\u") != std::string_view::npos) return {};
  rapidjson::MemoryStream stream(text.data(), text.size());
  Builder builder(max_depth);
  rapidjson::Reader reader;
  const bool read = !reader.Parse<kFlags>(stream, builder).IsError();
  if (builder.too_deep()) return {.value = {}, .too_deep = true};
  // It takes a NUL byte for the end.
  if (!read || stream.Tell() != text.size()) return {};
  return {.value = builder.Take()};
}

}  // namespace silverback
