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
  core.set_raw_query(core.encode_args(args))
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

local function multipart(args, content_type)
  local boundary = content_type:match('boundary="?([^";]+)') or core.random_text()
  local parts, names = {}, {}
  for name in pairs(args) do names[#names + 1] = tostring(name) end
  table.sort(names)
  for _, name in ipairs(names) do
    parts[#parts + 1] = "--" .. boundary .. '\r\nContent-Disposition: form-data; name="' .. name:gsub('["\r\n]', "_") ..
                        '"\r\n\r\n' .. tostring(args[name]) .. "\r\n"
  end
  parts[#parts + 1] = "--" .. boundary .. "--\r\n"
  return table.concat(parts), "multipart/form-data; boundary=" .. boundary
end

request.set_body = core.only_in(before_proxy, function(args, mime)
  core.want(args, "table", "args must be a table")
  if mime ~= nil then core.want(mime, "string", "mime must be a string") end
  local given = kong.request.get_header("content-type")
  mime = mime or given and given:match("^[^;]*")
  if not mime then
    return nil, "content type was neither explicitly given as an argument or received as a header"
  end
  local kind, body = mime:lower():match("^%s*([^%s;]*)"), nil
  if kind == "application/json" then
    local err
    body, err = core.json_encode(args)
    if not body then return nil, err end
  elseif kind == "application/x-www-form-urlencoded" then
    body = core.encode_args(args)
  elseif kind == "multipart/form-data" then
    body, mime = multipart(args, given or "")
  else
    core.fail("unsupported content type '%s'", mime)
  end
  core.set_request_body(body)
  core.set_request_header("Content-Type", mime)
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

service.set_upstream = core.only_in("access", function(host)
  core.want(host, "string", "host must be a string")
  if not core.has_upstream(host) then return nil, "could not find an Upstream named '" .. host .. "'" end
  core.set_upstream(host)
  return true
end)
