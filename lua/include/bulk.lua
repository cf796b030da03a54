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

-- A call has few different times: each is written out once, where a number would be for every entry.
local known_times = {}

local function time_text(time)
  local text = known_times[time]
  if not text then
    text = string.format('%d', time)
    known_times[time] = text
  end
  return text
end

-- The list that a table has under this key, a new one where it has none.
local function list_at(lists, key)
  local list = lists[key] or {}
  lists[key] = list
  return list
end

-- Reads these fields of a hash into a table, false for each that is missing. What the table has already is not read again.
local function load_fields(key, fields, known)
  local unread, count, read = {}, 0, 0
  for i = 1, #fields do
    local field = fields[i]
    if known[field] == nil then
      known[field] = false
      count = count + 1
      unread[count] = field
    end
  end
  in_pieces(unread, function(...)
    local values = redis.call('HMGET', key, ...)
    for i = 1, #values do
      known[unread[read + i]] = values[i]
    end
    read = read + #values
  end)
end

-- The same argument of every item: each step-th of ARGV, beginning with the first.
local function every(first, step)
  local picked, count = {}, 0
  for i = first, #ARGV, step do
    count = count + 1
    picked[count] = ARGV[i]
  end
  return picked
end
