#include <cstdlib>

#include "http/query.h"
#include "lua/convert.h"
#include "lua/function.h"
#include "util/string_util.h"

namespace silverback::lua {
namespace {

using plugin::Exchange;

constexpr int kMaxItems = 1000;  // what get_headers and get_query accept at most
constexpr int kUsualItems = 100;

template <auto kGet>
int Text(lua_State* lua, Exchange& exchange) {
  PushText(lua, (exchange.*kGet)());
  return 1;
}

template <auto kGet>
int Number(lua_State* lua, Exchange& exchange) {
  lua_pushnumber(lua, static_cast<lua_Number>((exchange.*kGet)()));
  return 1;
}

// A row without its empty members.
void PushRow(lua_State* lua, const Json* row) {
  if (row == nullptr) {
    lua_pushnil(lua);
  } else {
    PushJson(lua, *row);
  }
}

int Consumer(lua_State* lua, Exchange& exchange) {
  PushRow(lua, exchange.consumer().get());
  return 1;
}
int Credential(lua_State* lua, Exchange& exchange) {
  PushRow(lua, exchange.credential().get());
  return 1;
}
int Route(lua_State* lua, Exchange& exchange) {
  PushRow(lua, exchange.route() != nullptr ? &exchange.route()->row : nullptr);
  return 1;
}
int Service(lua_State* lua, Exchange& exchange) {
  PushRow(lua, exchange.service() != nullptr ? &exchange.service()->row : nullptr);
  return 1;
}

// The only protocol of the route, whatever the client speaks; else what it speaks.
int Protocol(lua_State* lua, Exchange& exchange) {
  if (exchange.route() == nullptr) {
    lua_pushnil(lua);
    lua_pushliteral(lua, "No active route found");
    return 2;
  }
  const Json* protocols = FindMember(exchange.route()->row, "protocols");
  if (protocols && protocols->size() == 1) {
    PushJson(lua, protocols->front());
    return 1;
  }
  const bool allow_terminated = lua_toboolean(lua, 1) != 0;
  PushText(lua, allow_terminated ? exchange.ForwardedScheme() : exchange.Scheme());
  return 1;
}

int ClientPort(lua_State* lua, Exchange& exchange) {
  auto port = exchange.Variable("realip_remote_port");
  if (!port || port->empty()) port = exchange.Variable("remote_port");
  if (!port) return 0;
  lua_pushnumber(lua, std::atoi(port->c_str()));
  return 1;
}

// (id, also_by_username): the consumer, or nil.
int LoadConsumer(lua_State* lua) {
  size_t size = 0;
  const char* text = luaL_checklstring(lua, 1, &size);
  const bool by_username = lua_toboolean(lua, 2) != 0;
  const std::string_view id(text, size);
  if (!by_username && !IsUuid(id))
    return luaL_error(lua, "cannot load a consumer with an id that is not a uuid");
  plugin::EntityReader& entities = *ContextOf(lua).entities;
  plugin::EntityRef found = IsUuid(id) ? entities.Find("consumers", id) : nullptr;
  if (!found && by_username) found = entities.FindUnique("consumers", "username", id);
  PushRow(lua, found.get());
  return 1;
}

int Host(lua_State* lua, Exchange& exchange) {
  PushText(lua, ToLower(exchange.Host()));
  return 1;
}

int PathWithQuery(lua_State* lua, Exchange& exchange) {
  PushText(lua, exchange.RawTarget());
  return 1;
}

int HeaderOf(lua_State* lua, std::optional<std::string_view> value) {
  if (value) {
    PushText(lua, *value);
  } else {
    lua_pushnil(lua);
  }
  return 1;
}

// The name of a header; an error of Lua's when it is no string.
std::string_view NameArgument(lua_State* lua, const char* what) {
  if (lua_type(lua, 1) != LUA_TSTRING) luaL_error(lua, "%s must be a string", what);
  size_t size = 0;
  const char* text = lua_tolstring(lua, 1, &size);
  return {text, size};
}

int MostItems(lua_State* lua, const char* what) {
  if (lua_isnoneornil(lua, 1)) return kUsualItems;
  if (lua_type(lua, 1) != LUA_TNUMBER) luaL_error(lua, "%s must be a number", what);
  const double most = lua_tonumber(lua, 1);
  if (most < 1) luaL_error(lua, "%s must be >= 1", what);
  if (most > kMaxItems) luaL_error(lua, "%s must be <= %d", what, kMaxItems);
  return static_cast<int>(most);
}

int RequestHeader(lua_State* lua, Exchange& exchange) {
  return HeaderOf(lua, exchange.RequestHeader(NameArgument(lua, "header name")));
}
int RequestHeaders(lua_State* lua, Exchange& exchange) {
  PushHeaders(lua, exchange.RequestHeaders(), MostItems(lua, "max_headers"));
  return 1;
}
int ResponseHeader(lua_State* lua, Exchange& exchange) {
  return HeaderOf(lua, exchange.ResponseHeader(NameArgument(lua, "header name")));
}
int ResponseHeaders(lua_State* lua, Exchange& exchange) {
  PushHeaders(lua, exchange.ResponseHeaders(), MostItems(lua, "max_headers"));
  return 1;
}

int Query(lua_State* lua, Exchange& exchange) {
  PushQuery(lua, exchange.RawQuery(), MostItems(lua, "max_args"));
  return 1;
}

int QueryArgument(lua_State* lua, Exchange& exchange) {
  const std::string_view name = NameArgument(lua, "query argument name");
  for (const auto& argument : http::ParseQuery(exchange.RawQuery())) {
    if (argument.name != name) continue;
    if (argument.value) {
      PushText(lua, *argument.value);
    } else {
      lua_pushboolean(lua, 1);
    }
    return 1;
  }
  lua_pushnil(lua);
  return 1;
}

int Source(lua_State* lua, Exchange& exchange) {
  static constexpr const char* kNames[] = {"service", "exit", "error"};
  lua_pushstring(lua, kNames[static_cast<int>(exchange.Source())]);
  return 1;
}

int UpstreamStatus(lua_State* lua, Exchange& exchange) {
  if (const auto status = exchange.UpstreamStatus()) {
    lua_pushnumber(lua, *status);
  } else {
    lua_pushnil(lua);
  }
  return 1;
}

template <RequestFunction kFunction>
int FromUpstream(lua_State* lua, Exchange& exchange) {
  if (exchange.Source() == plugin::ResponseSource::kService) return kFunction(lua, exchange);
  lua_pushnil(lua);
  return 1;
}

// A header as the upstream sent it, whatever plugins have made of it.
int UpstreamHeader(lua_State* lua, Exchange& exchange) {
  const std::string name(NameArgument(lua, "header name"));
  const auto value = exchange.Variable("upstream_http_" + ReplaceAll(ToLower(name), "-", "_"));
  return HeaderOf(lua, value ? std::optional<std::string_view>(*value) : std::nullopt);
}

int UpstreamHeaders(lua_State* lua, Exchange& exchange) {
  plugin::Headers headers;
  for (auto& header : exchange.ResponseHeaders()) {
    if (exchange.Variable("upstream_http_" + ReplaceAll(ToLower(header.first), "-", "_")))
      headers.push_back(std::move(header));
  }
  PushHeaders(lua, headers, MostItems(lua, "max_headers"));
  return 1;
}

int CertificateChain(lua_State* lua, Exchange& exchange) {
  const std::string chain = exchange.ClientCertificateChain();
  return HeaderOf(lua, chain.empty() ? std::nullopt : std::optional<std::string_view>(chain));
}

// What cannot be said in JSON is left out.
int SetSerializeValue(lua_State* lua, Exchange& exchange) {
  auto value = ToJson(lua, 2);
  if (!value) return 0;
  plugin::LogEdit edit{.path = lua_tostring(lua, 1), .value = *std::move(value)};
  lua_getfield(lua, 3, "mode");
  const std::string mode = lua_tostring(lua, -1);
  if (mode == "add") edit.mode = plugin::LogEditMode::kAdd;
  if (mode == "replace") edit.mode = plugin::LogEditMode::kReplace;
  exchange.EditLog(std::move(edit));
  return 0;
}

int Serialize(lua_State* lua, Exchange& exchange) {
  PushJson(lua, exchange.Serialize());
  return 1;
}

template <plugin::LogLevel kLevel>
int Log(lua_State* lua) {
  luaL_Buffer line;
  luaL_buffinit(lua, &line);
  for (int i = 1; i <= lua_gettop(lua); ++i) {
    if (lua_isstring(lua, i)) {
      lua_pushvalue(lua, i);
    } else {
      lua_pushstring(lua, lua_toboolean(lua, i) ? "true" : luaL_typename(lua, i));
    }
    luaL_addvalue(&line);
  }
  luaL_pushresult(&line);
  size_t size = 0;
  const char* text = lua_tolstring(lua, -1, &size);
  ContextOf(lua).log->Log(kLevel, {text, size});
  return 0;
}

int NodeId(lua_State* lua) {
  PushText(lua, ContextOf(lua).node_id);
  return 1;
}

void Subtable(lua_State* lua, PdkContext& context, const char* name,
              std::initializer_list<Function> functions) {
  lua_newtable(lua);
  Register(lua, context, functions);
  lua_setfield(lua, -2, name);
}

void AddRequest(lua_State* lua, PdkContext& context) {
  Subtable(lua, context, "request",
           {{"get_scheme", OnRequest<Text<&Exchange::Scheme>>},
            {"get_host", OnRequest<Host>},
            {"get_port", OnRequest<Number<&Exchange::Port>>},
            {"get_forwarded_scheme", OnRequest<Text<&Exchange::ForwardedScheme>>},
            {"get_forwarded_host", OnRequest<Text<&Exchange::ForwardedHost>>},
            {"get_forwarded_port", OnRequest<Number<&Exchange::ForwardedPort>>},
            {"get_forwarded_path", OnRequest<Text<&Exchange::ForwardedPath>>},
            {"get_forwarded_prefix", OnRequest<Text<&Exchange::ForwardedPrefix>>},
            {"get_http_version", OnRequest<Number<&Exchange::HttpVersion>>},
            {"get_method", OnRequest<Text<&Exchange::Method>>},
            {"get_path", OnRequest<Text<&Exchange::Path>>},
            {"get_path_with_query", OnRequest<PathWithQuery>},
            {"get_raw_query", OnRequest<Text<&Exchange::RawQuery>>},
            {"get_query_arg", OnRequest<QueryArgument>},
            {"get_query", OnRequest<Query>},
            {"get_header", OnRequest<RequestHeader>},
            {"get_headers", OnRequest<RequestHeaders>}});
}

void AddClient(lua_State* lua, PdkContext& context) {
  lua_newtable(lua);
  Register(lua, context,
           {{"get_ip", OnRequest<Text<&Exchange::ClientIp>>},
            {"get_port", OnRequest<ClientPort>},
            {"get_forwarded_ip", OnRequest<Text<&Exchange::ForwardedIp>>},
            {"get_forwarded_port", OnRequest<Number<&Exchange::ForwardedPort>>},
            {"get_consumer", OnRequest<Consumer>},
            {"get_credential", OnRequest<Credential>},
            {"get_protocol", OnRequest<Protocol>},
            {"load_consumer", LoadConsumer}});
  Subtable(lua, context, "tls",
           {{"get_full_client_certificate_chain", OnRequest<CertificateChain>}});
  lua_setfield(lua, -2, "client");
}

void AddResponse(lua_State* lua, PdkContext& context) {
  Subtable(lua, context, "response",
           {{"get_status", OnRequest<Number<&Exchange::ResponseStatus>>},
            {"get_header", OnRequest<ResponseHeader>},
            {"get_headers", OnRequest<ResponseHeaders>},
            {"get_source", OnRequest<Source>}});
  lua_newtable(lua);
  Subtable(lua, context, "response",
           {{"get_status", OnRequest<UpstreamStatus>},
            {"get_header", OnRequest<FromUpstream<UpstreamHeader>>},
            {"get_headers", OnRequest<FromUpstream<UpstreamHeaders>>}});
  lua_setfield(lua, -2, "service");
}

void AddLog(lua_State* lua, PdkContext& context) {
  using enum plugin::LogLevel;
  lua_newtable(lua);
  Register(lua, context,
           {{"set_serialize_value", OnRequest<SetSerializeValue>},
            {"serialize", OnRequest<Serialize>},
            {"debug", Log<kDebug>},
            {"info", Log<kInfo>},
            {"notice", Log<kNotice>},
            {"warn", Log<kWarn>},
            {"err", Log<kError>},
            {"crit", Log<kCrit>},
            {"alert", Log<kCrit>},
            {"emerg", Log<kCrit>}});
  lua_newtable(lua);
  Register(lua, context, {{"__call", [](lua_State* l) {
                             lua_remove(l, 1);  // the table itself
                             return Log<kNotice>(l);
                           }}});
  lua_setmetatable(lua, -2);
  lua_setfield(lua, -2, "log");
}

}  // namespace

void PushKong(lua_State* lua, PdkContext& context) {
  lua_newtable(lua);
  lua_pushliteral(lua, "2.8.5");
  lua_setfield(lua, -2, "version");
  lua_pushnumber(lua, 2008005);
  lua_setfield(lua, -2, "version_num");
  lua_pushnumber(lua, 0);
  lua_setfield(lua, -2, "pdk_major_version");
  AddRequest(lua, context);
  AddClient(lua, context);
  AddResponse(lua, context);
  AddLog(lua, context);
  Subtable(lua, context, "router",
           {{"get_route", OnRequest<Route>}, {"get_service", OnRequest<Service>}});
  Subtable(lua, context, "node", {{"get_id", NodeId}});
}

}  // namespace silverback::lua
