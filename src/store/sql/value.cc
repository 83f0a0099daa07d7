#include "store/sql/value.h"

#include <charconv>
#include <cmath>

namespace silverback::store::sql {
namespace {

double ParseDouble(std::string_view text) {
  double value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

Json DecodeNumber(const Column& column, std::string_view text) {
  int64_t integer = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), integer);
  if (error == std::errc() && end == text.data() + text.size()) return integer;
  const double value = ParseDouble(text);
  if (column.integral || value == std::trunc(value)) return static_cast<int64_t>(value);
  return value;
}

Value EncodeNumber(const Column& column, const Json& value) {
  if (value.is_number_integer()) {
    const int64_t integer = value.get<int64_t>();
    return column.kind == Kind::kTimestamp ? Value::Real(static_cast<double>(integer))
                                           : Value::Integer(integer);
  }
  if (!value.is_number()) return Value::Null();
  const double number = value.get<double>();
  if (column.integral && column.kind == Kind::kInteger) {
    return Value::Integer(static_cast<int64_t>(number));
  }
  return Value::Real(number);
}

std::string ElementText(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_object() && value.size() == 1 && value.begin()->is_string()) {
    return value.begin()->get<std::string>();  // a list of foreign keys: [{"id": ...}]
  }
  return DumpJson(value);
}

Value EncodeList(Dialect dialect, const Column& column, const Json& value) {
  if (!value.is_array()) return Value::Null();
  if (dialect == Dialect::kSqlite) return Value::Text(DumpJson(value));
  std::vector<std::string> elements;
  elements.reserve(value.size());
  for (const Json& element : value) {
    elements.push_back(column.kind == Kind::kJsonArray ? DumpJson(element) : ElementText(element));
  }
  return Value::Text(ArrayLiteral(elements));
}

bool IsList(Kind kind) {
  return kind == Kind::kTextArray || kind == Kind::kUuidArray || kind == Kind::kJsonArray;
}

}  // namespace

std::string Value::ToText() const {
  switch (type) {
    case Type::kInteger:
      return std::to_string(integer);
    case Type::kReal: {
      char buffer[400];  // the longest double without an exponent fits
      const auto result =
          std::to_chars(buffer, buffer + sizeof(buffer), real, std::chars_format::fixed);
      return std::string(buffer, result.ptr);
    }
    case Type::kText:
      return text;
    case Type::kNull:
      break;
  }
  return "";
}

std::string ArrayLiteral(const std::vector<std::string>& values) {
  std::string out = "{";
  for (const std::string& value : values) {
    if (out.size() > 1) out += ',';
    out += '"';
    for (char c : value) {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
    out += '"';
  }
  return out + "}";
}

Value Encode(Dialect dialect, const Column& column, const Json& value) {
  if (value.is_null()) return Value::Null();
  if (column.foreign() && value.is_object()) {
    return value.empty() ? Value::Null() : Encode(dialect, column, *value.begin());
  }
  if (IsList(column.kind)) return EncodeList(dialect, column, value);
  switch (column.kind) {
    case Kind::kBoolean:
      if (!value.is_boolean()) return Value::Null();
      if (dialect == Dialect::kPostgres) return Value::Text(value.get<bool>() ? "t" : "f");
      return Value::Integer(value.get<bool>() ? 1 : 0);
    case Kind::kInteger:
    case Kind::kNumber:
    case Kind::kTimestamp:
      return EncodeNumber(column, value);
    case Kind::kJson:
      return Value::Text(DumpJson(value));
    default:
      return Value::Text(value.is_string() ? value.get<std::string>() : DumpJson(value));
  }
}

std::vector<Value> EncodeRow(Dialect dialect, const Table& table, const Json& row) {
  std::vector<Value> values;
  values.reserve(table.columns.size());
  for (const Column& column : table.columns) {
    if (!column.field && column.name == "cache_key") {
      std::string key = table.schema->CacheKey(row, StringMember(row, "ws_id"));
      values.push_back(key.empty() ? Value::Null() : Value::Text(std::move(key)));
      continue;
    }
    const Json* member = FindMember(row, column.member());
    values.push_back(member ? Encode(dialect, column, *member) : Value::Null());
  }
  return values;
}

Json DecodeText(const Column& column, std::string_view text) {
  if (column.foreign()) return Json{{"id", std::string(text)}};
  switch (column.kind) {
    case Kind::kInteger:
    case Kind::kNumber:
    case Kind::kTimestamp:
      return DecodeNumber(column, text);
    case Kind::kBoolean:
      return text == "t" || text == "true" || text == "1";
    case Kind::kTextArray:
    case Kind::kUuidArray:
    case Kind::kJsonArray:
    case Kind::kJson: {
      Json value = Json::parse(text, nullptr, false);
      return value.is_discarded() ? Json(nullptr) : value;
    }
    default:
      return std::string(text);
  }
}

}  // namespace silverback::store::sql
