-- What the other files share. They run once, when a Lua state is made: `kong` and `ngx` are the tables that texts see, `core` holds
-- the functions in C++ that they stand on.
local kong, ngx, core = ...

local concat, fmt, pairs, sort, tostring, type = table.concat, string.format, pairs, table.sort, tostring, type

-- Errors have no position: texts and clients compare them with those of Kong.
local function fail(message, ...) error(fmt(message, ...), 0) end
core.fail = fail

-- Wraps a function that may run in some phases only.
function core.only_in(phases, call)
  local allowed = {}
  for phase in phases:gmatch("[%w_]+") do allowed[phase] = true end
  return function(...)
    local phase = core.phase()
    if not allowed[phase] then fail("function cannot be called in %s phase (only in: %s)", phase, phases) end
    return call(...)
  end
end

function core.want(value, kind, message)
  if type(value) ~= kind then error(message, 0) end
end

local writable = {string = true, number = true, boolean = true}

function core.check_header(name, value)
  if type(name) ~= "string" then fail('invalid header name "%s": got %s, expected string', tostring(name), type(name)) end
  if not writable[type(value)] then
    fail('invalid header value for "%s": got %s, expected string, number or boolean', name, type(value))
  end
  return name, tostring(value)
end

function core.check_headers(headers)
  if type(headers) ~= "table" then error("headers must be a table", 0) end
  for name, value in pairs(headers) do
    if type(name) ~= "string" then fail('invalid header name "%s": got %s, expected string', tostring(name), type(name)) end
    if type(value) == "table" then
      for _, item in ipairs(value) do
        if type(item) ~= "string" then fail('invalid header value in array "%s": got %s, expected string', name, type(item)) end
      end
    elseif not writable[type(value)] then
      fail('invalid header value in "%s": got %s, expected string, number, boolean or array of strings', name, type(value))
    end
  end
end

-- Sets or adds every header of a table by the functions given.
function core.put_headers(headers, set, add)
  for name, value in pairs(headers) do
    if type(value) == "table" then
      for i, item in ipairs(value) do (i == 1 and set or add)(name, item) end
    else
      set(name, tostring(value))
    end
  end
end

-- A query or form, sorted by name.
function core.encode_args(args)
  local names, parts = {}, {}
  for name in pairs(args) do names[#names + 1] = name end
  sort(names, function(a, b) return tostring(a) < tostring(b) end)
  local function add(name, value)
    local kind = type(value)
    if kind == "table" then
      for _, item in ipairs(value) do add(name, item) end
    elseif value == true then
      parts[#parts + 1] = ngx.escape_uri(tostring(name))
    elseif kind == "string" or kind == "number" then
      parts[#parts + 1] = ngx.escape_uri(tostring(name)) .. "=" .. ngx.escape_uri(tostring(value))
    end
  end
  for _, name in ipairs(names) do add(name, args[name]) end
  return concat(parts, "&")
end
