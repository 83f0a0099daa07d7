// ProtoFile: the services of a .proto file, with their HTTP bindings (google.api.http). Immutable
// once loaded; any thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "util/json.h"
#include "util/result.h"

namespace silverback::plugins {

// The way from a request's path to a method.
struct HttpBinding {
  std::string method, path, body;  // "get", "/v1/{name=a/*}", "*" or a field's name or ""
};

struct RpcMethod {
  std::string path;  // "/package.Service/Method"
  std::vector<HttpBinding> bindings;
};

class ProtoFile {
 public:
  // Imports are looked for beside the file and in the usual folders; what google.api.http needs is
  // built in.
  static Result<std::shared_ptr<const ProtoFile>> Load(const std::string& path);
  ~ProtoFile();

  const std::vector<RpcMethod>& methods() const { return methods_; }
  bool Has(std::string_view method) const;
  // REQUIRES: Has(method).
  Result<std::string> Request(std::string_view method, const Json& json) const;
  Result<Json> Response(std::string_view method, const std::string& bytes) const;

 private:
  struct Parts;
  explicit ProtoFile(std::unique_ptr<Parts> parts);

  std::unique_ptr<Parts> parts_;
  std::vector<RpcMethod> methods_;
};

}  // namespace silverback::plugins
