// PluginEnv: the services that plugins may use. One per worker; it outlives every snapshot and
// plugin object. All calls are made on the worker's event loop and never block. Tests hand in fakes
// (test/support/).
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plugin/exchange.h"
#include "plugin/script.h"
#include "plugin/shared_usage.h"
#include "util/json.h"
#include "util/result.h"

namespace silverback::plugin {

// Rows of the node's replica through the worker's cache. Every answer is as new as the last
// acknowledged write. Expired rows (ttl) are not found.
class EntityReader {
 public:
  virtual ~EntityReader() = default;
  virtual EntityRef Find(std::string_view entity, std::string_view primary_key) = 0;
  virtual EntityRef FindUnique(std::string_view entity, std::string_view field,
                               std::string_view value) = 0;
  // Rows whose foreign field refers to `id`, e.g. ("acls", "consumer", CONSUMER-ID). Ordered by
  // primary key.
  virtual std::shared_ptr<const std::vector<EntityRef>> FindFor(std::string_view entity,
                                                                std::string_view foreign_field,
                                                                std::string_view id) = 0;
};

// Counters in memory that all workers of the node share and that survive a reload. Keys are any
// bytes.
class Counters {
 public:
  virtual ~Counters() = default;
  // Adds `amount` and gives the new value; a counter that was absent or has expired starts at 0 and
  // expires at `expires_at`.
  virtual int64_t Add(std::string_view key, int64_t amount, double expires_at, double now) = 0;
  // Sets it to `least` where it is below, in one step; gives the new value.
  virtual int64_t RaiseTo(std::string_view key, int64_t least, double expires_at, double now) = 0;
  virtual int64_t Get(std::string_view key, double now) = 0;
};

// Bytes by key in memory of a fixed size that all workers of the node share and that survives a
// reload: a `lua_shared_dict` of the configuration. What was used longest ago makes room. Any
// thread.
class Dictionary {
 public:
  virtual ~Dictionary() = default;
  // Replaces what was there. False: it is larger than LargestValue, or others needed the room.
  virtual bool Put(std::string_view key, std::string_view value,
                   double expires_at /* 0: never */) = 0;
  // The same where nothing living is there yet, in one step; else false.
  virtual bool Add(std::string_view key, std::string_view value, double expires_at, double now) = 0;
  virtual std::optional<std::string> Get(std::string_view key, double now) = 0;
  virtual bool Remove(std::string_view key, double now) = 0;  // false: was not there
  virtual void Clear() = 0;
  virtual size_t LargestValue() const = 0;
};

struct HttpRequest {
  std::string method = "GET", url;
  Headers headers;
  std::string body;
  int timeout_ms = 10000;
  int keepalive_ms = 60000;  // how long the connection may wait for its next use
  bool verify_tls = false;
  std::string proxy_url;     // "": none
  std::string connect_host;  // where the connection goes; "": to the URL's host
};

struct HttpReply {
  std::optional<std::string> error;  // the connection failed, in words; then the rest is empty
  int status = 0;
  Headers headers;
  std::string body;
};

class HttpClient {  // libcurl on the event loop
 public:
  virtual ~HttpClient() = default;
  virtual void Send(HttpRequest request, std::function<void(HttpReply)> done) = 0;
};

class Datagrams {  // UDP
 public:
  virtual ~Datagrams() = default;
  // Sends once, without waiting; what goes wrong stands in error.log. `host`: a name or an address.
  virtual void Send(const std::string& host, int port, std::string bytes) = 0;
};

struct TcpReceiver {
  std::string host;
  int port = 0;
  int timeout_ms = 10000;    // of each step: to connect, to shake hands, to send
  int keepalive_ms = 60000;  // how long the connection may wait for its next use
  bool tls = false;          // the receiver's certificate is not verified
  std::string server_name;   // "": the host
  auto operator<=>(const TcpReceiver&) const = default;
};

class TcpSender {
 public:
  virtual ~TcpSender() = default;
  // `done` gets "" or what went wrong.
  virtual void Send(const TcpReceiver& receiver, std::string bytes,
                    std::function<void(std::string error)> done) = 0;
};

struct RedisServer {
  std::string host;
  int port = 6379;
  std::string username, password;  // "": none
  int database = 0;
  int timeout_ms = 2000;  // to connect, and for the answers
  bool tls = false, verify_tls = false;
  std::string server_name;  // "": the host
  auto operator<=>(const RedisServer&) const = default;
};

class Redis {
 public:
  virtual ~Redis() = default;
  // Sends the commands at once and gives their replies in order: numbers, texts, lists and null. An
  // error when one of them is refused or the server does not answer in time. `done` runs later,
  // never within the call.
  using Done = std::function<void(Result<std::vector<Json>>)>;
  virtual void Run(const RedisServer& server, std::vector<std::vector<std::string>> commands,
                   Done done) = 0;
};

// Sums by name that all workers of the node share and that survive a reload. The room for them is
// bounded. Any thread.
class Sums {
 public:
  virtual ~Sums() = default;
  // False: there is no room for a new name.
  virtual bool Add(std::string_view name, double amount) = 0;
  virtual std::vector<std::pair<std::string, double>> All() const = 0;
};

class Timers {
 public:
  virtual ~Timers() = default;
  // Runs `work` once, after at least `delay_ms`, on the event loop. Pending timers run at once when
  // the worker shuts down gracefully, so that queues are flushed. The handle cancels when reset.
  virtual std::shared_ptr<void> After(int delay_ms, std::function<void()> work) = 0;
};

class Background {
 public:
  virtual ~Background() = default;
  // Runs `blocking` on a thread of the worker's pool, then `done` on the event loop.
  virtual void Run(std::function<void()> blocking, std::function<void()> done) = 0;
};

enum class LogLevel { kDebug, kInfo, kNotice, kWarn, kError, kCrit };

class Logger {
 public:
  virtual ~Logger() = default;
  virtual void Log(LogLevel level, std::string_view message) = 0;  // a line in error.log
};

// Changes rows as the Admin API does, with its checks and defaults, on threads of the pool. `done`
// is called on the event loop, once this node serves by the change; not when the worker ends first.
class EntityWriter {
 public:
  virtual ~EntityWriter() = default;
  using Done = std::function<void(Result<Json>)>;
  // `ttl`: seconds until the row expires; 0: never.
  virtual void Insert(std::string entity, Json row, double ttl, Done done) = 0;
  virtual void Update(std::string entity, std::string id, Json changes, double ttl, Done done) = 0;
  // Replaces the row whose unique `field` has that value, or makes it; one that has expired is made
  // anew.
  virtual void Upsert(std::string entity, std::string field, std::string value, Json row,
                      double ttl, Done done) = 0;
  // Gives true, or false when there was nothing to delete.
  virtual void Delete(std::string entity, std::string id, Done done) = 0;
  // Gives all rows, as a list, as the datastore has them now. For kinds that have few.
  virtual void ReadAll(std::string entity, Done done) = 0;
};

struct PluginEnv {
  EntityReader& entities;
  Counters& counters;
  HttpClient& http;
  Timers& timers;
  Background& background;
  Logger& log;
  std::function<double()>
      now;  // seconds since the epoch with milliseconds; cached by the event loop
  std::function<std::string()> new_uuid;
  bool db_less = false;
  std::string node_id;
  Scripts* scripts = nullptr;           // never null in a worker
  Datagrams* datagrams = nullptr;       // never null in a worker
  SharedUsage* shared_usage = nullptr;  // nullptr: no other node shares the datastore
  // Threads for libraries that wait for other hosts: many, so that a slow one holds up its own
  // requests only. Never null in a worker.
  Background* network_background = nullptr;
  EntityWriter* writer = nullptr;  // never null in a worker
  // By its name in the configuration; nullptr: there is none. Never empty in a worker.
  std::function<Dictionary*(std::string_view name)> dictionary{};
  TcpSender* tcp = nullptr;  // these three are never null in a worker
  Redis* redis = nullptr;
  Sums* metrics = nullptr;
  // The variables AWS_* that the gateway was started with.
  std::map<std::string, std::string> cloud_variables{};
  // How long a change of rows takes to all nodes when this is a control plane or a data plane; 0:
  // it is neither.
  double propagation_seconds = 0;
};

}  // namespace silverback::plugin
