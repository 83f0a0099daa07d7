// Routes and a request from arbitrary bytes: building and matching must neither crash nor hang, and
// the normalised path must be stable.
#include <cstdint>
#include <cstdlib>

#include "router/test_support.h"

namespace silverback::router {
namespace {

// Cuts the input into strings at newlines.
class Input {
 public:
  explicit Input(std::string_view text) : text_(text) {}
  std::string Next() {
    const size_t end = std::min(text_.find('\n'), text_.size());
    std::string part(text_.substr(0, end));
    text_.remove_prefix(std::min(end + 1, text_.size()));
    return part;
  }
  bool empty() const { return text_.empty(); }

 private:
  std::string_view text_;
};

void Run(std::string_view text) {
  Input input(text);
  TestRequest request;
  request.method = input.Next();
  request.host = input.Next();
  request.path = NormalizePath(input.Next());
  request.headers = {{"x-a", input.Next()}};
  if (NormalizePath(EscapePath(request.path)) != request.path &&
      request.path.find('%') == std::string::npos) {
    std::abort();
  }
  Routes routes;
  while (!input.empty() && routes.size() < 8) {
    auto route = std::make_shared<entity::Route>();
    route->id = std::to_string(routes.size());
    route->protocols = entity::Bit(entity::Protocol::kHttp);
    const std::string host = input.Next(), path = input.Next(), header = input.Next();
    if (!host.empty()) route->hosts = {host};
    if (!path.empty()) route->paths = {path};
    if (!header.empty()) route->headers["x-a"] = {header};
    routes.push_back(route);
  }
  const auto router = Router::Build(routes);
  const auto found = router->Find(request.View());
  if (found && found->matched_prefix.size() > request.path.size()) std::abort();
  router->Explain(request.View());
}

}  // namespace
}  // namespace silverback::router

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  silverback::router::Run({reinterpret_cast<const char*>(data), size});
  return 0;
}
