#include "util/json.h"

#include <fmt/format.h>

#include <cmath>

namespace silverback {
namespace {

constexpr double kMaxExactInteger = 9007199254740992.0;  // 2^53

bool IsIntegral(double value) {
  return std::isfinite(value) && value == std::trunc(value) && std::fabs(value) <= kMaxExactInteger;
}

void NormalizeNumbers(Json& value) {
  if (value.is_number_float()) {
    const double number = value.get<double>();
    if (IsIntegral(number)) value = static_cast<int64_t>(number);
  } else if (value.is_structured()) {
    for (auto& item : value) NormalizeNumbers(item);
  }
}

Json ForOutput(const Json& value) {
  if (value.is_number_float()) {
    const double number = value.get<double>();
    if (IsIntegral(number)) return static_cast<int64_t>(number);
    return Json::parse(fmt::format("{:.14g}", number), nullptr, false);
  }
  if (!value.is_structured()) return value;
  Json copy = value;
  for (auto& item : copy) {
    if (item.is_structured() || item.is_number_float()) item = ForOutput(item);
  }
  return copy;
}

bool HasFloat(const Json& value) {
  if (value.is_number_float()) return true;
  if (!value.is_structured()) return false;
  for (const auto& item : value) {
    if (HasFloat(item)) return true;
  }
  return false;
}

constexpr auto kReplaceInvalid = Json::error_handler_t::replace;

}  // namespace

Result<Json> ParseJson(std::string_view text, int max_depth) {
  bool too_deep = false;
  auto watch_depth = [&](int depth, Json::parse_event_t, Json&) {
    if (depth > max_depth) too_deep = true;
    return !too_deep;
  };
  try {
    Json value = Json::parse(text.begin(), text.end(), watch_depth);
    if (too_deep) return Error(ErrorCode::kInvalidInput, "too many levels of nesting");
    NormalizeNumbers(value);
    return value;
  } catch (const Json::exception& e) {
    return Error(ErrorCode::kInvalidInput, e.what());
  }
}

std::string DumpJson(const Json& value) {
  if (HasFloat(value)) return ForOutput(value).dump(-1, ' ', false, kReplaceInvalid);
  return value.dump(-1, ' ', false, kReplaceInvalid);
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
