#include "plugins/grpc/proto_file.h"

#include <google/protobuf/compiler/importer.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/unknown_field_set.h>

#include <cstring>
#include <unordered_map>

#include "plugins/grpc/json_message.h"

namespace silverback::plugins {
namespace {

using google::protobuf::MethodDescriptor;
using google::protobuf::UnknownField;
using google::protobuf::UnknownFieldSet;

// What files that bind methods to HTTP import; the numbers are those of Google's interface.
constexpr char kAnnotations[] = R"(syntax = "proto3";
package google.api;
import "google/api/http.proto";
import "google/protobuf/descriptor.proto";
extend google.protobuf.MethodOptions { HttpRule http = 72295728; }
)";
constexpr char kHttp[] = R"(syntax = "proto3";
package google.api;
message Http { repeated HttpRule rules = 1; bool fully_decode_reserved_expansion = 2; }
message HttpRule {
  string selector = 1;
  oneof pattern {
    string get = 2; string put = 3; string post = 4; string delete = 5; string patch = 6;
    CustomHttpPattern custom = 8;
  }
  string body = 7;
  string response_body = 12;
  repeated HttpRule additional_bindings = 11;
}
message CustomHttpPattern { string kind = 1; string path = 2; }
)";
constexpr int kHttpOption = 72295728, kBody = 7, kAdditional = 11;

class Sources final : public google::protobuf::compiler::SourceTree {
 public:
  explicit Sources(const std::string& folder) {
    for (const char* place :
         {folder.c_str(), "/usr/include", "/usr/local/include", "/usr/local/kong/include"})
      disk_.MapPath("", place);
  }
  google::protobuf::io::ZeroCopyInputStream* Open(const std::string& name) override {
    if (auto* found = disk_.Open(name)) return found;
    for (const auto& [known, text] : {std::pair{"google/api/annotations.proto", kAnnotations},
                                      std::pair{"google/api/http.proto", kHttp}}) {
      if (name == known)
        return new google::protobuf::io::ArrayInputStream(text,
                                                          static_cast<int>(std::strlen(text)));
    }
    return nullptr;
  }
  std::string GetLastErrorMessage() override { return disk_.GetLastErrorMessage(); }

 private:
  google::protobuf::compiler::DiskSourceTree disk_;
};

class Errors final : public google::protobuf::compiler::MultiFileErrorCollector {
 public:
  void AddError(const std::string& file, int line, int, const std::string& message) override {
    if (first.empty()) first = fmt::format("{}:{}: {}", file, line + 1, message);
  }
  std::string first;
};

// The file only knows the bindings as bytes of an option that our program does not have.
void AddBindings(const std::string& rule, std::vector<HttpBinding>& bindings) {
  constexpr std::pair<int, const char*> kMethods[] = {
      {2, "get"}, {3, "put"}, {4, "post"}, {5, "delete"}, {6, "patch"}};
  UnknownFieldSet fields;
  if (!fields.ParseFromString(rule)) return;
  HttpBinding binding;
  std::vector<std::string> others;
  for (int i = 0; i < fields.field_count(); ++i) {
    const UnknownField& field = fields.field(i);
    if (field.type() != UnknownField::TYPE_LENGTH_DELIMITED) continue;
    for (const auto& [number, name] : kMethods) {
      if (field.number() != number) continue;
      binding.method = name;
      binding.path = field.length_delimited();
    }
    if (field.number() == kBody) binding.body = field.length_delimited();
    if (field.number() == kAdditional) others.push_back(field.length_delimited());
  }
  if (!binding.method.empty()) bindings.push_back(std::move(binding));
  for (const std::string& other : others) AddBindings(other, bindings);
}

std::vector<HttpBinding> BindingsOf(const MethodDescriptor& method) {
  std::vector<HttpBinding> bindings;
  const auto& options = method.options();
  const UnknownFieldSet& unknown = options.GetReflection()->GetUnknownFields(options);
  for (int i = 0; i < unknown.field_count(); ++i) {
    const UnknownField& field = unknown.field(i);
    if (field.number() == kHttpOption && field.type() == UnknownField::TYPE_LENGTH_DELIMITED)
      AddBindings(field.length_delimited(), bindings);
  }
  return bindings;
}

}  // namespace

struct ProtoFile::Parts {
  Sources sources;
  Errors errors;
  google::protobuf::compiler::Importer importer;
  google::protobuf::DynamicMessageFactory factory;
  std::unordered_map<std::string, const MethodDescriptor*> methods;

  explicit Parts(const std::string& folder)
      : sources(folder), importer(&sources, &errors), factory(importer.pool()) {}

  std::unique_ptr<google::protobuf::Message> New(const google::protobuf::Descriptor* type) {
    return std::unique_ptr<google::protobuf::Message>(factory.GetPrototype(type)->New());
  }
};

ProtoFile::ProtoFile(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
ProtoFile::~ProtoFile() = default;

Result<std::shared_ptr<const ProtoFile>> ProtoFile::Load(const std::string& path) {
  const size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash);
  auto parts = std::make_unique<Parts>(folder.empty() ? "/" : folder);
  const std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  const auto* file = parts->importer.Import(name);
  if (!file)
    return Error(ErrorCode::kInvalidInput,
                 "cannot use the .proto file " + path + ": " + parts->errors.first);
  std::shared_ptr<ProtoFile> proto(new ProtoFile(std::move(parts)));
  for (int i = 0; i < file->service_count(); ++i) {
    for (int j = 0; j < file->service(i)->method_count(); ++j) {
      const MethodDescriptor* method = file->service(i)->method(j);
      const std::string rpc = "/" + method->service()->full_name() + "/" + method->name();
      proto->parts_->methods[rpc] = method;
      proto->methods_.push_back({rpc, BindingsOf(*method)});
    }
  }
  return std::shared_ptr<const ProtoFile>(std::move(proto));
}

bool ProtoFile::Has(std::string_view method) const {
  return parts_->methods.contains(std::string(method));
}

Result<std::string> ProtoFile::Request(std::string_view method, const Json& json) const {
  const auto message = parts_->New(parts_->methods.at(std::string(method))->input_type());
  const Status read = FromJson(json, *message);
  if (!read) return read.error();
  return message->SerializePartialAsString();
}

Result<Json> ProtoFile::Response(std::string_view method, const std::string& bytes) const {
  const auto message = parts_->New(parts_->methods.at(std::string(method))->output_type());
  if (!message->ParsePartialFromString(bytes))
    return Error(ErrorCode::kInvalidInput, "the upstream's message is not what the file says");
  return ToJson(*message);
}

}  // namespace silverback::plugins
