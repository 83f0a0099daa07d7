-- Modules that texts may require where the configuration lets them.
local kong, ngx, core = ...

local cjson = {null = ngx.null, _VERSION = "2.1.0", empty_array = core.empty_array, array_mt = core.array_mt, empty_array_mt = core.array_mt}
local safe = {}
for name, value in pairs(cjson) do safe[name] = value end
safe.encode, safe.decode = core.json_encode, core.json_decode

cjson.encode = function(value)
  local text, err = core.json_encode(value)
  if not text then error(err, 2) end
  return text
end
cjson.decode = function(text)
  local value, err = core.json_decode(text)
  if err then error(err, 2) end
  return value
end
for _, module in ipairs({cjson, safe}) do
  module.new = function() return module end
  for _, name in ipairs({"encode_sparse_array", "encode_max_depth", "decode_max_depth", "encode_number_precision", "encode_keep_buffer",
                         "encode_invalid_numbers", "decode_invalid_numbers", "decode_array_with_array_mt", "encode_empty_table_as_object"}) do
    module[name] = function() end
  end
end
package.preload["cjson"] = function() return cjson end
package.preload["cjson.safe"] = function() return safe end
