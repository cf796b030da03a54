-- Redis is asked and told in bulk: a call per hold would cost more than what it does. Lua can pass some thousands of arguments
-- only, hence the pieces; they keep pairs together.
local PIECE = 2000

local function in_pieces(list, send)
  for first = 1, #list, PIECE do
    send(unpack(list, first, math.min(first + PIECE - 1, #list)))
  end
end

local function tell(command, key, arguments)
  in_pieces(arguments, function(...)
    redis.call(command, key, ...)
  end)
end

-- The list that a table has under this key, a new one where it has none.
local function list_at(lists, key)
  local list = lists[key] or {}
  lists[key] = list
  return list
end

-- Reads these fields of a hash into a table, false for each that is missing. What the table has already is not read again.
local function load_fields(key, fields, known)
  local unread, read = {}, 0
  for _, field in ipairs(fields) do
    if known[field] == nil then
      known[field] = false
      unread[#unread + 1] = field
    end
  end
  in_pieces(unread, function(...)
    for _, value in ipairs(redis.call('HMGET', key, ...)) do
      read = read + 1
      known[unread[read]] = value
    end
  end)
end

-- The same argument of every item: each step-th of ARGV, beginning with the first.
local function every(first, step)
  local picked = {}
  for i = first, #ARGV, step do
    picked[#picked + 1] = ARGV[i]
  end
  return picked
end
