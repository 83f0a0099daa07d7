-- kong.service and kong.service.request: what the upstream gets.
local kong, ngx, core = ...

local service, tostring, type = kong.service, tostring, type
local request = {}
service.request = request
local before_proxy = "rewrite, access"

local methods = {}
for name in ("GET HEAD PUT POST DELETE OPTIONS MKCOL COPY MOVE PROPFIND PROPPATCH LOCK UNLOCK PATCH TRACE"):gmatch("%u+") do
  methods[name] = true
end

request.set_scheme = core.only_in("access", function(scheme)
  core.want(scheme, "string", "scheme must be a string")
  if scheme ~= "http" and scheme ~= "https" then core.fail("invalid scheme: %s", scheme) end
  core.set_scheme(scheme)
end)
request.set_path = core.only_in("access", function(path)
  core.want(path, "string", "path must be a string")
  if path:sub(1, 1) ~= "/" then error("path must start with /", 0) end
  core.set_path(path)
end)
request.set_raw_query = core.only_in(before_proxy, function(query)
  core.want(query, "string", "query must be a string")
  core.set_raw_query(query)
end)
request.set_method = core.only_in(before_proxy, function(method)
  core.want(method, "string", "method must be a string")
  if not methods[method] then core.fail("invalid method: %s", method) end
  core.set_method(method)
end)
request.set_query = core.only_in(before_proxy, function(args)
  core.want(args, "table", "args must be a table")
  core.set_raw_query(core.encode_query(args))
end)
request.set_header = core.only_in("rewrite, access, balancer", function(name, value)
  core.set_request_header(core.check_header(name, value))
end)
request.add_header = core.only_in(before_proxy, function(name, value) core.add_request_header(core.check_header(name, value)) end)
request.clear_header = core.only_in(before_proxy, function(name)
  core.want(name, "string", "header must be a string")
  core.clear_request_header(name)
end)
request.set_headers = core.only_in(before_proxy, function(headers)
  core.check_headers(headers)
  core.put_headers(headers, core.set_request_header, core.add_request_header)
end)
request.set_raw_body = core.only_in(before_proxy, function(body)
  core.want(body, "string", "body must be a string")
  core.set_request_body(body)
end)

local function boundary_of(mime)
  local _, at = mime:find("boundary=", 1, true)
  if not at then return core.random_text() end
  return mime:match('^"([^"]*)"', at + 1) or mime:sub(at + 1)
end

local function multipart(args, mime)
  local boundary, parts, names = boundary_of(mime), {}, {}
  for name, value in pairs(args) do
    if type(name) ~= "string" then core.fail('invalid key "%s": got %s, expected string', tostring(name), type(name)) end
    local kind = type(value)
    if kind ~= "string" and kind ~= "number" and kind ~= "boolean" then
      core.fail('invalid value "%s": got %s, expected string, number or boolean', name, kind)
    end
    names[#names + 1] = name
  end
  table.sort(names)
  for _, name in ipairs(names) do
    parts[#parts + 1] = "--" .. boundary .. '\r\nContent-Disposition: form-data; name="' .. name:gsub('["\r\n]', "_") ..
                        '"\r\n\r\n' .. tostring(args[name]) .. "\r\n"
  end
  parts[#parts + 1] = "--" .. boundary .. "--\r\n"
  return table.concat(parts), "multipart/form-data; boundary=" .. boundary
end

local body_encoders = {
  ["application/x-www-form-urlencoded"] = function(args, mime) return core.encode_query(args), mime end,
  ["application/json"] = function(args, mime)
    local text, err = core.json_encode(args)
    if not text then error(err, 0) end
    return text, mime
  end,
  ["multipart/form-data"] = multipart,
}

request.set_body = core.only_in(before_proxy, function(args, mime)
  core.want(args, "table", "args must be a table")
  if mime then core.want(mime, "string", "mime must be a string") end
  mime = mime or kong.request.get_header("content-type")
  if not mime then
    return nil, "content type was neither explicitly given as an argument or received as a header"
  end
  local encode = body_encoders[mime:match("^[^;]*")]
  if not encode then core.fail("unsupported content type %s", mime) end
  local body, content_type = encode(args, mime)
  core.set_request_body(body)
  core.set_request_header("Content-Type", content_type)
  return true
end)

request.enable_buffering = core.only_in(before_proxy, function() core.enable_buffering() end)

service.set_target = core.only_in("access", function(host, port)
  core.want(host, "string", "host must be a string")
  if type(port) ~= "number" or math.floor(port) ~= port then error("port must be an integer", 0) end
  if port < 0 or port > 65535 then core.fail("port must be an integer between 0 and 65535: given %d", port) end
  core.set_target(host, port)
  core.set_request_header("Host", host)
end)

-- How the service's certificate is checked is the configuration's to say: a text is told what it asks for wrongly, and that it asks in vain.
local function tls_setting(kind, message)
  return core.only_in("rewrite, access, balancer", function(value)
    core.want(value, kind, message)
    error("the verification of services cannot be changed here", 0)
  end)
end
service.set_tls_verify = tls_setting("boolean", "argument must be a boolean")
service.set_tls_verify_depth = tls_setting("number", "argument must be a number")
service.set_tls_verify_store = tls_setting("table", "argument must be a resty.openssl.x509.store object")
service.set_tls_cert_key = core.only_in("rewrite, access, balancer", function()
  error("chain must be a parsed cdata object", 0)
end)

service.set_upstream = core.only_in("access", function(host)
  core.want(host, "string", "host must be a string")
  if not core.has_upstream(host) then return nil, "could not find an Upstream named '" .. host .. "'" end
  core.set_upstream(host)
  return true
end)
