#include "router/router.h"

#include "router/explain.h"
#include "router/http_index.h"
#include "router/stream_index.h"

namespace silverback::router {
namespace {

using entity::kHttpProtocols;

bool IsStream(const Request& request) {
  return request.scheme != "http" && request.scheme != "https";
}

class IndexedRouter final : public Router {
 public:
  IndexedRouter(std::vector<std::shared_ptr<const entity::Route>> routes,
                std::vector<std::string>* skipped)
      : routes_(std::move(routes)) {
    std::vector<const entity::Route*> http, stream;
    for (const auto& route : routes_) {
      (route->protocols & kHttpProtocols ? http : stream).push_back(route.get());
    }
    http_.Build(http, skipped);
    stream_.Build(stream, skipped);
  }

  std::optional<Match> Find(const Request& request) const override {
    if (!IsStream(request)) return http_.Find(request);
    const entity::Route* route = stream_.Find(request);
    if (!route) return std::nullopt;
    Match match;
    match.route = route;
    return match;
  }

  std::vector<Explanation> Explain(const Request& request) const override {
    const bool stream = IsStream(request);
    const entity::Route* winner = stream ? stream_.Find(request) : http_.FindRoute(request);
    std::vector<Explanation> explanations;
    if (winner) explanations.push_back({winner, "matched"});
    for (const auto& route : routes_) {
      if (route.get() == winner) continue;
      const bool other_kind = !(route->protocols & kHttpProtocols) != stream;
      explanations.push_back({route.get(), other_kind
                                               ? "its protocols are of another kind of traffic"
                                               : WhyNot(*route, request, winner)});
    }
    return explanations;
  }

  size_t size() const override { return routes_.size(); }
  size_t memory_bytes() const override {
    return sizeof *this + routes_.capacity() * sizeof(routes_[0]) + http_.memory_bytes() +
           stream_.memory_bytes();
  }

 private:
  const std::vector<std::shared_ptr<const entity::Route>> routes_;
  HttpIndex http_;
  StreamIndex stream_;
};

}  // namespace

std::shared_ptr<const Router> Router::Build(
    std::vector<std::shared_ptr<const entity::Route>> routes, std::vector<std::string>* skipped) {
  return std::make_shared<IndexedRouter>(std::move(routes), skipped);
}

}  // namespace silverback::router
