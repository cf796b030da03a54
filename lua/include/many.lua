-- What a batch says to one key is said in one command: a call costs about a microsecond, and so does its entry in the AOF. Lua can
-- pass some thousands of arguments only, hence the chunks.
local MANY = 2000

-- A table of field -> value, false where the hash has none.
local function read_many(key, fields)
  local values = {}
  for first = 1, #fields, MANY do
    local part = redis.call('HMGET', key, unpack(fields, first, math.min(first + MANY - 1, #fields)))
    for i = 1, #part do
      values[fields[first + i - 1]] = part[i]
    end
  end
  return values
end

-- The command as it begins, then arguments in pairs or one by one; nothing is called when there are none.
local function call_many(head, arguments)
  for first = 1, #arguments, MANY do
    local call = { unpack(head) }
    for i = first, math.min(first + MANY - 1, #arguments) do
      call[#call + 1] = arguments[i]
    end
    redis.call(unpack(call))
  end
end
