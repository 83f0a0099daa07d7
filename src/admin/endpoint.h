// Endpoints: the paths of the Admin API with what answers their methods.
//
// Ownership: a Context refers to what the Api was made with; an EndpointTable is filled once by
// Api's constructor and then only read, by any thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "admin/api.h"
#include "admin/args.h"
#include "admin/responses.h"

namespace silverback::admin {

struct Context {
  const config::GatewayConf& conf;
  const entity::Catalog& catalog;
  store::Dao& dao;
  Node& node;
  DeclarativeLoader* loader;  // nullptr with a database
};

// One request on its way to an endpoint.
struct Call {
  const Context& context;
  const Request& request;
  std::vector<std::string> params;  // the path's variable segments, decoded, from left to right
  Arguments args;
};

using Handler = std::function<Response(Call&)>;

struct Endpoint {
  std::string pattern;  // "/services/{services}"
  std::map<std::string, Handler> methods;
  // Runs before every method, OPTIONS too; an answer ends the request. May change the call.
  std::function<std::optional<Response>(Call&)> before;
  bool on_status_listener = false;  // its GET is also served there
};

class EndpointTable {
 public:
  EndpointTable();
  ~EndpointTable();

  // The endpoint of that pattern, made when it is new; the reference stays valid.
  Endpoint& At(const std::string& pattern);
  // `segments`: of the request's path, still encoded. Fixed segments win over variable ones.
  const Endpoint* Find(const std::vector<std::string_view>& segments,
                       std::vector<std::string>& params) const;
  const std::vector<const Endpoint*>& All() const { return all_; }
  std::vector<std::string> Patterns() const;  // sorted by segments, as GET /endpoints lists them

 private:
  struct Branch;
  std::unique_ptr<Branch> root_;
  std::vector<const Endpoint*> all_;
};

// What OPTIONS says that an endpoint allows: "GET, HEAD, OPTIONS".
std::string AllowedMethods(const Endpoint& endpoint, bool status_listener);

}  // namespace silverback::admin
