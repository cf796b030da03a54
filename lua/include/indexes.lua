-- Which holds are in which index, by time: changes are collected and written by write_indexes(), at the end and before an index
-- is read. A lease only ever moves forward (GT): one that recovery has put off stays so.
local leaving = {}
local entering = {}

local function leave(index, id)
  local ids = list_at(leaving, index)
  ids[#ids + 1] = id
end

local function enter(index, time, id)
  local entries = list_at(entering, index)
  local last = #entries
  entries[last + 1] = time_text(time)
  entries[last + 2] = id
end

local function write_indexes()
  for index, ids in pairs(leaving) do
    tell('ZREM', index, ids)
  end
  for index, entries in pairs(entering) do
    in_pieces(entries, function(...)
      if index == KEYS[4] then
        redis.call('ZADD', index, 'GT', ...)
      else
        redis.call('ZADD', index, ...)
      end
    end)
  end
  leaving, entering = {}, {}
end
