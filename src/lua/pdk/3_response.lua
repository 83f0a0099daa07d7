-- kong.response and kong.service.response: what the client gets.
local kong, ngx, core = ...

local response, fmt, tostring, type = kong.response, string.format, tostring, type
local before_headers = "rewrite, access, response, header_filter, error, admin_api"
local after_headers = "response, header_filter, body_filter, log, error, admin_api"
local after_service = "response, header_filter, body_filter, log"

-- Names may have underscores for hyphens.
local function by_any_spelling(get, message)
  return function(name)
    core.want(name, "string", message)
    local value = get(name)
    if value == nil then value = get((name:gsub("_", "-"))) end
    return value
  end
end
response.get_header = by_any_spelling(response.get_header, "header name must be a string")
kong.service.response.get_header = by_any_spelling(kong.service.response.get_header, "name must be a string")

for _, name in ipairs({"get_status", "get_header", "get_headers", "get_source"}) do
  response[name] = core.only_in(after_headers, response[name])
end
for _, name in ipairs({"get_status", "get_header", "get_headers"}) do
  kong.service.response[name] = core.only_in(after_service, kong.service.response[name])
end

local not_buffered = "service body is only available with buffered proxying " ..
                     "(see: kong.service.request.enable_buffering function)"

local function service_body()
  local body = core.buffered_body()
  if not body then error(not_buffered, 0) end
  return body
end

kong.service.response.get_raw_body = core.only_in("header_filter, body_filter, log", service_body)
kong.service.response.get_body = core.only_in("header_filter, body_filter, log", function(mimetype)
  local body = service_body()
  local content_type = mimetype or kong.service.response.get_header("content-type")
  if not content_type then return nil, "missing content type" end
  local kind = content_type:lower()
  if kind:find("application/json", 1, true) == 1 then
    local document = core.json_decode(body)
    if type(document) ~= "table" then return nil, "invalid json body", "application/json" end
    return document, nil, "application/json"
  elseif kind:find("application/x-www-form-urlencoded", 1, true) == 1 then
    return core.parse_form(body, 100), nil, "application/x-www-form-urlencoded"
  end
  return nil, "unsupported content type '" .. content_type .. "'", content_type
end)

local function check_status(status, least)
  core.want(status, "number", "code must be a number")
  if status < least or status > 599 then core.fail("code must be a number between %d and 599", least) end
end

response.set_status = core.only_in(before_headers, function(status)
  check_status(status, 100)
  core.set_status(status)
end)
-- The name as nginx writes it; nil for the one header that is nginx' alone.
local function header_name(name)
  name = name:gsub("_", "-")
  if name:lower() ~= "transfer-encoding" then return name end
  kong.log.warn("manually setting Transfer-Encoding. Ignored.")
end
local function writer(write)
  return function(name, value)
    name = header_name(name)
    if name then write(name, value) end
  end
end
local set_header, add_header = writer(core.set_response_header), writer(core.add_response_header)

response.set_header = core.only_in(before_headers, function(name, value) set_header(core.check_header(name, value)) end)
response.add_header = core.only_in(before_headers, function(name, value) add_header(core.check_header(name, value)) end)
response.clear_header = core.only_in(before_headers, function(name)
  core.want(name, "string", "header name must be a string")
  core.clear_response_header((name:gsub("_", "-")))
end)
response.set_headers = core.only_in(before_headers, function(headers)
  core.check_headers(headers)
  core.put_headers(headers, set_header, add_header)
end)

-- As a list of names and values, and the length that the text itself gives its body.
local function flat(headers)
  local list, length = {}, nil
  if headers ~= nil then
    core.want(headers, "table", "headers must be a nil or table")
    core.check_headers(headers)
    local add = function(name, value)
      name = header_name(name)
      if not name then return end
      if name:lower() == "content-length" then
        length = tonumber(value)
      else
        list[#list + 1], list[#list + 2] = name, value
      end
    end
    core.put_headers(headers, add, add)
  end
  return list, length
end

local function has(list, name)
  for i = 1, #list, 2 do
    if list[i]:lower() == name then return list[i + 1] end
  end
end

response.exit = core.only_in("preread, rewrite, access, admin_api, header_filter", function(status, body, headers)
  check_status(status, 100)
  local kind = type(body)
  if kind ~= "nil" and kind ~= "string" and kind ~= "table" then error("body must be a nil, string or table", 0) end
  local list, length = flat(headers)
  if kind == "table" then
    local text, err = core.json_encode(body)
    if not text then
      kong.log.err("body encoding failed while flushing response: ", err)
      core.exit(500, nil, {})
    end
    body = text
    if not has(list, "content-type") then
      list[#list + 1], list[#list + 2] = "Content-Type", "application/json; charset=utf-8"
    end
  end
  if body and length and length < #body then body = body:sub(1, length) end
  core.exit(status, body, list)
end)

local messages = {
  [400] = "Bad request", [401] = "Unauthorized", [402] = "Payment required", [403] = "Forbidden", [404] = "Not found",
  [405] = "Method not allowed", [406] = "Not acceptable", [407] = "Proxy authentication required", [408] = "Request timeout",
  [409] = "Conflict", [410] = "Gone", [411] = "Length required", [412] = "Precondition failed", [413] = "Payload too large",
  [414] = "URI too long", [415] = "Unsupported media type", [416] = "Range not satisfiable", [417] = "Expectation failed",
  [418] = "I'm a teapot", [421] = "Misdirected request", [422] = "Unprocessable entity", [423] = "Locked",
  [424] = "Failed dependency", [425] = "Too early", [426] = "Upgrade required", [428] = "Precondition required",
  [429] = "Too many requests", [431] = "Request header fields too large", [451] = "Unavailable for legal reasons",
  [494] = "Request header or cookie too large", [495] = "The SSL certificate error", [496] = "The SSL certificate required",
  [497] = "HTTP request sent to HTTPS port", [500] = "An unexpected error occurred", [501] = "Not implemented",
  [502] = "An invalid response was received from the upstream server",
  [503] = "The upstream server is currently unavailable", [504] = "The upstream server is timing out",
  [505] = "HTTP version not supported", [506] = "Variant also negotiates", [507] = "Insufficient storage",
  [508] = "Loop detected", [510] = "Not extended", [511] = "Network authentication required",
}

response.error = core.only_in("preread, rewrite, access, admin_api, header_filter", function(status, message, headers)
  check_status(status, 400)
  if message ~= nil and type(message) ~= "table" and type(message) ~= "string" then error("message must be a nil, a string or a table", 0) end
  local list = flat(headers)
  if type(message) == "table" then message = core.json_encode(message) end
  core.exit_error(status, message or messages[status] or fmt("The upstream server responded with %d", status), list)
end)

-- Chunks are kept back until the last one; then all of them stand in its place.
response.get_raw_body = core.only_in("body_filter", function()
  local chunk, last = core.chunk()
  local own = core.own()
  local kept = own[core]
  if not last then
    own[core] = (kept or "") .. (chunk or "")
    core.set_chunk("")
    return nil
  end
  local body = (kept or "") .. (chunk or "")
  own[core] = nil
  core.set_chunk(body)
  return body
end)

response.set_raw_body = core.only_in("body_filter", function(body)
  core.want(body, "string", "body must be a string")
  local _, last = core.chunk()
  -- Of an empty body something must be left that ends it.
  core.set_chunk(last and (body == "" and "\n" or body) or "")
end)
