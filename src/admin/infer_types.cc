#include "admin/infer_types.h"

#include <vector>

#include "admin/form_args.h"

namespace silverback::admin {
namespace {

// Follows the schema through a document.
class Inference {
 public:
  explicit Inference(const entity::Catalog& catalog) : catalog_(catalog) {}

  void Members(Json& object, const std::vector<schema::Field>& fields) const {
    for (const schema::Field& field : fields) {
      auto found = object.find(field.name);
      if (found != object.end()) Value(*found, field);
    }
  }

  void Value(Json& value, const schema::Field& field) const {
    using schema::FieldType;
    if (value.is_string() && value.get_ref<const std::string&>().empty()) {
      value = nullptr;
      return;
    }
    switch (field.type) {
      case FieldType::kInteger:
      case FieldType::kNumber:
        Number(value);
        break;
      case FieldType::kBoolean:
        Boolean(value);
        break;
      case FieldType::kArray:
      case FieldType::kSet:
        List(value, field);
        break;
      case FieldType::kMap:
        if (value.is_object() && field.values) {
          for (auto& item : value) Value(item, *field.values);
        }
        break;
      case FieldType::kRecord:
        if (value.is_object()) Members(value, field.fields);
        break;
      case FieldType::kForeign:
        if (const schema::Schema* schema = catalog_.Entity(field.reference);
            schema && value.is_object()) {
          Members(value, schema->fields());
        }
        break;
      default:
        break;
    }
  }

 private:
  static void Number(Json& value) {
    if (!value.is_string()) return;
    if (const auto number = FormNumber(value.get_ref<const std::string&>())) value = *number;
  }

  static void Boolean(Json& value) {
    if (value == "true") value = true;
    if (value == "false") value = false;
  }

  void List(Json& value, const schema::Field& field) const {
    if (!value.is_structured()) value = Json::array({value});
    if (!value.is_array() || !field.elements) return;
    for (Json& element : value) Value(element, *field.elements);
  }

  const entity::Catalog& catalog_;
};

}  // namespace

void InferTypes(Json& args, const schema::Schema& schema, const entity::Catalog& catalog) {
  if (!args.is_object()) return;
  const Inference inference(catalog);
  const schema::Schema* configuration = nullptr;
  if (schema.name() == "plugins") configuration = catalog.Plugin(StringMember(args, "name"));
  if (configuration != nullptr) inference.Members(args, configuration->fields());
  for (const schema::Field& field : schema.fields()) {
    if (configuration != nullptr && configuration->FindField(field.name) != nullptr) continue;
    auto found = args.find(field.name);
    if (found != args.end()) inference.Value(*found, field);
  }
}

}  // namespace silverback::admin
