#include "plugins/grpc/json_message.h"

#include <google/protobuf/descriptor.h>

#include <charconv>
#include <cstdlib>

namespace silverback::plugins {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr int kDeepest = 100;

Error Wrong(const FieldDescriptor& field) {
  return {ErrorCode::kInvalidInput, "invalid value of field '" + field.name() + "'"};
}

template <class T>
std::optional<T> Number(const Json& json) {
  if (json.is_boolean()) return static_cast<T>(json.get<bool>());
  if (json.is_number()) return json.get<T>();
  if (!json.is_string()) return std::nullopt;
  const auto& text = json.get_ref<const std::string&>();
  T number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

bool Truth(const Json& json) {
  if (json.is_boolean()) return json.get<bool>();
  if (json.is_string()) return json != "false" && json != "0" && json != "";
  return !json.is_number() || json.get<double>() != 0;
}

const google::protobuf::EnumValueDescriptor* EnumValue(const FieldDescriptor& field,
                                                       const Json& json) {
  if (json.is_string()) return field.enum_type()->FindValueByName(json.get<std::string>());
  return json.is_number() ? field.enum_type()->FindValueByNumber(json.get<int>()) : nullptr;
}

class Reader {
 public:
  Status Read(const Json& json, Message& message, int depth) const {
    if (!json.is_object() || depth > kDeepest)
      return Error(ErrorCode::kInvalidInput, "a message must be an object");
    for (const auto& [name, value] : json.items()) {
      const FieldDescriptor* field = message.GetDescriptor()->FindFieldByName(name);
      if (!field) field = message.GetDescriptor()->FindFieldByCamelcaseName(name);
      if (!field || value.is_null()) continue;
      const Status done = ReadField(value, message, *field, depth);
      if (!done) return done;
    }
    return Ok();
  }

 private:
  Status ReadField(const Json& value, Message& message, const FieldDescriptor& field,
                   int depth) const {
    if (field.is_map()) return ReadMap(value, message, field, depth);
    if (!field.is_repeated()) return Set(value, message, field, false, depth);
    if (!value.is_array()) return Set(value, message, field, true, depth);
    for (const Json& item : value) {
      const Status done = Set(item, message, field, true, depth);
      if (!done) return done;
    }
    return Ok();
  }

  Status ReadMap(const Json& value, Message& message, const FieldDescriptor& field,
                 int depth) const {
    if (!value.is_object()) return Wrong(field);
    for (const auto& [key, item] : value.items()) {
      Message* entry = message.GetReflection()->AddMessage(&message, &field);
      const Status done = Read(Json{{"key", key}, {"value", item}}, *entry, depth + 1);
      if (!done) return done;
    }
    return Ok();
  }

  template <class T, auto kSet, auto kAdd>
  static Status Put(const std::optional<T>& value, Message& message, const FieldDescriptor& field,
                    bool add) {
    if (!value) return Wrong(field);
    const Reflection* reflection = message.GetReflection();
    (reflection->*(add ? kAdd : kSet))(&message, &field, *value);
    return Ok();
  }

  // One value of the field; `add`: at the end of a list.
  Status Set(const Json& json, Message& message, const FieldDescriptor& field, bool add,
             int depth) const {
    const Reflection* reflection = message.GetReflection();
    using R = Reflection;
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_INT32:
        return Put<int32_t, &R::SetInt32, &R::AddInt32>(Number<int32_t>(json), message, field, add);
      case FieldDescriptor::CPPTYPE_INT64:
        return Put<int64_t, &R::SetInt64, &R::AddInt64>(Number<int64_t>(json), message, field, add);
      case FieldDescriptor::CPPTYPE_UINT32:
        return Put<uint32_t, &R::SetUInt32, &R::AddUInt32>(Number<uint32_t>(json), message, field,
                                                           add);
      case FieldDescriptor::CPPTYPE_UINT64:
        return Put<uint64_t, &R::SetUInt64, &R::AddUInt64>(Number<uint64_t>(json), message, field,
                                                           add);
      case FieldDescriptor::CPPTYPE_DOUBLE:
        return Put<double, &R::SetDouble, &R::AddDouble>(Number<double>(json), message, field, add);
      case FieldDescriptor::CPPTYPE_FLOAT:
        return Put<float, &R::SetFloat, &R::AddFloat>(Number<float>(json), message, field, add);
      case FieldDescriptor::CPPTYPE_BOOL:
        return Put<bool, &R::SetBool, &R::AddBool>(Truth(json), message, field, add);
      case FieldDescriptor::CPPTYPE_STRING: {
        if (json.is_structured()) return Wrong(field);
        std::string text = json.is_string() ? json.get<std::string>() : DumpJson(json);
        if (add) {
          reflection->AddString(&message, &field, std::move(text));
        } else {
          reflection->SetString(&message, &field, std::move(text));
        }
        return Ok();
      }
      case FieldDescriptor::CPPTYPE_ENUM: {
        const auto* value = EnumValue(field, json);
        if (!value) return Wrong(field);
        (reflection->*(add ? &R::AddEnum : &R::SetEnum))(&message, &field, value);
        return Ok();
      }
      case FieldDescriptor::CPPTYPE_MESSAGE:
        break;
    }
    return Read(json,
                add ? *reflection->AddMessage(&message, &field)
                    : *reflection->MutableMessage(&message, &field),
                depth + 1);
  }
};

// One value of a field; `index` is -1 for a field that is no list.
Json ValueOf(const Message& message, const FieldDescriptor& field, int index) {
  const Reflection* reflection = message.GetReflection();
  const auto get = [&](auto one, auto repeated) -> Json {
    return index < 0 ? Json((reflection->*one)(message, &field))
                     : Json((reflection->*repeated)(message, &field, index));
  };
  using R = Reflection;
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return get(&R::GetInt32, &R::GetRepeatedInt32);
    case FieldDescriptor::CPPTYPE_INT64:
      return get(&R::GetInt64, &R::GetRepeatedInt64);
    case FieldDescriptor::CPPTYPE_UINT32:
      return get(&R::GetUInt32, &R::GetRepeatedUInt32);
    case FieldDescriptor::CPPTYPE_UINT64:
      return get(&R::GetUInt64, &R::GetRepeatedUInt64);
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return get(&R::GetDouble, &R::GetRepeatedDouble);
    case FieldDescriptor::CPPTYPE_FLOAT:
      return get(&R::GetFloat, &R::GetRepeatedFloat);
    case FieldDescriptor::CPPTYPE_BOOL:
      return get(&R::GetBool, &R::GetRepeatedBool);
    case FieldDescriptor::CPPTYPE_STRING:
      return get(&R::GetString, &R::GetRepeatedString);
    case FieldDescriptor::CPPTYPE_ENUM: {
      const int number = index < 0 ? reflection->GetEnumValue(message, &field)
                                   : reflection->GetRepeatedEnumValue(message, &field, index);
      const auto* value = field.enum_type()->FindValueByNumber(number);
      return value ? Json(value->name()) : Json(number);
    }
    case FieldDescriptor::CPPTYPE_MESSAGE:
      break;
  }
  return ToJson(index < 0 ? reflection->GetMessage(message, &field)
                          : reflection->GetRepeatedMessage(message, &field, index));
}

Json ListOf(const Message& message, const FieldDescriptor& field, int size) {
  Json list = Json::array();
  for (int i = 0; i < size; ++i) list.push_back(ValueOf(message, field, i));
  return list;
}

Json MapOf(const Message& message, const FieldDescriptor& field, int size) {
  Json map = Json::object();
  for (int i = 0; i < size; ++i) {
    const Json entry = ValueOf(message, field, i);
    const Json& key = entry["key"];
    const Json* value = FindMember(entry, "value");
    map[key.is_string() ? key.get<std::string>() : DumpJson(key)] = value ? *value : Json::object();
  }
  return map;
}

// Whether a field that was not sent is shown with its default.
bool HasDefault(const FieldDescriptor& field) {
  return !field.has_presence() && !field.is_repeated();
}

}  // namespace

Status FromJson(const Json& json, Message& message) { return Reader().Read(json, message, 0); }

Json ToJson(const Message& message) {
  Json json = Json::object();
  const auto* descriptor = message.GetDescriptor();
  const Reflection* reflection = message.GetReflection();
  for (int i = 0; i < descriptor->field_count(); ++i) {
    const FieldDescriptor& field = *descriptor->field(i);
    if (field.is_repeated()) {
      const int size = reflection->FieldSize(message, &field);
      if (size > 0)
        json[field.name()] =
            field.is_map() ? MapOf(message, field, size) : ListOf(message, field, size);
    } else if (HasDefault(field) || reflection->HasField(message, &field)) {
      json[field.name()] = ValueOf(message, field, -1);
    }
  }
  return json;
}

}  // namespace silverback::plugins
