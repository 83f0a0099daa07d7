// NodeLoader: what POST and GET /config ask of a node without a database. Called from the Admin
// API's threads.
#pragma once

#include <string>

#include "admin/api.h"
#include "runtime/declarative_node.h"
#include "store/dao.h"
#include "store/declarative/transfer.h"

namespace silverback::nginx {

class NodeLoader final : public admin::DeclarativeLoader {
 public:
  // `dao` outlives the loader.
  NodeLoader(runtime::DeclarativeNode node, store::Dao& dao) : node_(std::move(node)), dao_(dao) {}

  Result<std::string> LoadText(const std::string& text) override { return node_.LoadText(text); }
  Result<std::string> LoadDocument(Json document) override {
    return node_.LoadDocument(std::move(document));
  }
  std::string Hash() override { return node_.Hash(); }

  Result<std::string> Export() override {
    std::string text;
    const Status done = store::declarative::Export(dao_, [&](std::string_view piece) {
      text += piece;
      return Ok();
    });
    if (!done) return done.error();
    return text;
  }

 private:
  runtime::DeclarativeNode node_;
  store::Dao& dao_;
};

}  // namespace silverback::nginx
