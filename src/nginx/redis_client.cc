#include "nginx/redis_client.h"

#include <hiredis/hiredis.h>

#include "dns/client.h"

namespace silverback::nginx {
namespace {

constexpr double kIdleSeconds = 10;
constexpr size_t kMostIdle = 100;  // to one server

using Command = std::vector<std::string>;

std::string Encode(const std::vector<Command>& commands) {
  std::string bytes;
  for (const Command& command : commands) {
    std::vector<const char*> words;
    std::vector<size_t> sizes;
    for (const std::string& word : command) {
      words.push_back(word.data());
      sizes.push_back(word.size());
    }
    char* text = nullptr;
    const int size =
        redisFormatCommandArgv(&text, static_cast<int>(command.size()), words.data(), sizes.data());
    if (size > 0) bytes.append(text, static_cast<size_t>(size));
    redisFreeCommand(text);
  }
  return bytes;
}

// What a connection has to be told before anything else.
std::vector<Command> Introduction(const plugin::RedisServer& server) {
  std::vector<Command> commands;
  if (!server.password.empty()) {
    Command& auth = commands.emplace_back(Command{"AUTH"});
    if (!server.username.empty()) auth.push_back(server.username);
    auth.push_back(server.password);
  }
  if (server.database != 0) commands.push_back({"SELECT", std::to_string(server.database)});
  return commands;
}

Json ToJson(const redisReply& reply) {
  switch (reply.type) {
    case REDIS_REPLY_INTEGER:
      return static_cast<int64_t>(reply.integer);
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
      return std::string(reply.str, static_cast<size_t>(reply.len));
    case REDIS_REPLY_ARRAY: {
      Json list = Json::array();
      for (size_t i = 0; i < reply.elements; ++i) list.push_back(ToJson(*reply.element[i]));
      return list;
    }
    default:
      return nullptr;
  }
}

}  // namespace

struct RedisClient::Call {
  plugin::RedisServer server;
  std::vector<Command> commands;
  Done done;
  EventLoop::Hold hold;
  std::shared_ptr<TcpConnection> connection{};
  std::unique_ptr<redisReader, decltype(&redisReaderFree)> reader{redisReaderCreate(),
                                                                  &redisReaderFree};
  size_t unwanted = 0;  // replies to the introduction, which come first
  std::vector<Json> replies{};
  std::string problem{};

  bool Complete() const { return replies.size() == unwanted + commands.size(); }

  // False: nothing more is wanted.
  bool Take(std::string_view bytes) {
    redisReaderFeed(reader.get(), bytes.data(), bytes.size());
    while (!Complete()) {
      void* raw = nullptr;
      if (redisReaderGetReply(reader.get(), &raw) != REDIS_OK) {
        problem = reader->errstr;
        return false;
      }
      if (raw == nullptr) return true;
      const std::unique_ptr<void, decltype(&freeReplyObject)> owned(raw, &freeReplyObject);
      const auto& reply = *static_cast<redisReply*>(raw);
      if (reply.type == REDIS_REPLY_ERROR) {
        problem = std::string(reply.str, static_cast<size_t>(reply.len));
        return false;
      }
      replies.push_back(ToJson(reply));
    }
    return false;
  }
};

void RedisClient::Run(const plugin::RedisServer& server, std::vector<Command> commands, Done done) {
  std::shared_ptr<Call> call(
      new Call{server, std::move(commands), std::move(done), EventLoop::Hold(loop_)});
  auto& idle = idle_[server];
  while (!idle.empty()) {
    call->connection = std::move(idle.back().connection);
    idle.pop_back();
    if (call->connection->IsIdle()) return Exchange(call);
  }
  call->connection = std::make_shared<TcpConnection>(io_, context_);
  Connect(call);
}

void RedisClient::Connect(const std::shared_ptr<Call>& call) {
  dns_.ToEndpoint(
      call->server.host, call->server.port,
      [this, alive = std::weak_ptr(alive_), call](const auto& endpoint) {
        if (alive.expired()) return;
        // A name that is known already must not be answered within the call.
        if (!endpoint) {
          return loop_.Post([call, why = endpoint.error().message()] { End(call, why); });
        }
        const plugin::RedisServer& server = call->server;
        call->connection->Connect({endpoint->ip, endpoint->port, server.tls, server.verify_tls,
                                   server.server_name.empty() ? server.host : server.server_name},
                                  server.timeout_ms, [this, call](const std::string& error) {
                                    if (!error.empty())
                                      return End(call, "failed to connect: " + error);
                                    auto introduction = Introduction(call->server);
                                    call->unwanted = introduction.size();
                                    call->commands.insert(
                                        call->commands.begin(),
                                        std::make_move_iterator(introduction.begin()),
                                        std::make_move_iterator(introduction.end()));
                                    Exchange(call);
                                  });
      });
}

void RedisClient::Exchange(const std::shared_ptr<Call>& call) {
  std::string bytes = Encode(call->commands);
  call->commands.resize(call->commands.size() - call->unwanted);
  call->connection->Send(
      std::move(bytes), call->server.timeout_ms, [this, call](const std::string& error) {
        if (!error.empty()) return End(call, "failed to send: " + error);
        call->connection->Receive([call](std::string_view answer) { return call->Take(answer); },
                                  call->server.timeout_ms,
                                  [this, call](const std::string& why) {
                                    if (!why.empty()) return End(call, "failed to receive: " + why);
                                    if (call->problem.empty()) Keep(*call);
                                    End(call, call->problem);
                                  });
      });
}

void RedisClient::End(const std::shared_ptr<Call>& call, const std::string& error) {
  call->connection.reset();
  if (!error.empty()) return call->done(Error(ErrorCode::kUnavailable, error));
  auto& replies = call->replies;
  replies.erase(replies.begin(), replies.begin() + static_cast<ptrdiff_t>(call->unwanted));
  call->done(std::move(replies));
}

void RedisClient::Keep(const Call& call) {
  auto& idle = idle_[call.server];
  if (idle.size() >= kMostIdle) return;
  idle.push_back({call.connection, nullptr});
  const TcpConnection* connection = call.connection.get();
  idle.back().timer = io_.After(kIdleSeconds, [&idle, connection] {
    idle.remove_if([connection](const Idle& each) { return each.connection.get() == connection; });
  });
}

}  // namespace silverback::nginx
