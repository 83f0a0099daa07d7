-- ngx: the part of lua-nginx-module that never waits.
local kong, ngx, core = ...

local type, tostring = type, tostring

for name, level in pairs({STDERR = 0, EMERG = 1, ALERT = 2, CRIT = 3, ERR = 4, WARN = 5, NOTICE = 6, INFO = 7, DEBUG = 8}) do
  ngx[name] = level
end
ngx.OK, ngx.ERROR, ngx.AGAIN, ngx.DONE, ngx.DECLINED = 0, -1, -2, -4, -5
for name, number in pairs({GET = 2, HEAD = 4, POST = 8, PUT = 16, DELETE = 32, MKCOL = 64, COPY = 128, MOVE = 256, OPTIONS = 512,
                           PROPFIND = 1024, PROPPATCH = 2048, LOCK = 4096, UNLOCK = 8192, PATCH = 16384, TRACE = 32768}) do
  ngx["HTTP_" .. name] = number
end
for name, status in pairs({
  CONTINUE = 100, SWITCHING_PROTOCOLS = 101, OK = 200, CREATED = 201, ACCEPTED = 202, NO_CONTENT = 204, PARTIAL_CONTENT = 206,
  SPECIAL_RESPONSE = 300, MOVED_PERMANENTLY = 301, MOVED_TEMPORARILY = 302, SEE_OTHER = 303, NOT_MODIFIED = 304,
  TEMPORARY_REDIRECT = 307, PERMANENT_REDIRECT = 308, BAD_REQUEST = 400, UNAUTHORIZED = 401, PAYMENT_REQUIRED = 402,
  FORBIDDEN = 403, NOT_FOUND = 404, NOT_ALLOWED = 405, NOT_ACCEPTABLE = 406, REQUEST_TIMEOUT = 408, CONFLICT = 409, GONE = 410,
  UPGRADE_REQUIRED = 426, TOO_MANY_REQUESTS = 429, CLOSE = 444, ILLEGAL = 451, INTERNAL_SERVER_ERROR = 500,
  METHOD_NOT_IMPLEMENTED = 501, BAD_GATEWAY = 502, SERVICE_UNAVAILABLE = 503, GATEWAY_TIMEOUT = 504, VERSION_NOT_SUPPORTED = 505,
  INSUFFICIENT_STORAGE = 507}) do
  ngx["HTTP_" .. name] = status
end

ngx.get_phase = core.phase
ngx.headers_sent, ngx.is_subrequest = false, false
local encode_base64, escape_uri = ngx.encode_base64, ngx.escape_uri
ngx.encode_base64 = function(text, no_padding)
  local encoded = encode_base64(tostring(text))
  return no_padding and encoded:gsub("=+$", "") or encoded
end
-- 0: a whole URI, 2: a part of one.
ngx.escape_uri = function(text, kind)
  if kind ~= 0 then return escape_uri(text) end
  return (tostring(text):gsub("[%z\1-\32#%%?\127-\255]", function(c) return string.format("%%%02X", c:byte()) end))
end
local sql = {["\0"] = "\\0", ["\b"] = "\\b", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t", ["\26"] = "\\Z", ["\\"] = "\\\\",
             ["'"] = "\\'", ['"'] = '\\"'}
ngx.quote_sql_str = function(text) return "'" .. tostring(text):gsub("[%z\b\n\r\t\26\\'\"]", sql) .. "'" end
ngx.shared = {}
ngx.encode_args = core.encode_args
ngx.decode_args = function(text, max) return core.parse_form(text, max or 100) end
ngx.log = function(level, ...) kong.log[({[0] = "emerg", "emerg", "alert", "crit", "err", "warn", "notice", "info", "debug"})[level] or "notice"](...) end
ngx.update_time = function() end
ngx.today = function() return os.date("!%Y-%m-%d", ngx.time()) end
ngx.utctime = function() return os.date("!%Y-%m-%d %H:%M:%S", ngx.time()) end
ngx.localtime = function() return os.date("%Y-%m-%d %H:%M:%S", ngx.time()) end
ngx.http_time = core.http_time
ngx.parse_http_time = core.parse_http_time
ngx.cookie_time = function(time) return os.date("!%a, %d-%b-%y %H:%M:%S GMT", time) end
ngx.worker = {id = function() return 0 end, pid = core.pid, count = function() return 1 end, exiting = function() return false end}
ngx.config = {subsystem = "http", nginx_version = 1019009, ngx_lua_version = 10020, debug = false, prefix = function() return "" end}
local function unavailable(name)
  return function() error("ngx." .. name .. " is not available here: a text may not wait", 0) end
end
for name, members in pairs({[""] = "sleep exec eof", timer = "at every", socket = "tcp udp connect stream",
                            location = "capture capture_multi", thread = "spawn wait kill"}) do
  local into = ngx
  if name ~= "" then
    into = {}
    ngx[name] = into
  end
  for member in members:gmatch("%S+") do into[member] = unavailable((name ~= "" and name .. "." or "") .. member) end
end

-- Variables. The few that steer the way to the service may be written.
local read_variable = getmetatable(ngx.var).__index
local known_by_text = {
  upstream_uri = core.upstream_path,
  upstream_scheme = function()
    local target = kong.router.get_service()
    return target and target.protocol
  end,
}
local writable = {
  args = function(value) core.set_raw_query(value) end,
  upstream_uri = function(value) core.set_path(value) end,
  upstream_scheme = function(value) kong.service.request.set_scheme(value) end,
  upstream_host = function(value) core.set_request_header("Host", value) end,
}
ngx.var = setmetatable({}, {
  __index = function(_, name)
    local value = read_variable(nil, name)
    if value == "" and known_by_text[name] then return known_by_text[name]() end
    return value
  end,
  __newindex = function(_, name, value)
    if not writable[name] then error('variable "' .. tostring(name) .. '" not changeable', 0) end
    writable[name](tostring(value))
  end,
  __metatable = false,
})

-- Requests
local req = {}
ngx.req = req
req.get_headers = function(max) return kong.request.get_headers(max) end
req.get_uri_args = function(max) return core.parse_form(kong.request.get_raw_query(), max or 100) end
req.get_post_args = function(max)
  local body = core.read_body()
  return body and core.parse_form(body, max or 100) or {}
end
req.get_method = kong.request.get_method
req.http_version = kong.request.get_http_version
req.start_time = core.start_time
req.is_internal = function() return false end
req.read_body = function() end
req.discard_body = function() end
req.get_body_data = function() return (core.read_body()) end
req.get_body_file = function() return nil end
req.set_body_data = core.set_request_body
req.set_method = function(number)
  for name, value in pairs(ngx) do
    if value == number and type(name) == "string" and name:match("^HTTP_%u+$") and kong.service.request then
      if pcall(kong.service.request.set_method, name:sub(6)) then return end
    end
  end
  error("invalid method", 0)
end
req.set_uri = function(uri) core.set_path(uri) end
req.set_uri_args = function(args) core.set_raw_query(type(args) == "table" and core.encode_args(args) or tostring(args)) end
req.clear_header = core.clear_request_header
req.set_header = function(name, value)
  if value == nil then return core.clear_request_header(name) end
  core.put_headers({[name] = value}, core.set_request_header, core.add_request_header)
end

-- Responses
ngx.resp = {get_headers = function(max) return core.response_headers(max or 100) end}
ngx.header = setmetatable({}, {
  __index = function(_, name) return core.response_headers(100)[name] end,
  __newindex = function(_, name, value)
    name = tostring(name):gsub("_", "-")
    if value == nil then return core.clear_response_header(name) end
    core.put_headers({[name] = value}, core.set_response_header, core.add_response_header)
  end,
})

local function text(value)
  if type(value) ~= "table" then return tostring(value) end
  local parts = {}
  for i, item in ipairs(value) do parts[i] = text(item) end
  return table.concat(parts)
end
local function out(...)
  for i = 1, select("#", ...) do core.say(text((select(i, ...)))) end
  return 1
end
ngx.print = out
ngx.say = function(...)
  out(...)
  return out("\n")
end
ngx.flush = function() return 1 end
ngx.exit = function(status) core.leave(status) end
ngx.redirect = function(uri, status) core.exit(status or 302, nil, {"Location", uri}) end
ngx.arg = setmetatable({}, {
  __index = function(_, index)
    local chunk, last = core.chunk()
    if index == 1 then return chunk end
    if index == 2 then return last end
  end,
  __newindex = function(_, index, value)
    if index == 1 then core.set_chunk(value == nil and "" or text(value)) end
  end,
})

-- Regular expressions
local re = {}
ngx.re = re
local function captures(found)
  local from, to = found.from, found.to
  found.from, found.to = nil, nil
  return found, from, to
end
re.find = function(subject, pattern, options, ctx, nth)
  local found, err = core.regex(tostring(subject), pattern, options or "", ctx and ctx.pos or 1)
  if not found then return nil, nil, err end
  if nth and nth > 0 then
    return found.starts[nth], found.ends[nth]
  end
  if ctx then ctx.pos = found.to + 1 end
  return found.from, found.to
end
re.match = function(subject, pattern, options, ctx)
  local found, err = core.regex(tostring(subject), pattern, options or "", ctx and ctx.pos or 1)
  if not found then return nil, err end
  local caught, _, to = captures(found)
  caught.starts, caught.ends = nil, nil
  if ctx then ctx.pos = to + 1 end
  return caught
end
re.gmatch = function(subject, pattern, options)
  local ctx = {pos = 1}
  return function()
    if ctx.pos > #subject + 1 then return nil end
    local at = ctx.pos
    local caught, err = re.match(subject, pattern, options, ctx)
    if caught and ctx.pos == at and caught[0] == "" then ctx.pos = at + 1 end
    return caught, err
  end
end
local function replace(subject, pattern, replacement, options, most)
  subject = tostring(subject)
  local parts, at, count = {}, 1, 0
  while at <= #subject + 1 and count < most do
    local found, err = core.regex(subject, pattern, options or "", at)
    if err then return nil, nil, err end
    if not found then break end
    local caught, from, to = captures(found)
    caught.starts, caught.ends = nil, nil
    parts[#parts + 1] = subject:sub(at, from - 1)
    if type(replacement) == "function" then
      parts[#parts + 1] = tostring(replacement(caught))
    else
      parts[#parts + 1] = (tostring(replacement):gsub("%$(%$?)({?)(%w*)}?", function(dollar, brace, name)
        if dollar == "$" then return "$" .. brace .. name end
        local number = name:match("^%d+") or ""
        return tostring(caught[tonumber(number) or name] or "") .. name:sub(#number + 1)
      end))
    end
    count = count + 1
    if to < from then  -- nothing was matched: one character goes on as it is
      parts[#parts + 1] = subject:sub(from, from)
      at = from + 1
    else
      at = to + 1
    end
  end
  parts[#parts + 1] = subject:sub(at)
  return table.concat(parts), count
end
re.sub = function(subject, pattern, replacement, options) return replace(subject, pattern, replacement, options, 1) end
re.gsub = function(subject, pattern, replacement, options) return replace(subject, pattern, replacement, options, math.huge) end
