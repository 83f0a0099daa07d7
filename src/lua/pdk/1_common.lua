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
      fail('invalid header value for "%s": got %s, expected string, number, boolean or array of strings', name, type(value))
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

-- One argument of a query or form. Kong says what may not stand in one in these words.
local function encode_arg(name, value, parts)
  if type(name) ~= "string" then error('attempt to use a non-string key in the "args" option table', 0) end
  local kind = type(value)
  if kind == "boolean" then
    if value then parts[#parts + 1] = ngx.escape_uri(name) end
  elseif kind == "string" or kind == "number" then
    parts[#parts + 1] = ngx.escape_uri(name) .. "=" .. ngx.escape_uri(tostring(value))
  else
    fail("attempt to use %s as query arg value", kind)
  end
end

local function encode_one(name, value)
  local parts = {}
  if type(value) == "table" then
    for _, item in pairs(value) do encode_arg(name, item, parts) end
  else
    encode_arg(name, value, parts)
  end
  return concat(parts, "&")
end

-- As Kong does, the encoded arguments are put in order, not their names: "ab=" comes before "a=" would not, "a1=" before "a=" does.
function core.encode_args(args)
  local parts = {}
  for name, value in pairs(args) do parts[#parts + 1] = encode_one(name, value) end
  sort(parts)
  return concat(parts, "&")
end

-- The same for what goes to the service.
function core.encode_query(args)
  for name in pairs(args) do
    if type(name) ~= "string" then error("arg keys must be strings", 0) end
  end
  return core.encode_args(args)
end
