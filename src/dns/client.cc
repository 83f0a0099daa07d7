#include "dns/client.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cmath>

#include "dns/lookup.h"
#include "util/string_util.h"

namespace silverback::dns {
namespace {

constexpr double kForEver = 10.0 * 365 * 24 * 3600;
constexpr int kDeepestService = 8;

std::string_view WithoutBrackets(std::string_view name) {
  if (name.starts_with('[') && name.ends_with(']')) return name.substr(1, name.size() - 2);
  return name;
}

bool IsAddress(std::string_view name) {
  char text[INET6_ADDRSTRLEN];
  if (name.empty() || name.size() >= sizeof(text)) return false;
  name.copy(text, name.size());
  text[name.size()] = '\0';
  unsigned char bytes[16];
  return inet_pton(AF_INET, text, bytes) == 1 || inet_pton(AF_INET6, text, bytes) == 1;
}

// Follows the aliases of an answer from the name that was asked for, and leaves the records of the
// type that they lead to, with the shortest lifetime on the way. An answer that is about other
// names only says nothing.
void KeepWhatWasAsked(const std::string& asked, Type type, Reply& reply) {
  std::vector<Record>& records = reply.records;
  std::string name = asked.ends_with('.') ? asked.substr(0, asked.size() - 1) : asked;
  const bool about_it =
      records.empty() || std::any_of(records.begin(), records.end(),
                                     [&](const Record& record) { return record.name == name; });
  if (!about_it && reply.code == 0) reply.code = kFormatError;
  uint32_t ttl = UINT32_MAX;
  for (size_t hops = 0; type != Type::kCname && hops < records.size(); ++hops) {
    const auto alias = std::find_if(records.begin(), records.end(), [&](const Record& record) {
      return record.type == Type::kCname && record.name == name;
    });
    if (alias == records.end()) break;
    ttl = std::min(ttl, alias->ttl);
    name = alias->value;
  }
  std::erase_if(records,
                [&](const Record& record) { return record.type != type || record.name != name; });
  for (Record& record : records) record.ttl = std::min(record.ttl, ttl);
}

Json Describe(const Record& record) {
  Json json = {{"ttl", record.ttl}};
  if (record.type != Type::kSrv) {
    json["address"] = record.value;
    return json;
  }
  json["target"] = record.value;
  json["port"] = record.port;
  json["weight"] = record.weight;
  json["priority"] = record.priority;
  return json;
}

}  // namespace

Client::Client(Settings settings, Loop& loop, Transport& transport, uint64_t seed)
    : settings_(std::move(settings)),
      loop_(loop),
      transport_(transport),
      random_(seed),
      names_(settings_.cache_size),
      queries_(settings_.cache_size) {}

Client::~Client() { *alive_ = false; }

std::vector<Record> Client::FromHosts(std::string_view name, Type type) const {
  const auto found = settings_.hosts.find(name);
  if (found == settings_.hosts.end()) return {};
  const std::string* address = type == Type::kA      ? &found->second.ipv4
                               : type == Type::kAaaa ? &found->second.ipv6
                                                     : nullptr;
  if (address == nullptr || address->empty()) return {};
  Record record;
  record.name = name;
  record.type = type;
  record.ttl = static_cast<uint32_t>(kForEver);
  record.value = *address;
  return {record};
}

std::vector<std::pair<std::string, Type>> Client::Candidates(const std::string& name) {
  std::vector<Type> types;
  const auto add = [&](Type type) {
    if (std::find(types.begin(), types.end(), type) == types.end()) types.push_back(type);
  };
  const bool known = settings_.hosts.contains(name);
  // What the hosts file says comes before all that servers may say.
  for (const Type type : settings_.order) {
    if (known && !FromHosts(name, type).empty()) add(type);
  }
  const Name* entry = names_.Find(name);
  if (settings_.last && entry != nullptr && entry->last_type) add(*entry->last_type);
  for (const Type type : settings_.order) add(type);

  std::vector<std::string> complete;
  const bool absolute = name.ends_with('.');
  if (!absolute) {
    for (const std::string& domain : settings_.search) complete.push_back(name + "." + domain);
  }
  const bool itself_first =
      absolute || known || std::count(name.begin(), name.end(), '.') >= settings_.ndots;
  complete.insert(itself_first ? complete.begin() : complete.end(), name);

  std::vector<std::pair<std::string, Type>> candidates;
  for (const Type type : types) {
    for (const std::string& each : complete) candidates.emplace_back(each, type);
  }
  return candidates;
}

std::optional<Result<AnswerRef>> Client::KnownNow(const std::string& name, Name& entry) {
  const double now = loop_.Now();
  if (!entry.answer) {
    if (entry.error && now < entry.error_until) return Result<AnswerRef>(*entry.error);
    return std::nullopt;
  }
  const bool usable = entry.failing || now < entry.expires_at + settings_.stale_ttl;
  if (!usable) return std::nullopt;
  AnswerRef answer = entry.answer;
  if (now >= entry.prefetch_at && now >= entry.next_try) Refresh(name, entry);
  return Result<AnswerRef>(std::move(answer));
}

std::optional<Result<AnswerRef>> Client::Known(std::string_view name) {
  const bool upper =
      std::any_of(name.begin(), name.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
  if (upper) return Known(ToLower(name));
  Name* entry = names_.Find(name);
  if (entry == nullptr) return std::nullopt;
  if (entry->answer && loop_.Now() < entry->prefetch_at) return Result<AnswerRef>(entry->answer);
  return KnownNow(std::string(name), *entry);
}

void Client::Resolve(std::string_view name, Done done) {
  ResolveAt(ToLower(name), 0, std::move(done));
}

void Client::ResolveAt(const std::string& name, int depth, Done done) {
  if (auto known = Known(name)) return done(*known);
  Name* entry = names_.Find(name);
  AnswerRef old = entry != nullptr ? entry->answer : nullptr;
  // What another look-up needs is not waited for: it might be that other one, in a circle.
  const bool shared = !settings_.no_sync && depth == 0;
  if (const auto running = running_.find(name); shared && running != running_.end()) {
    return running->second->Add(std::move(done), std::move(old));
  }
  auto lookup = std::make_shared<Lookup>(*this, name, depth, false);
  lookup->Add(std::move(done), std::move(old));
  lookup->candidates = Candidates(name);
  if (shared) running_[name] = lookup;
  lookup->Step();
}

void Client::Refresh(const std::string& name, Name& entry) {
  if (entry.refreshing || (!settings_.no_sync && running_.contains(name))) return;
  entry.refreshing = true;
  auto lookup = std::make_shared<Lookup>(*this, name, 0, true);
  lookup->candidates = Candidates(name);
  if (!settings_.no_sync) running_[name] = lookup;
  lookup->Step();
}

void Client::Forget(const Lookup& lookup) {
  const auto found = running_.find(lookup.name);
  if (found != running_.end() && found->second.get() == &lookup) running_.erase(found);
}

void Client::Finish(Lookup& lookup, Type type, const std::vector<Record>& records,
                    double expires_at) {
  Name& entry = names_.FindOrMake(lookup.name);
  auto answer = std::make_shared<Answer>(records, expires_at, static_cast<uint32_t>(random_()));
  if (entry.answer) answer->ContinueAs(*entry.answer);
  const double now = loop_.Now();
  entry.answer = std::move(answer);
  entry.expires_at = expires_at;
  entry.prefetch_at = expires_at - std::min(5.0, (expires_at - now) / 10);
  entry.failing = entry.refreshing = false;
  entry.next_try = 0;
  entry.error.reset();
  entry.last_type = type;
  const AnswerRef given = entry.answer;
  const auto self = lookup.shared_from_this();
  Forget(lookup);
  self->End(given);
}

void Client::Fail(Lookup& lookup, const Error& error, bool definite) {
  Name& entry = names_.FindOrMake(lookup.name);
  const double now = loop_.Now();
  entry.refreshing = false;
  Result<AnswerRef> result = error;
  if (!definite && entry.answer) {
    entry.failing = true;
    entry.next_try = now + settings_.error_ttl;
    result = entry.answer;
  } else {
    entry.answer.reset();
    entry.failing = false;
    entry.error = error;
    entry.error_until = now + (definite ? settings_.not_found_ttl : settings_.error_ttl);
  }
  const auto self = lookup.shared_from_this();
  Forget(lookup);
  self->End(result);
}

double Client::Lifetime(const Reply& reply) const {
  if (reply.code != 0 && reply.code != kNameError) return settings_.error_ttl;
  if (reply.records.empty()) return settings_.not_found_ttl;
  if (settings_.valid_ttl) return *settings_.valid_ttl;
  uint32_t ttl = UINT32_MAX;
  for (const Record& record : reply.records) ttl = std::min(ttl, record.ttl);
  return ttl;
}

void Client::Ask(const std::string& name, Type type, bool refresh, Replied done) {
  const double now = loop_.Now();
  Reply local;
  local.records = FromHosts(name, type);
  if (!local.records.empty()) return done(local, now + kForEver);
  std::string key = std::string(TypeName(type)) + ":" + name;
  if (const Query* known = queries_.Find(key);
      known != nullptr && now < known->expires_at && !(refresh && !known->reply.records.empty())) {
    const Query copy = *known;
    return done(copy.reply, copy.expires_at);
  }
  if (!settings_.no_sync) {
    auto& waiting = asked_[key];
    waiting.push_back(std::move(done));
    if (waiting.size() > 1) return;
    done = [this, key](const Reply& reply, double expires_at) {
      const auto found = asked_.find(key);
      if (found == asked_.end()) return;
      const auto all = std::move(found->second);
      asked_.erase(found);
      for (const Replied& each : all) each(reply, expires_at);
    };
  }
  transport_.Query(name, type,
                   [this, alive = std::weak_ptr(alive_), key = std::move(key), name, type,
                    done = std::move(done)](Reply reply) {
                     if (alive.expired()) return;
                     KeepWhatWasAsked(name, type, reply);
                     const double expires_at = loop_.Now() + Lifetime(reply);
                     Keep(key, reply, expires_at);
                     done(reply, expires_at);
                   });
}

void Client::Keep(const std::string& key, const Reply& reply, double expires_at) {
  // That nobody answered says nothing about the name.
  if (!reply.failure.empty()) return;
  Query& query = queries_.FindOrMake(key);
  query.reply = reply;
  query.expires_at = expires_at;
}

void Client::ToEndpoint(std::string_view name, int port, EndpointDone done) {
  EndpointAt(name, port, 0, std::move(done));
}

void Client::EndpointAt(std::string_view name, int port, int depth, EndpointDone done) {
  const std::string_view bare = WithoutBrackets(name);
  if (IsAddress(bare)) return done(Endpoint{std::string(bare), port});
  if (depth >= kDeepestService) {
    return done(Error(ErrorCode::kNotFound, "recursion detected"));
  }
  Resolve(name, [this, alive = std::weak_ptr(alive_), port, depth,
                 done = std::move(done)](const Result<AnswerRef>& result) {
    if (!result) return done(result.error());
    const Record& next = (*result)->Next();
    if (next.type != Type::kSrv) return done(Endpoint{next.value, port});
    if (alive.expired()) return;
    EndpointAt(next.value, next.port != 0 ? next.port : port, depth + 1, done);
  });
}

Result<Endpoint> Client::KnownEndpoint(std::string_view name, int port) {
  AnswerRef held;
  for (int depth = 0; depth < kDeepestService; ++depth) {
    const std::string_view bare = WithoutBrackets(name);
    if (IsAddress(bare)) return Endpoint{std::string(bare), port};
    const auto known = Known(name);
    if (!known) {
      return Error(ErrorCode::kUnavailable, "dns client error: 100 cache only lookup failed");
    }
    if (!*known) return known->error();
    held = **known;
    const Record& next = held->Next();
    if (next.type != Type::kSrv) return Endpoint{next.value, port};
    if (next.port != 0) port = next.port;
    name = next.value;
  }
  return Error(ErrorCode::kNotFound, "recursion detected");
}

Json Client::Dump() const {
  Json all = Json::array();
  const double now = loop_.Now();
  for (const auto& [name, entry] : names_) {
    Json json = {{"name", name}};
    if (entry.answer) {
      json["type"] = TypeName(entry.answer->type());
      json["expires_in"] = std::round((entry.expires_at - now) * 1000) / 1000;
      json["state"] = entry.failing ? "failing" : now < entry.expires_at ? "fresh" : "stale";
      Json& records = json["records"] = Json::array();
      for (const Record& record : entry.answer->records()) records.push_back(Describe(record));
    } else {
      json["state"] = "error";
      json["error"] = entry.error ? entry.error->message() : "";
      json["expires_in"] = std::round((entry.error_until - now) * 1000) / 1000;
    }
    all.push_back(std::move(json));
  }
  return all;
}

}  // namespace silverback::dns
