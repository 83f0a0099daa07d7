// Credentials: the keys of the role that the machine has, from the metadata service of ECS or EC2.
// Event loop only; one per worker.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "plugin/env.h"
#include "plugins/aws_lambda/signature.h"

namespace silverback::plugins::aws {

class Credentials : public std::enable_shared_from_this<Credentials> {
 public:
  explicit Credentials(plugin::PluginEnv& env) : env_(env) {}

  using Done = std::function<void(Result<Keys>)>;
  // Keys are asked for once and kept until shortly before they expire. `done` may run at once.
  void Get(Done done);

 private:
  void Ask(const std::string& url, plugin::Headers headers,
           std::function<void(const plugin::HttpReply&)> next);
  void AskEc2();
  void Take(const plugin::HttpReply& reply);
  void Tell(const Result<Keys>& keys);

  plugin::PluginEnv& env_;
  std::optional<Keys> keys_;
  double until_ = 0;
  std::vector<Done> waiting_;
};

}  // namespace silverback::plugins::aws
