-- The small parts of kong.
local kong, ngx, core = ...

local type, tostring = type, tostring

-- kong.client
local authenticate = core.authenticate
kong.client.authenticate = core.only_in("access", function(consumer, credential)
  if consumer ~= nil and type(consumer) ~= "table" then error("consumer must be a table or nil", 0) end
  if credential ~= nil and type(credential) ~= "table" then error("credential must be a table or nil", 0) end
  if consumer == nil and credential == nil then error("either credential or consumer must be provided", 0) end
  authenticate(consumer, credential)
end)
local load_consumer = kong.client.load_consumer
kong.client.load_consumer = function(id, by_username)
  if type(id) ~= "string" then error("consumer_id must be a string", 0) end
  return load_consumer(id, by_username)
end
local once_known = "access, response, header_filter, body_filter, log"
for _, name in ipairs({"load_consumer", "get_consumer", "get_credential", "get_protocol"}) do
  kong.client[name] = core.only_in(once_known, kong.client[name])
end
for _, name in ipairs({"get_route", "get_service"}) do kong.router[name] = core.only_in(once_known, kong.router[name]) end

local tls = kong.client.tls
local with_client = "rewrite, access, balancer, header_filter, body_filter, log"
tls.get_full_client_certificate_chain = core.only_in(with_client, tls.get_full_client_certificate_chain)
tls.request_client_certificate = core.only_in("certificate", core.request_client_certificate)
tls.disable_session_reuse = core.only_in("certificate", core.disable_session_reuse)
tls.set_client_verify = core.only_in("rewrite, access, balancer", function(verdict)
  core.want(verdict, "string", "verdict must be a string")
  if verdict ~= "SUCCESS" and verdict ~= "NONE" and verdict:sub(1, 7) ~= "FAILED:" then
    core.fail('unknown client verify value: %s accepted values are: "SUCCESS", "NONE" or "FAILED:<reason>"', verdict)
  end
  core.set_client_verify(verdict)
end)

-- kong.configuration: what the Admin API shows of it.
local configuration
kong.configuration = setmetatable({}, {__index = function(_, name)
  configuration = configuration or core.configuration()
  return configuration[name]
end})

-- kong.table
kong.table = {
  new = function() return {} end,
  clear = function(t) for key in pairs(t) do t[key] = nil end end,
  merge = function(first, second)
    local merged = {}
    for _, t in ipairs({first or {}, second or {}}) do
      for key, value in pairs(t) do merged[key] = value end
    end
    return merged
  end,
}

-- kong.ip, kong.node, kong.nginx
kong.ip = {is_trusted = function(ip) return type(ip) == "string" and core.is_trusted(ip) end}
kong.nginx = {get_subsystem = function() return "http" end}
kong.node.get_hostname = core.hostname

local units = {b = 1, k = 1024, m = 1024 ^ 2, g = 1024 ^ 3}
kong.node.get_memory_stats = function(unit, scale)
  unit = unit or "b"
  local size = type(unit) == "string" and units[unit:lower()]
  if not size then core.fail("invalid unit '%s' (expected 'k/K', 'm/M', or 'g/G')", tostring(unit)) end
  local function show(bytes)
    if unit:lower() == "b" then return bytes end
    return string.format("%." .. (tonumber(scale) or 2) .. "f %siB", bytes / size, unit:upper())
  end
  local function dictionary() return {capacity = show(0), allocated_slabs = show(0)} end
  return {
    workers_lua_vms = {{pid = core.pid(), http_allocated_gc = show(core.memory_used())}},
    lua_shared_dicts = {kong = dictionary(), kong_db_cache = dictionary()},
  }
end

-- kong.log
local serialize = kong.log.serialize
kong.log.serialize = core.only_in("log", function() return serialize() end)
local set_value = kong.log.set_serialize_value
kong.log.set_serialize_value = function(key, value, options)
  if type(key) ~= "string" or key == "" then error("key must be a string", 0) end
  local mode = type(options) == "table" and options.mode or "set"
  if mode ~= "set" and mode ~= "add" and mode ~= "replace" then error("mode must be 'set', 'add' or 'replace'", 0) end
  set_value(key, value, {mode = mode})
end

local function show(value, depth)
  if type(value) == "string" then return string.format("%q", value) end
  if type(value) ~= "table" or depth > 5 then return tostring(value) end
  local parts = {}
  for key, item in pairs(value) do parts[#parts + 1] = tostring(key) .. " = " .. show(item, depth + 1) end
  return "{ " .. table.concat(parts, ", ") .. " }"
end
local inspect_on = true
kong.log.inspect = setmetatable({on = function() inspect_on = true end, off = function() inspect_on = false end}, {
  __call = function(_, ...)
    if not inspect_on then return end
    local parts = {}
    for i = 1, select("#", ...) do parts[i] = show((select(i, ...)), 0) end
    kong.log.debug(table.concat(parts, " "))
  end,
})
kong.log.deprecation = setmetatable({write = function(...) kong.log.warn(...) end}, {__call = function(_, ...) kong.log.warn(...) end})

-- The form of lines is the gateway's own; what is asked for is checked all the same.
kong.log.set_format = function(format)
  if format and type(format) ~= "string" then error("format must be a string", 0) end
end
kong.log.new = function(namespace, format)
  core.want(namespace, "string", "namespace must be a string")
  if namespace == "" then error("namespace cannot be an empty string", 0) end
  if format then
    core.want(format, "string", "format must be a string if specified")
    if format == "" then error("format cannot be an empty string if specified", 0) end
  end
  return kong.log
end

-- kong.ctx: tables that live as long as the request.
kong.ctx = setmetatable({}, {
  __index = function(_, key)
    if key == "shared" then return core.shared() end
    if key == "plugin" then return core.own() end
  end,
  __newindex = function() error("cannot set a member of kong.ctx", 0) end,
})

-- kong.vault: references to secrets can be taken apart; their values are for the configuration only.
kong.vault = {
  is_reference = function(text) return type(text) == "string" and text:find("^{vault://.*}$") ~= nil end,
}
kong.vault.parse_reference = function(text)
  if not kong.vault.is_reference(text) then return nil, "not a reference [" .. tostring(text) .. "]" end
  local host, rest = text:sub(10, -2):match("^([^/?#]*)(.*)$")
  local path, query, version = rest:match("^([^?#]*)%??([^#]*)#?(.*)$")
  local function wrong(why) return nil, "reference url " .. why .. " [" .. text .. "]" end
  if host == "" then return wrong("is missing host") end
  if path == "" then return wrong("is missing path") end
  if path == "/" then return wrong("has empty path") end
  if version ~= "" and not tonumber(version) then return wrong("has invalid version") end
  local resource, key = path:sub(2):match("^(.*)/([^/]*)$")
  resource = ngx.unescape_uri(resource or path:sub(2))
  if resource == "" then return wrong("has invalid path") end
  return {
    name = host, resource = resource, key = key and key ~= "" and ngx.unescape_uri(key) or nil,
    config = query ~= "" and core.parse_form(query, 100) or nil, version = tonumber(version),
  }
end
kong.vault.get = function(text)
  local reference, err = kong.vault.parse_reference(text)
  if not reference then return nil, err end
  return nil, "could not find vault (" .. reference.name .. ") [" .. text .. "]"
end
