#include "util/json.h"

#include <fmt/format.h>

#include <algorithm>

#include "util/json_number.h"
#include "util/json_reader.h"

namespace silverback {
namespace {

void NormalizeNumbers(Json& value) {
  if (value.is_number_float()) {
    const double number = value.get<double>();
    if (IsIntegral(number)) value = static_cast<int64_t>(number);
  } else if (value.is_structured()) {
    for (auto& item : value) NormalizeNumbers(item);
  }
}

constexpr auto kReplaceInvalid = Json::error_handler_t::replace;

bool IsPlain(char c) {
  return static_cast<unsigned char>(c) >= 0x20 && static_cast<unsigned char>(c) < 0x80 &&
         c != '"' && c != '\\';
}

void DumpText(const std::string& text, std::string& out) {
  if (!std::all_of(text.begin(), text.end(), IsPlain)) {
    out += Json(text).dump(-1, ' ', false, kReplaceInvalid);
    return;
  }
  out += '"';
  out += text;
  out += '"';
}

void DumpNumber(const Json& value, std::string& out) {
  if (value.is_number_unsigned()) {
    out += fmt::format_int(value.get<uint64_t>()).c_str();
  } else if (value.is_number_integer()) {
    out += fmt::format_int(value.get<int64_t>()).c_str();
  } else if (const double number = value.get<double>(); IsIntegral(number)) {
    out += fmt::format_int(static_cast<int64_t>(number)).c_str();
  } else {
    out += Json::parse(fmt::format("{:.14g}", number), nullptr, false).dump();
  }
}

// nlohmann's own writer looks at every character of a text in turn, and cannot write numbers so.
void DumpInto(const Json& value, std::string& out) {
  if (value.is_object()) {
    char before = '{';
    for (const auto& [name, member] : value.get_ref<const Json::object_t&>()) {
      out += before;
      DumpText(name, out);
      out += ':';
      DumpInto(member, out);
      before = ',';
    }
    out += before == '{' ? "{}" : "}";
  } else if (value.is_array()) {
    char before = '[';
    for (const Json& item : value) {
      out += before;
      DumpInto(item, out);
      before = ',';
    }
    out += before == '[' ? "[]" : "]";
  } else if (value.is_string()) {
    DumpText(value.get_ref<const std::string&>(), out);
  } else if (value.is_number()) {
    DumpNumber(value, out);
  } else {
    out += value.dump();
  }
}

}  // namespace

Result<Json> ParseJson(std::string_view text, int max_depth) {
  constexpr const char* kTooDeep = "too many levels of nesting";
  auto quick = ReadJson(text, static_cast<size_t>(max_depth));
  if (quick.too_deep) return Error(ErrorCode::kInvalidInput, kTooDeep);
  if (quick.value) return *std::move(quick.value);
  bool too_deep = false;
  auto watch_depth = [&](int depth, Json::parse_event_t, Json&) {
    if (depth > max_depth) too_deep = true;
    return !too_deep;
  };
  try {
    Json value = Json::parse(text.begin(), text.end(), watch_depth);
    if (too_deep) return Error(ErrorCode::kInvalidInput, kTooDeep);
    NormalizeNumbers(value);
    return value;
  } catch (const Json::exception& e) {
    return Error(ErrorCode::kInvalidInput, e.what());
  }
}

std::string DumpJson(const Json& value) {
  std::string out;
  DumpInto(value, out);
  return out;
}

const Json* FindMember(const Json& value, std::string_view key) {
  if (!value.is_object()) return nullptr;
  auto found = value.find(key);
  return found == value.end() ? nullptr : &*found;
}

std::string StringMember(const Json& value, std::string_view key, std::string_view otherwise) {
  const Json* member = FindMember(value, key);
  return member && member->is_string() ? member->get<std::string>() : std::string(otherwise);
}

std::string_view StringViewMember(const Json& value, std::string_view key) {
  const Json* member = FindMember(value, key);
  if (!member || !member->is_string()) return {};
  return member->get_ref<const std::string&>();
}

double NumberMember(const Json& value, std::string_view key, double otherwise) {
  const Json* member = FindMember(value, key);
  return member && member->is_number() ? member->get<double>() : otherwise;
}

bool BoolMember(const Json& value, std::string_view key, bool otherwise) {
  const Json* member = FindMember(value, key);
  return member && member->is_boolean() ? member->get<bool>() : otherwise;
}

std::string ForeignId(const Json& value, std::string_view key) {
  const Json* member = FindMember(value, key);
  return member ? StringMember(*member, "id") : "";
}

}  // namespace silverback
