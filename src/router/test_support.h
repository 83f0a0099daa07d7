// Routes and requests of the router's tests, benchmarks and fuzzers.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "router/normalize.h"
#include "router/router.h"
#include "util/json.h"
#include "util/string_util.h"

namespace silverback::router {

using Routes = std::vector<std::shared_ptr<const entity::Route>>;

inline std::shared_ptr<const entity::Route> MakeRoute(Json row,
                                                      const std::string& service_path = "") {
  if (!row.contains("id")) row["id"] = StringMember(row, "name");
  if (!row.contains("protocols")) row["protocols"] = {"http", "https"};
  auto route = entity::Route::FromRow(row);
  route->service = entity::Service::FromRow({{"id", "s"}, {"path", service_path}});
  return route;
}

// Owns what a Request only views.
struct TestRequest {
  std::string method = "GET", path = "/", host = "localhost", scheme = "http", sni = "";
  std::vector<std::pair<std::string, std::string>> headers = {};

  Request View() const {
    Request request;
    request.method = method;
    request.path = path;
    request.host = host;
    request.scheme = scheme;
    request.sni = sni;
    request.header_values = [this](std::string_view name, std::vector<std::string_view>& values) {
      for (const auto& [own, value] : headers) {
        if (EqualsIgnoreCase(own, name)) values.push_back(value);
      }
    };
    return request;
  }
};

}  // namespace silverback::router
