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
  local used = core.memory_used() / size
  local text = unit:lower() == "b" and used or string.format("%." .. (tonumber(scale) or 2) .. "f %siB", used, unit:upper())
  return {
    workers_lua_vms = {{pid = core.pid(), http_allocated_gc = text}},
    lua_shared_dicts = {kong = {capacity = 0, allocated_slabs = 0}, kong_db_cache = {capacity = 0, allocated_slabs = 0}},
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

-- kong.ctx: tables that live as long as the request.
kong.ctx = setmetatable({}, {
  __index = function(_, key)
    if key == "shared" then return core.shared() end
    if key == "plugin" then return core.own() end
  end,
  __newindex = function() error("cannot set a member of kong.ctx", 0) end,
})
