-- What a text sees. Nothing that it does to these tables is seen by another: they cannot be written, and its own globals live in a
-- table of its own.
local kong, ngx, core = ...

local rawget, setmetatable, type, tostring = rawget, setmetatable, type, tostring
local options, globals, pcall = core.options, _G, pcall

local function refuse(_, name) error("attempt to modify read-only field '" .. tostring(name) .. "'", 0) end

local function protect(from)
  local call = getmetatable(from) and getmetatable(from).__call
  return setmetatable({}, {
    __index = from, __newindex = refuse, __metatable = false, __call = call and function(_, ...) return from(...) end})
end

for name, value in pairs(kong) do
  if type(value) == "table" and name ~= "ctx" then
    for member, inner in pairs(value) do
      if type(inner) == "table" then value[member] = protect(inner) end
    end
    kong[name] = protect(value)
  end
end
for _, name in ipairs({"req", "resp", "re", "worker", "config", "shared", "timer", "socket", "location", "thread"}) do ngx[name] = protect(ngx[name]) end

-- Lua's own library: nothing that reaches files, processes or other states.
local safe = {
  [""] = "assert error ipairs next pairs pcall select tonumber tostring type unpack xpcall _VERSION",
  coroutine = "create resume running status wrap yield",
  math = "abs acos asin atan atan2 ceil cos cosh deg exp floor fmod frexp huge ldexp log log10 max min modf pi pow rad random sin sinh " ..
         "sqrt tan tanh",
  os = "clock difftime time",
  string = "byte char find format gmatch gsub len lower match reverse sub upper",
  table = "concat insert maxn remove sort",
}

-- Adds a global, or a member of one ("table.concat"), to a table of libraries.
local function add(libraries, path)
  local from, to = globals, libraries
  for part, dot in path:gmatch("([^.]+)(%.?)") do
    if type(from) ~= "table" then return end
    from = from[part]
    if dot == "" then
      to[part] = from
    else
      to[part] = type(rawget(to, part)) == "table" and to[part] or {}
      to = to[part]
    end
  end
end

local function require_allowed(name)
  if not options.requires[name] then error("require '" .. tostring(name) .. "' not allowed within sandbox", 0) end
  return require(name)
end

-- Lua's own runs the handler where nothing counts its instructions.
local function xpcall_counted(call, handler, ...)
  local function finish(ok, ...)
    if ok then return true, ... end
    return false, handler((...))
  end
  return finish(pcall(call, ...))
end

local function libraries()
  local all = {}
  for library, names in pairs(safe) do
    for name in names:gmatch("%S+") do add(all, library == "" and name or library .. "." .. name) end
  end
  for _, path in ipairs(options.environment) do add(all, path) end
  for name, value in pairs(all) do
    if type(value) == "table" then all[name] = protect(value) end
  end
  all.require = require_allowed
  all.xpcall = xpcall_counted
  return all
end

local behind = options.unrestricted and globals or libraries()
local environment_mt = {__index = behind}
local kong_mt = {__index = kong, __metatable = false}
local ngx_mt = {
  __index = function(_, name)
    if name == "ctx" then return core.ngx_ctx() end
    if name == "status" then return core.status() end
    return ngx[name]
  end,
  __newindex = function(t, name, value)
    if name == "status" then return core.set_status(value) end
    if name ~= "ctx" then rawset(t, name, value) end
  end,
  __metatable = false,
}

-- A fresh one for every run of a text.
function core.environment()
  local environment = {kong = setmetatable({}, kong_mt), ngx = setmetatable({}, ngx_mt)}
  if not options.unrestricted then environment._G = environment end
  return setmetatable(environment, environment_mt)
end

-- What expressions of templates may use: types of values, what the configuration lets in, and the request.
local chosen = {}
if not options.unrestricted then
  for _, path in ipairs(options.environment) do add(chosen, path) end
  chosen.require = require_allowed
end
chosen.type = type

function core.template_environment()
  local environment = {}
  for name, value in pairs(chosen) do environment[name] = value end
  return setmetatable(environment, {
    __index = function(t, name)
      local value = core.template_value(name)
      if value ~= nil then
        rawset(t, name, value)
        return value
      end
      return options.unrestricted and globals[name] or nil
    end,
    __newindex = function() error("This environment is read-only.", 0) end,
  })
end
