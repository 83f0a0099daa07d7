// core: the functions that the files in pdk/ stand on: what they do to a request and its response.
#include <unistd.h>

#include "lua/convert.h"
#include "lua/function.h"
#include "lua/request_tables.h"
#include "lua/state.h"
#include "lua/template.h"
#include "util/string_util.h"

namespace silverback::lua {
namespace {

using plugin::Exchange;

template <auto kChange>
int ByText(lua_State* lua, Exchange& exchange) {
  (exchange.*kChange)(TextAt(lua, 1));
  return 0;
}

template <auto kChange>
int ByNameAndValue(lua_State* lua, Exchange& exchange) {
  (exchange.*kChange)(TextAt(lua, 1), TextAt(lua, 2));
  return 0;
}

int UpstreamPath(lua_State* lua, Exchange& exchange) {
  PushText(lua, exchange.UpstreamPath());
  return 1;
}

int SetRequestBody(lua_State* lua, Exchange& exchange) {
  exchange.SetRequestBody(std::string(TextAt(lua, 1)));
  return 0;
}

int SetTarget(lua_State* lua, Exchange& exchange) {
  exchange.SetUpstreamTarget(TextAt(lua, 1), static_cast<int>(luaL_checknumber(lua, 2)));
  return 0;
}

int EnableBuffering(lua_State*, Exchange& exchange) {
  exchange.BufferResponse();
  return 0;
}

int BufferedBody(lua_State* lua, Exchange& exchange) {
  const auto body = exchange.BufferedBody();
  if (!body) return 0;
  PushText(lua, *body);
  return 1;
}

int Authenticate(lua_State* lua, Exchange& exchange) {
  const auto row = [lua](int index) -> plugin::EntityRef {
    if (!lua_istable(lua, index)) return nullptr;
    auto json = ToJson(lua, index);
    return json ? std::make_shared<const Json>(*std::move(json)) : nullptr;
  };
  exchange.SetClient(row(1), row(2));
  return 0;
}

bool BeforeResponse(const PdkContext& context) {
  const std::string_view phase = context.phase;
  return phase == "rewrite" || phase == "access";
}

int SetStatus(lua_State* lua, Exchange& exchange) {
  const int status = static_cast<int>(luaL_checknumber(lua, 1));
  PdkContext& context = ContextOf(lua);
  if (BeforeResponse(context)) {
    context.said_status = status;
  } else {
    exchange.SetResponseStatus(status);
  }
  return 0;
}

int Status(lua_State* lua, Exchange& exchange) {
  const PdkContext& context = ContextOf(lua);
  lua_pushnumber(lua, BeforeResponse(context) ? context.said_status : exchange.ResponseStatus());
  return 1;
}

int ResponseHeaders(lua_State* lua, Exchange& exchange) {
  PushHeaders(lua, exchange.ResponseHeaders(), static_cast<int>(luaL_checknumber(lua, 1)));
  return 1;
}

// The list of names and values at `index`.
plugin::Headers HeadersAt(lua_State* lua, int index) {
  plugin::Headers headers;
  const auto size = static_cast<int>(lua_objlen(lua, index));
  for (int i = 1; i < size; i += 2) {
    lua_rawgeti(lua, index, i);
    lua_rawgeti(lua, index, i + 1);
    headers.emplace_back(TextAt(lua, -2), TextAt(lua, -1));
    lua_pop(lua, 2);
  }
  return headers;
}

// In header_filter the response is there already: it is made over.
void MakeOver(Exchange& exchange, const plugin::LocalResponse& answer) {
  exchange.SetResponseStatus(answer.status);
  std::string last;
  for (const auto& [name, value] : answer.headers) {
    if (name == last) {
      exchange.AddResponseHeader(name, value);
    } else {
      exchange.SetResponseHeader(name, value);
    }
    last = name;
  }
  exchange.ReplaceResponseBody(answer.raw_body ? answer.body : answer.message);
}

void Answer(lua_State* lua, Exchange& exchange, plugin::LocalResponse answer) {
  PdkContext& context = ContextOf(lua);
  if (BeforeResponse(context)) {
    context.answer = std::move(answer);
  } else {
    MakeOver(exchange, answer);
  }
}

// (status, body or nil, headers)
int Exit(lua_State* lua, Exchange& exchange) {
  plugin::LocalResponse answer;
  answer.status = static_cast<int>(luaL_checknumber(lua, 1));
  answer.raw_body = true;
  if (!lua_isnoneornil(lua, 2)) answer.body = TextAt(lua, 2);
  answer.headers = HeadersAt(lua, 3);
  Answer(lua, exchange, std::move(answer));
  return 0;
}

// (status, message, headers)
int ExitError(lua_State* lua, Exchange& exchange) {
  plugin::LocalResponse answer;
  answer.status = static_cast<int>(luaL_checknumber(lua, 1));
  answer.message = TextAt(lua, 2);
  answer.headers = HeadersAt(lua, 3);
  Answer(lua, exchange, std::move(answer));
  return 0;
}

int Say(lua_State* lua, Exchange&) {
  constexpr size_t kMost = size_t{16} << 20;
  std::string& said = ContextOf(lua).said;
  const std::string_view text = TextAt(lua, 1);
  if (said.size() + text.size() > kMost) return luaL_error(lua, "too much was said");
  said += text;
  return 0;
}

// ngx.exit(status)
int LeaveWith(lua_State* lua, Exchange&) {
  PdkContext& context = ContextOf(lua);
  const int status = static_cast<int>(luaL_checknumber(lua, 1));
  constexpr int kFirstStatus = 100;
  if (!BeforeResponse(context) || (status < kFirstStatus && context.said.empty())) return 0;
  plugin::LocalResponse answer;
  answer.raw_body = true;
  answer.status = context.said_status != 0 ? context.said_status : std::max(status, kFirstStatus);
  if (!context.said.empty() && context.said_status == 0) answer.status = 200;
  answer.body = std::exchange(context.said, {});
  context.answer = std::move(answer);
  return 0;
}

// What ends the text. No C++ object may live when it does.
template <RequestFunction kFunction>
int ThenLeave(lua_State* lua) {
  OnRequest<kFunction>(lua);
  State::Of(lua).Leave();
}

int Phase(lua_State* lua) {
  lua_pushstring(lua, ContextOf(lua).phase);
  return 1;
}

int ReadBody(lua_State* lua) {
  const PdkContext& context = ContextOf(lua);
  if (context.body != nullptr) {
    PushText(lua, *context.body);
    return 1;
  }
  lua_pushnil(lua);
  lua_pushliteral(lua,
                  "request body did not fit into client body buffer, consider raising "
                  "'client_body_buffer_size'");
  return 2;
}

int Chunk(lua_State* lua) {
  const plugin::BodyChunk* chunk = ContextOf(lua).chunk;
  if (chunk == nullptr) return 0;
  PushText(lua, *chunk->data);
  lua_pushboolean(lua, chunk->last ? 1 : 0);
  return 2;
}

int SetChunk(lua_State* lua) {
  const std::string_view text = TextAt(lua, 1);
  if (const plugin::BodyChunk* chunk = ContextOf(lua).chunk) chunk->data->assign(text);
  return 0;
}

int Shared(lua_State* lua, Exchange& exchange) {
  PushShared(lua, exchange, ContextOf(lua));
  return 1;
}
int Own(lua_State* lua, Exchange& exchange) {
  PushOwn(lua, exchange, ContextOf(lua).plugin);
  return 1;
}
int NgxCtx(lua_State* lua, Exchange& exchange) {
  PushNgxCtx(lua, exchange);
  return 1;
}

int HasUpstream(lua_State* lua) {
  const auto found = ContextOf(lua).entities->FindUnique("upstreams", "name", TextAt(lua, 1));
  lua_pushboolean(lua, found != nullptr ? 1 : 0);
  return 1;
}

int SetClientVerify(lua_State* lua, Exchange& exchange) {
  exchange.SetClientVerify(TextAt(lua, 1));
  return 0;
}

int Configuration(lua_State* lua, Exchange&) {
  const auto& configuration = ContextOf(lua).configuration;
  PushJson(lua, configuration ? configuration() : Json::object());
  return 1;
}

int IsTrusted(lua_State* lua) {
  const auto& trusts = ContextOf(lua).trusts;
  lua_pushboolean(lua, trusts && trusts(TextAt(lua, 1)) ? 1 : 0);
  return 1;
}

int Hostname(lua_State* lua) {
  char name[256] = "";
  gethostname(name, sizeof name - 1);
  lua_pushstring(lua, name);
  return 1;
}

int Pid(lua_State* lua) {
  lua_pushinteger(lua, getpid());
  return 1;
}

int MemoryUsed(lua_State* lua) {
  constexpr double kKilo = 1024;
  lua_pushnumber(lua, lua_gc(lua, LUA_GCCOUNT, 0) * kKilo);
  return 1;
}

int StartTime(lua_State* lua, Exchange& exchange) {
  lua_pushnumber(lua, exchange.StartedAt());
  return 1;
}

int TlsRequest(lua_State* lua) {
  plugin::Handshake* handshake = ContextOf(lua).handshake;
  if (handshake == nullptr)
    return luaL_error(lua, "function can only be called in certificate phase");
  handshake->RequestClientCertificate();
  lua_pushboolean(lua, 1);
  return 1;
}

int TlsNoReuse(lua_State* lua) {
  plugin::Handshake* handshake = ContextOf(lua).handshake;
  if (handshake == nullptr)
    return luaL_error(lua, "function can only be called in certificate phase");
  handshake->DisableSessionReuse();
  lua_pushboolean(lua, 1);
  return 1;
}

}  // namespace

void PushCore(lua_State* lua, PdkContext& context) {
  lua_newtable(lua);
  Register(lua, context,
           {{"phase", Phase},
            {"read_body", ReadBody},
            {"chunk", Chunk},
            {"set_chunk", SetChunk},
            {"shared", OnRequest<Shared>},
            {"own", OnRequest<Own>},
            {"ngx_ctx", OnRequest<NgxCtx>},
            {"exit", ThenLeave<Exit>},
            {"exit_error", ThenLeave<ExitError>},
            {"leave", ThenLeave<LeaveWith>},
            {"say", OnRequest<Say>},
            {"set_status", OnRequest<SetStatus>},
            {"status", OnRequest<Status>},
            {"set_path", OnRequest<ByText<&Exchange::SetUpstreamPath>>},
            {"set_raw_query", OnRequest<ByText<&Exchange::SetRawQuery>>},
            {"set_method", OnRequest<ByText<&Exchange::SetMethod>>},
            {"set_scheme", OnRequest<ByText<&Exchange::SetUpstreamScheme>>},
            {"set_request_body", OnRequest<SetRequestBody>},
            {"set_target", OnRequest<SetTarget>},
            {"set_upstream", OnRequest<ByText<&Exchange::SetUpstream>>},
            {"enable_buffering", OnRequest<EnableBuffering>},
            {"buffered_body", OnRequest<BufferedBody>},
            {"authenticate", OnRequest<Authenticate>}});
  Register(lua, context,
           {{"set_request_header", OnRequest<ByNameAndValue<&Exchange::SetRequestHeader>>},
            {"add_request_header", OnRequest<ByNameAndValue<&Exchange::AddRequestHeader>>},
            {"clear_request_header", OnRequest<ByText<&Exchange::ClearRequestHeader>>},
            {"set_response_header", OnRequest<ByNameAndValue<&Exchange::SetResponseHeader>>},
            {"add_response_header", OnRequest<ByNameAndValue<&Exchange::AddResponseHeader>>},
            {"clear_response_header", OnRequest<ByText<&Exchange::ClearResponseHeader>>},
            {"response_headers", OnRequest<ResponseHeaders>},
            {"has_upstream", HasUpstream},
            {"is_trusted", IsTrusted},
            {"upstream_path", OnRequest<UpstreamPath>},
            {"set_client_verify", OnRequest<SetClientVerify>},
            {"configuration", OnRequest<Configuration>},
            {"hostname", Hostname},
            {"pid", Pid},
            {"memory_used", MemoryUsed},
            {"start_time", OnRequest<StartTime>},
            {"request_client_certificate", TlsRequest},
            {"disable_session_reuse", TlsNoReuse},
            {"template_value", OnRequest<TemplateValue>}});
  AddData(lua, context);
}

}  // namespace silverback::lua
