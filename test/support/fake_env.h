// FakeEnv: the services of plugins in memory: rows that a test adds, counters, a clock that stands
// still, timers and HTTP that a test drives.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "plugin/env.h"
#include "plugin/plugin.h"

namespace silverback::test {

class FakeEntities final : public plugin::EntityReader {
 public:
  void Add(const std::string& entity, Json row) {
    rows_[entity].push_back(std::make_shared<const Json>(std::move(row)));
  }
  bool Remove(const std::string& entity, const std::string& id) {
    return std::erase_if(rows_[entity],
                         [&](const auto& row) { return StringMember(*row, "id") == id; }) > 0;
  }
  Json All(const std::string& entity) {
    Json rows = Json::array();
    for (const auto& row : rows_[entity]) rows.push_back(*row);
    return rows;
  }
  plugin::EntityRef Find(std::string_view entity, std::string_view key) override {
    return FindUnique(entity, "id", key);
  }
  plugin::EntityRef FindUnique(std::string_view entity, std::string_view field,
                               std::string_view value) override {
    for (const auto& row : rows_[std::string(entity)]) {
      if (StringMember(*row, field) == value) return row;
    }
    return nullptr;
  }
  std::shared_ptr<const std::vector<plugin::EntityRef>> FindFor(std::string_view entity,
                                                                std::string_view field,
                                                                std::string_view id) override {
    auto found = std::make_shared<std::vector<plugin::EntityRef>>();
    for (const auto& row : rows_[std::string(entity)]) {
      if (ForeignId(*row, field) == id) found->push_back(row);
    }
    return found;
  }

 private:
  std::map<std::string, std::vector<plugin::EntityRef>> rows_;
};

class FakeCounters final : public plugin::Counters {
 public:
  int64_t Add(std::string_view key, int64_t amount, double expires_at, double now) override {
    return Living(key, expires_at, now) += amount;
  }
  int64_t RaiseTo(std::string_view key, int64_t least, double expires_at, double now) override {
    int64_t& value = Living(key, expires_at, now);
    return value = std::max(value, least);
  }
  int64_t Get(std::string_view key, double now) override {
    const auto found = counters_.find(std::string(key));
    return found == counters_.end() || found->second.second <= now ? 0 : found->second.first;
  }

 private:
  int64_t& Living(std::string_view key, double expires_at, double now) {
    auto& [value, expires] = counters_[std::string(key)];
    if (expires <= now) value = 0;
    if (value == 0) expires = expires_at;
    return value;
  }

  std::map<std::string, std::pair<int64_t, double>> counters_;
};

class FakeDictionary final : public plugin::Dictionary {
 public:
  bool Put(std::string_view key, std::string_view value, double expires_at) override {
    if (value.size() > largest) return false;
    entries[std::string(key)] = {std::string(value), expires_at};
    return true;
  }
  bool Add(std::string_view key, std::string_view value, double expires_at, double now) override {
    return !Get(key, now) && Put(key, value, expires_at);
  }
  std::optional<std::string> Get(std::string_view key, double now) override {
    const auto found = entries.find(std::string(key));
    if (found == entries.end()) return std::nullopt;
    const auto& [value, expires_at] = found->second;
    return expires_at == 0 || expires_at > now ? std::optional(value) : std::nullopt;
  }
  bool Remove(std::string_view key, double) override { return entries.erase(std::string(key)) > 0; }
  void Clear() override { entries.clear(); }
  size_t LargestValue() const override { return largest; }

  std::map<std::string, std::pair<std::string, double>> entries;  // value, when it expires
  size_t largest = 1000;
};

class FakeHttp final : public plugin::HttpClient {
 public:
  void Send(plugin::HttpRequest request, std::function<void(plugin::HttpReply)> done) override {
    sent.push_back(std::move(request));
    waiting.push_back(std::move(done));
  }
  void Reply(plugin::HttpReply reply) {
    auto done = std::move(waiting.front());
    waiting.erase(waiting.begin());
    done(std::move(reply));
  }
  std::vector<plugin::HttpRequest> sent;
  std::vector<std::function<void(plugin::HttpReply)>> waiting;
};

class FakeTimers final : public plugin::Timers {
 public:
  std::shared_ptr<void> After(int delay_ms, std::function<void()> work) override {
    auto handle = std::make_shared<int>(delay_ms);
    pending_.push_back({handle, std::move(work)});
    return handle;
  }
  // Runs what is pending now; gives how many ran.
  int RunAll() {
    int ran = 0;
    for (auto& [handle, work] : std::exchange(pending_, {})) {
      if (handle.expired()) continue;
      const auto keep = handle.lock();
      work();
      ++ran;
    }
    return ran;
  }

 private:
  std::vector<std::pair<std::weak_ptr<void>, std::function<void()>>> pending_;
};

class FakeBackground final : public plugin::Background {
 public:
  void Run(std::function<void()> blocking, std::function<void()> done) override {
    blocking();
    done();
  }
};

class FakeWriter final : public plugin::EntityWriter {
 public:
  explicit FakeWriter(FakeEntities& entities) : entities_(entities) {}
  void Insert(std::string entity, Json row, double ttl, Done done) override {
    if (row.contains("key") && entities_.FindUnique(entity, "key", StringMember(row, "key")))
      return done(Error(ErrorCode::kUniqueViolation, "UNIQUE violation"));
    if (!row.contains("id")) row["id"] = entity + std::to_string(++count_);
    if (!row.contains("created_at")) row["created_at"] = 1700000000;
    for (const char* generated : {"access_token", "code"}) {
      if (entity.starts_with("oauth2") && !row.contains(generated))
        row[generated] = generated + std::to_string(count_);
    }
    ttls.push_back(ttl);
    entities_.Add(entity, row);
    if (done) done(row);
  }
  void Update(std::string entity, std::string id, Json changes, double, Done done) override {
    const auto found = entities_.Find(entity, id);
    if (!found) return done(Error(ErrorCode::kNotFound, "not found"));
    Json row = *found;
    row.update(changes);
    entities_.Remove(entity, id);
    entities_.Add(entity, row);
    if (done) done(row);
  }
  void Upsert(std::string entity, std::string field, std::string value, Json row, double ttl,
              Done done) override {
    const auto old = entities_.FindUnique(entity, field, value);
    if (old) return Update(entity, StringMember(*old, "id"), std::move(row), ttl, std::move(done));
    row[field] = value;
    Insert(entity, std::move(row), ttl, std::move(done));
  }
  void ReadAll(std::string entity, Done done) override { done(entities_.All(entity)); }
  void Delete(std::string entity, std::string id, Done done) override {
    const bool there = entities_.Remove(entity, id);
    if (done) done(Json(there));
  }
  std::vector<double> ttls;

 private:
  FakeEntities& entities_;
  int count_ = 0;
};

class FakeDatagrams final : public plugin::Datagrams {
 public:
  void Send(const std::string& host, int port, std::string bytes) override {
    sent.push_back(host + ":" + std::to_string(port) + " " + bytes);
  }
  std::vector<std::string> sent;
};

class FakeTcp final : public plugin::TcpSender {
 public:
  void Send(const plugin::TcpReceiver& receiver, std::string bytes,
            std::function<void(std::string)> done) override {
    receivers.push_back(receiver);
    sent.push_back(std::move(bytes));
    waiting.push_back(std::move(done));
  }
  void Reply(const std::string& error) {
    auto done = std::move(waiting.front());
    waiting.erase(waiting.begin());
    done(error);
  }
  std::vector<plugin::TcpReceiver> receivers;
  std::vector<std::string> sent;
  std::vector<std::function<void(std::string)>> waiting;
};

class FakeRedis final : public plugin::Redis {
 public:
  void Run(const plugin::RedisServer& server, std::vector<std::vector<std::string>> commands,
           Done done) override {
    servers.push_back(server);
    sent.push_back(std::move(commands));
    waiting.push_back(std::move(done));
  }
  void Reply(Result<std::vector<Json>> replies) {
    auto done = std::move(waiting.front());
    waiting.erase(waiting.begin());
    done(std::move(replies));
  }
  std::vector<plugin::RedisServer> servers;
  std::vector<std::vector<std::vector<std::string>>> sent;
  std::vector<Done> waiting;
};

class FakeSums final : public plugin::Sums {
 public:
  bool Add(std::string_view name, double amount) override {
    sums[std::string(name)] += amount;
    return true;
  }
  std::vector<std::pair<std::string, double>> All() const override {
    return {sums.begin(), sums.end()};
  }
  std::map<std::string, double> sums;
};

class FakeLogger final : public plugin::Logger {
 public:
  void Log(plugin::LogLevel, std::string_view message) override { lines.emplace_back(message); }
  std::vector<std::string> lines;
};

struct FakeEnv {
  FakeEntities entities;
  FakeCounters counters;
  FakeHttp http;
  FakeTimers timers;
  FakeBackground background;
  FakeLogger log;
  FakeDatagrams datagrams;
  FakeWriter writer{entities};
  FakeTcp tcp;
  FakeRedis redis;
  FakeSums metrics;
  FakeDictionary dictionary;  // "kong_db_cache"
  double time = 1700000000.5;
  plugin::PluginEnv env{
      .entities = entities,
      .counters = counters,
      .http = http,
      .timers = timers,
      .background = background,
      .log = log,
      .now = [this] { return time; },
      .new_uuid = [] { return std::string("11111111-1111-4111-8111-111111111111"); },
      .db_less = false,
      .node_id = "node",
      .datagrams = &datagrams,
      .network_background = &background,
      .writer = &writer,
      .dictionary =
          [this](std::string_view name) { return name == "kong_db_cache" ? &dictionary : nullptr; },
      .tcp = &tcp,
      .redis = &redis,
      .metrics = &metrics};

  // A plugin object of a configuration that the schema would have completed.
  std::unique_ptr<plugin::Plugin> Make(std::string_view name, const Json& config,
                                       Json row = Json::object()) {
    row["config"] = config;
    auto made = plugin::FindPluginType(name)->create({row, row["config"]}, env);
    return made ? std::move(*made) : nullptr;
  }
};

}  // namespace silverback::test
