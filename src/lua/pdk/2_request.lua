-- kong.request: the client's body. (The rest of it is in C++.)
local kong, ngx, core = ...

local request = kong.request
-- Kong gives a text here.
local forwarded_port = request.get_forwarded_port
request.get_forwarded_port = function() return tostring(forwarded_port()) end
-- As the client wrote it.
request.get_path = function() return request.get_path_with_query():match("^[^?]*") end
local forwarded_prefix = request.get_forwarded_prefix
request.get_forwarded_prefix = function()
  local prefix = forwarded_prefix()
  return prefix ~= "" and prefix or nil
end
local before_answer = "rewrite, access, response, error, admin_api"

request.get_raw_body = core.only_in(before_answer, function()
  local body, err = core.read_body()
  if not body then return nil, err end
  return body
end)

local function form(max_args)
  if max_args ~= nil then
    core.want(max_args, "number", "max_args must be a number")
    if max_args < 1 then error("max_args must be >= 1", 0) end
    if max_args > 1000 then error("max_args must be <= 1000", 0) end
  end
  local body, err = core.read_body()
  if not body then return nil, err end
  return core.parse_form(body, max_args or 100)
end

request.get_body = core.only_in(before_answer, function(mimetype, max_args)
  local content_type = mimetype or request.get_header("content-type")
  if not content_type then return nil, "missing content type" end
  local kind = content_type:lower()
  if kind:find("application/x-www-form-urlencoded", 1, true) == 1 then
    local args, err = form(max_args)
    return args, err, "application/x-www-form-urlencoded"
  end
  local body, err = core.read_body()
  if kind:find("application/json", 1, true) == 1 then
    local document = body and core.json_decode(body)
    if type(document) ~= "table" then return nil, err or "invalid json body", "application/json" end
    return document, nil, "application/json"
  end
  if kind:find("multipart/form-data", 1, true) == 1 then
    if not body then return nil, err, "multipart/form-data" end
    return core.parse_multipart(body, content_type), nil, "multipart/form-data"
  end
  return nil, "unsupported content type '" .. content_type .. "'", content_type
end)
